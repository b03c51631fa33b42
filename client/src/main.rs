//! The `secret` command.

fn main() {}
