//! Strongroom's core: the embeddable secrets manager. It knows no HTTP and no command line.

pub mod barrier;
pub mod clock;
pub mod crypto;
pub mod ids;
pub mod storage;
