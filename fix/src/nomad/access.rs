//! The least that the job's tasks must be allowed, and the role that gives it to them and no others.

use std::collections::BTreeSet;

use super::job::{Job, Task, Vault};
use super::reads::Reads;
use crate::home::Home;
use crate::names::segment;
use crate::{Access, Kept, Options, Role};

/// What the file's jobs are to be allowed.
pub(super) struct Allowed<'p> {
    home: &'p Home,
    options: &'p Options,
    text: &'p str,
}

impl<'p> Allowed<'p> {
    pub(super) fn new(home: &'p Home, options: &'p Options, text: &'p str) -> Self {
        Self { home, options, text }
    }

    /// The policy of a job that names none, and the role that a `vault` block of ours names. Where the job's own name is not
    /// known, that of its place in the store.
    pub(super) fn policy(&self, job: &Job<'_>) -> String {
        match &self.options.prefix {
            Some(prefix) if job.is_computed => {
                self.home.policy_of(&format!("nomad.{}", prefix.replace('/', ".")))
            }
            _ => self.home.policy_of(&job.policy()),
        }
    }

    /// Joins what tasks read, by policy. Each item is a task, its job, and the paths.
    pub(super) fn access<'a>(
        &self,
        tasks: impl Iterator<Item = (&'a Job<'a>, &'a Task<'a>, &'a BTreeSet<String>)>,
    ) -> Vec<Access> {
        let mut all: Vec<Access> = Vec::new();
        for (job, task, reads) in tasks.filter(|it| !it.2.is_empty()) {
            let (policy, role) = self.names(job, task.vault.as_ref());
            match all.iter_mut().find(|it| it.policy == policy && it.role == role) {
                Some(access) => {
                    access.reads.extend(reads.iter().cloned());
                    access.reads.sort();
                    access.reads.dedup();
                }
                None => all.push(Access { policy, reads: reads.iter().cloned().collect(), role }),
            }
        }
        all
    }

    fn names(&self, job: &Job<'_>, vault: Option<&Vault<'_>>) -> (String, Option<Role>) {
        let (policy, role) = match vault {
            // HCL 1 knows no roles.
            None => (self.policy(job), Some(self.policy(job)).filter(|_| !job.is_hcl1)),
            Some(vault) => {
                let role = vault.role.filter(|it| is_name(it)).map(str::to_owned);
                let named = vault.policies.iter().copied().chain(role.as_deref());
                let policy = named.filter(|it| is_own(it)).map(str::to_owned).next();
                (policy.unwrap_or_else(|| self.policy(job)), role)
            }
        };
        // A role that is bound to an expression lets nobody in.
        let role = role.filter(|_| !job.is_computed).map(|name| Role {
            name,
            method: "jwt",
            bound: vec![
                ("nomad_namespace".to_owned(), job.namespace.to_owned()),
                ("nomad_job_id".to_owned(), job.id.to_owned()),
            ],
        });
        (policy, role)
    }

    /// What templates of tasks that get one of these policies read already, where the policy comes with a role: a role that
    /// is made gives nothing else. And the tasks that read what no policy can name.
    pub(super) fn kept<'a>(
        &self,
        access: &[Access],
        tasks: impl Iterator<Item = (&'a Job<'a>, &'a Task<'a>)>,
    ) -> (Vec<Kept>, Vec<(String, String)>) {
        let (mut kept, mut more) = (Vec::new(), Vec::new());
        for (job, task) in tasks {
            let (policy, role) = self.names(job, task.vault.as_ref());
            if role.is_none() || !access.iter().any(|it| it.policy == policy && it.role == role) {
                continue;
            }
            let reads = Reads::of(job.syntax, task, self.text, &self.options.mount);
            for (path, capability) in reads.paths {
                let is_new = |it: &Access| {
                    it.policy == policy
                        && it.reads.iter().any(|it| format!("{}/data/{it}", self.options.mount) == path)
                };
                let it = Kept { policy: policy.clone(), path: path.clone(), capability };
                if !access.iter().any(is_new) && !kept.contains(&it) {
                    kept.push(it);
                }
            }
            if reads.has_more {
                more.push((task.scope.join("/"), policy));
            }
        }
        (kept, more)
    }
}

/// A policy or a role whose name is a plain part of a path and one word of a shell: others were made to be more.
fn is_name(name: &str) -> bool {
    name.split(['/', ':']).all(|it| segment(it) == it)
}

/// A policy that may get rules for this job. `default` belongs to every token, and `root` has no rules.
fn is_own(policy: &str) -> bool {
    is_name(policy) && !["default", "root"].contains(&policy)
}
