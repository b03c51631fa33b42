//! End-to-end and interop tests against the built binary.
