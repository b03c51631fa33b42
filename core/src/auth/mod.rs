//! Auth methods: how a caller becomes the holder of a token.

pub(crate) mod token;
