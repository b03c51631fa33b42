//! What is to be done about one file.

use std::collections::BTreeMap;

use strongroom_hcl::{EditError, Edits, Span};
use strongroom_scan::Value;

use crate::Apart;

/// A file as it stands.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its path, as it was given.
    pub name: &'a str,
    /// All of it, byte-order mark included.
    pub text: &'a str,
    /// Where it lies, wherever that is called from: its project's name and the folders below (`shop/deploy`). Empty if
    /// that is not known.
    pub folder: &'a str,
}

#[derive(Clone, Debug)]
pub struct Options {
    /// The KV version 2 mount that takes the values.
    pub mount: String,
    /// Stands before every path instead of the job's (or the file's) name.
    pub prefix: Option<String>,
    pub style: Style,
    /// How far its paths are told from those of other files.
    pub apart: Apart,
    /// What the store has already below the paths that are used: (path, field) to value. A name whose
    /// value is another one is not free.
    pub taken: BTreeMap<(String, String), Value>,
    /// What stands beside the file under the names of [`Plan::beside`]; `None` for what is no text.
    pub beside: BTreeMap<String, Option<String>>,
    /// Files of its folder that may be read together with it, by whatever reads it: see [`Family::is_read_with`].
    ///
    /// [`Family::is_read_with`]: crate::Family::is_read_with
    pub siblings: Vec<Sibling>,
    /// What files of variables hold that these files name (see [`env_files`]), by the name that stands there. Those that
    /// cannot be read are not among them.
    ///
    /// [`env_files`]: crate::env_files
    pub env_files: BTreeMap<String, String>,
}

/// Another file of the same folder, as it stands.
#[derive(Clone, Debug)]
pub struct Sibling {
    /// Without a folder.
    pub name: String,
    pub text: String,
    /// It is fixed in the same run: what it gets is there when this file is used.
    pub is_fixed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mount: "secret".to_owned(),
            prefix: None,
            style: Style::default(),
            apart: Apart::default(),
            taken: BTreeMap::new(),
            beside: BTreeMap::new(),
            siblings: Vec::new(),
            env_files: BTreeMap::new(),
        }
    }
}

/// How a Nomad job gets its values.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Style {
    /// `secret` blocks (Nomad 1.11 and later), which serve artifacts too.
    Secret,
    /// `vault` and `template` blocks.
    #[default]
    Template,
}

/// One field of one secret: where a value went.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Reference {
    /// Below the mount, without `data/`.
    pub path: String,
    pub field: String,
}

impl Reference {
    /// As a template or a policy names the path: `secret/data/job/task`.
    #[must_use]
    pub fn data_path(&self, mount: &str) -> String {
        format!("{mount}/data/{}", self.path)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Changes of the file, in bytes of the whole file, in any order, without overlap.
    pub edits: Vec<Edit>,
    /// What the store must hold before the file is written. Each value once.
    pub entries: Vec<Entry>,
    pub left: Vec<Left>,
    /// What the workload must be allowed to read.
    pub access: Vec<Access>,
    /// What it read before, and a new policy must allow as well.
    pub kept: Vec<Kept>,
    /// Files that belong beside it (a SecretProviderClass, a template of variables).
    pub beside: Vec<Beside>,
    /// What a person should know: one line each, without any value.
    pub notes: Vec<String>,
}

impl Plan {
    /// Each entry once, and a policy that reads them and nothing else.
    pub(crate) fn settle(&mut self, policy: &str) {
        self.sort();
        let mut reads: Vec<String> = self.entries.iter().map(|it| it.reference.path.clone()).collect();
        reads.dedup();
        if !reads.is_empty() {
            self.access.push(Access { policy: policy.to_owned(), reads, role: None });
        }
    }

    /// Each entry once, in order.
    pub(crate) fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.reference.cmp(&b.reference));
        self.entries.dedup_by(|a, b| a.reference == b.reference);
    }

    /// All paths that are read.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &str> {
        self.access.iter().flat_map(|it| &it.reads).map(String::as_str)
    }

    /// The file with all edits made.
    pub fn apply(&self, text: &str) -> Result<String, EditError> {
        let mut edits = Edits::new(text);
        for edit in &self.edits {
            edits.replace(edit.span, &edit.text)?;
        }
        Ok(edits.apply())
    }
}

#[derive(Clone, Debug)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub reference: Reference,
    pub value: Value,
}

/// A finding that stays in the file.
#[derive(Clone, Debug)]
pub struct Left {
    /// Which of the findings.
    pub finding: usize,
    pub reason: String,
    /// The nearest way to be rid of it.
    pub nearest: String,
}

/// The least that a workload must be allowed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Access {
    /// The policy's name: the one that the job names already, or the job's.
    pub policy: String,
    /// Paths below the mount that it reads.
    pub reads: Vec<String>,
    pub role: Option<Role>,
}

/// A path that a workload's own templates read already.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept {
    pub policy: String,
    /// As a policy names it, with its mount: `kv/data/shipping/db`.
    pub path: String,
    /// `read` or `list`.
    pub capability: &'static str,
}

/// A role of a JWT or Kubernetes login, which gives the policy to this workload and no other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Role {
    pub name: String,
    /// `jwt` or `kubernetes`.
    pub method: &'static str,
    /// `bound_claims` of `jwt` (`nomad_namespace`, `nomad_job_id`), or `bound_service_account_names` and `..._namespaces`.
    pub bound: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct Beside {
    /// Relative to the file's own folder.
    pub name: String,
    pub text: String,
    /// What stood there and is completed; `None` for a new file.
    pub before: Option<String>,
}
