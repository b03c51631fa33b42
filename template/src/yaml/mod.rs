//! YAML as Go's `yaml.v2` reads and writes it.

mod read;
mod resolve;
mod scalar;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;
