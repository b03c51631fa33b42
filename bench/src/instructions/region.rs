//! Where counting begins and ends.
//!
//! Callgrind knows the two functions by their names: when the first is entered the counters of all threads are
//! set to zero, and when the second is, they are written out. Nothing in this process need know that it is
//! counted.

use std::hint::black_box;

/// What callgrind is told, so that each region is one file.
pub(crate) const MARKS: [&str; 2] =
    ["--zero-before=instructions::region::begin", "--dump-before=instructions::region::end"];

#[inline(never)]
pub(crate) fn begin() {
    black_box(1_u8);
}

/// Not the same code as [`begin`], or the two would become one function.
#[inline(never)]
pub(crate) fn end() {
    black_box(2_u16);
}
