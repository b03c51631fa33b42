//! What a template may reach. The engine has no files, no clock, no environment and no network of its own.

use zeroize::Zeroizing;

use crate::secret::{Certificate, Secret};
use crate::text::Text;
use crate::value::Value;

/// What a rendering hangs on: what was asked of the host.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub enum Dependency {
    Certificate {
        path: Text,
        fields: Vec<(Text, Text)>,
    },
    File {
        path: Text,
    },
    /// A function of Consul or Nomad and its arguments.
    Outside {
        function: String,
        arguments: Vec<Text>,
    },
    Read {
        path: Text,
    },
    List {
        path: Text,
    },
    /// `secret` with `key=value` pairs. Values may be secrets themselves.
    Write {
        path: Text,
        fields: Vec<(Text, Text)>,
    },
}

/// The host has it, or will have it for a later rendering.
pub enum Answer<T> {
    Ready(T),
    Pending,
}

/// Why the host does not answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// It keeps this function off.
    NotAllowed,
    /// It could not; the reason holds no data.
    Failed(&'static str),
}

/// Where the content goes that a template writes beside its result.
pub struct FileWrite<'a> {
    pub path: &'a Text,
    pub user: &'a Text,
    pub group: &'a Text,
    pub permissions: &'a Text,
    pub flags: &'a Text,
    pub content: &'a Text,
}

/// What a host gives. All but secrets, lists and the clock is off unless it says otherwise.
pub trait Host {
    /// `secret "path"`, or with fields a write. KV version 2 is the host's to know: it inserts `data/`.
    fn secret(&mut self, path: &Text, fields: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal>;

    /// `secrets "path"`. A folder that does not exist is empty.
    fn secrets(&mut self, path: &Text) -> Result<Answer<Vec<Text>>, Refusal>;

    /// Seconds and nanoseconds since 1970.
    fn now(&mut self) -> (i64, u32);

    fn certificate(
        &mut self,
        _path: &Text,
        _fields: &[(Text, Text)],
    ) -> Result<Answer<Certificate>, Refusal> {
        Err(Refusal::NotAllowed)
    }

    /// `env` and its kin. None where the variable is not set.
    fn env(&mut self, _name: &Text) -> Result<Option<Text>, Refusal> {
        Err(Refusal::NotAllowed)
    }

    fn file(&mut self, _path: &Text) -> Result<Answer<Text>, Refusal> {
        Err(Refusal::NotAllowed)
    }

    /// Runs a program and answers what it wrote.
    fn plugin(&mut self, _program: &Text, _arguments: &[Text]) -> Result<Text, Refusal> {
        Err(Refusal::NotAllowed)
    }

    fn write_file(&mut self, _write: &FileWrite<'_>) -> Result<(), Refusal> {
        Err(Refusal::NotAllowed)
    }

    /// A function of Consul, Nomad or the machine's network, by its name. [`Value::from_json`] makes an answer.
    fn outside(&mut self, _function: &str, _arguments: &[Text]) -> Result<Answer<Value>, Refusal> {
        Err(Refusal::NotAllowed)
    }

    /// Fills the buffer with what nobody can guess, for `sprig_randAlphaNum` and its kin.
    fn random(&mut self, _buffer: &mut [u8]) -> Result<(), Refusal> {
        Err(Refusal::NotAllowed)
    }
}

impl Value {
    /// What a host hands to a template. None where it is no JSON.
    pub fn from_json(body: &[u8]) -> Option<Self> {
        crate::json::read(body, crate::json::Numbers::AsWritten).ok()
    }
}

/// A rendered template: wiped when dropped.
pub type Rendered = Zeroizing<Vec<u8>>;
