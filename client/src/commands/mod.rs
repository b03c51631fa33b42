//! One file for each group of commands.

pub(crate) mod fsck;
pub(crate) mod kv;
pub(crate) mod login;
pub(crate) mod mounts;
pub(crate) mod operator;
pub(crate) mod policy;
pub(crate) mod raw;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod token;
