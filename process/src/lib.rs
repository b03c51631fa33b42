//! Process hardening and the allocator that zeroes what is freed: the one crate with unsafe code.
