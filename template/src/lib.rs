//! The template language of consul-template, as `vault agent`, the injector and Nomad render it.
//!
//! It is Go's `text/template` with functions for secrets. A [`Template`] is parsed once and rendered as often as its
//! secrets change. It does nothing by itself: a [`Host`] gives it secrets and the time, and decides whether it may see
//! files, the environment or anything else.
//!
//! Rendering goes in rounds. What the host does not have yet reads as nothing, and [`Outcome::missing`] names it: the
//! host fetches all of that, and renders again. A round in which something was missing is not for use.
//!
//! Values and results wipe themselves. Errors name functions, fields and places of the template, and never hold a value.
//!
//! ```
//! use strongroom_template::{Answer, Host, Options, Refusal, Secret, Template, Text};
//!
//! struct One;
//!
//! impl Host for One {
//!     fn secret(&mut self, _: &Text, _: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal> {
//!         let body = br#"{"data": {"user": "app", "port": 5432}}"#;
//!         Secret::from_json(body).map(Answer::Ready).ok_or(Refusal::Failed("not JSON"))
//!     }
//!
//!     fn secrets(&mut self, _: &Text) -> Result<Answer<Vec<Text>>, Refusal> {
//!         Ok(Answer::Ready(Vec::new()))
//!     }
//!
//!     fn now(&mut self) -> (i64, u32) {
//!         (0, 0)
//!     }
//! }
//!
//! # fn main() -> Result<(), strongroom_template::Error> {
//! let source = r#"{{ with secret "kv/db" }}{{ .Data.user | toUpper }}:{{ .Data.port }}{{ end }}"#;
//! let template = Template::parse(source, &Options::default())?;
//! assert_eq!(template.render(&mut One).result?.as_slice(), b"APP:5432");
//! # Ok(())
//! # }
//! ```

mod ast;
mod error;
mod field;
mod format;
mod functions;
mod host;
mod interpreter;
mod json;
mod lexer;
mod limits;
mod merge;
mod number;
mod parser;
mod regex;
mod scratch;
mod secret;
mod text;
mod time;
mod toml;
mod value;
mod yaml;

use std::collections::BTreeSet;

pub use error::{Error, ErrorKind};
pub use host::{Answer, Dependency, FileWrite, Host, Refusal, Rendered};
pub use lexer::Delimiters;
pub use limits::TEXT_BYTES;
pub use secret::{Certificate, Secret};
pub use text::Text;
pub use value::Value;

/// How a template is read and rendered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    pub delimiters: Delimiters,
    /// A key that a map does not have is an error, and not `<no value>`.
    pub error_on_missing_key: bool,
    /// Functions that a template must not name.
    pub denied: Vec<String>,
}

/// A template that was read without an error.
pub struct Template {
    source: String,
    tree: ast::Tree,
    error_on_missing_key: bool,
}

/// What a rendering gave.
pub struct Outcome {
    /// The text; or why there is none. With something missing, both are of a world that is not whole.
    pub result: Result<Rendered, Error>,
    /// All that was asked of the host.
    pub used: BTreeSet<Dependency>,
    /// What of it the host does not have yet.
    pub missing: BTreeSet<Dependency>,
}

impl Template {
    /// Reads a template.
    ///
    /// Errors: the first thing that Go's parser would refuse, and where.
    pub fn parse(source: &str, options: &Options) -> Result<Self, Error> {
        let tree = parser::parse(source, options).map_err(|(at, kind)| Error::at(source, at, kind))?;
        Ok(Self { source: source.to_owned(), tree, error_on_missing_key: options.error_on_missing_key })
    }

    /// Renders it with what the host has.
    pub fn render(&self, host: &mut dyn Host) -> Outcome {
        let mut run = interpreter::Interpreter::new(&self.tree, host, self.error_on_missing_key);
        let result = run.run(&self.source).map(text::Sink::into_bytes);
        Outcome { result, used: run.used, missing: run.missing }
    }
}

/// All functions of the language, and for those that are not part of this engine, why.
pub fn functions() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    functions::names()
}
