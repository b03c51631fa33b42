//! A typed client for applications.
