//! The policy language: parse, compile, decide, explain.
