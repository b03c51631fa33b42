//! What a computation leaves on the stack.
//!
//! Cryptographic libraries work on copies of a key that lie on the stack, and a returning function leaves its frame
//! as it is: the copy stays until something else happens to be written there, which on an idle thread may be never.

use std::mem::MaybeUninit;

use crate::wiping::wipe;

/// More than one computation of a MAC takes, in a build without optimisation too.
const DEPTH: usize = 4 << 10;

/// Calls `f`, and wipes the stack that it has used. For leaves: what goes deeper than 4 KiB is not reached.
#[inline(never)]
pub fn leaving_no_trace<T>(f: impl FnOnce() -> T) -> T {
    let out = below(f);
    burn();
    out
}

/// A frame of its own for `f`, which begins where that of [`burn`] does.
#[inline(never)]
fn below<T>(f: impl FnOnce() -> T) -> T {
    f()
}

#[inline(never)]
fn burn() {
    let mut used = [const { MaybeUninit::<u8>::uninit() }; DEPTH];
    // SAFETY: `used` may be written to its end.
    unsafe { wipe(used.as_mut_ptr().cast(), DEPTH) };
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    /// Fills a frame with a pattern, and answers where it was.
    fn fill(pattern: u8) -> usize {
        let mut frame = [0_u8; 1000];
        frame.fill(pattern);
        black_box(&frame).as_ptr() as usize
    }

    /// How much of a frame that is gone still holds the pattern, in the part that calls since then did not need.
    fn left(frame: usize, pattern: u8) -> usize {
        // SAFETY: these bytes are the stack's, mapped and below all that is live; nothing is assumed of them.
        (0..500).filter(|at| unsafe { ((frame + at) as *const u8).read_volatile() } == pattern).count()
    }

    // Rule 24
    #[test]
    fn what_a_computation_left_on_the_stack_is_wiped() {
        let frame = below(|| fill(0xA7));
        assert!(left(frame, 0xA7) > 100, "the pattern is seen where nothing wipes it");
        let frame = leaving_no_trace(|| fill(0x5E));
        assert_eq!(left(frame, 0x5E), 0);
    }
}
