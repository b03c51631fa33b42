//! The embeddable secrets manager: no HTTP, no command line.
