//! The embeddable secrets manager: no HTTP, no command line.

pub mod storage;
