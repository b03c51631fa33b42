//! An allocator that zeroes what is freed.
//!
//! Secret types wipe themselves; this is the net below them, for the copies that JSON and HTTP libraries make
//! and for buffers that grew.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, with every block zeroed before it is given back.
pub struct Wiping;

// SAFETY: every call is handed to `System` with the layout that it came with. Blocks are written to only
// between a successful allocation and the matching `dealloc`, within their size.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` was allocated with `layout` and is still ours, so `layout.size()` bytes may be written.
        unsafe { wipe(block, layout.size()) };
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    /// Never in place of the system's: `realloc` may move a block and leave the old one as it was.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `new_size`, rounded up to the alignment, does not overflow.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: `new_size` is not zero, which the contract of `realloc` demands.
        let fresh = unsafe { System.alloc(new_layout) };
        if !fresh.is_null() {
            // SAFETY: both blocks are valid for the smaller size and do not overlap.
            unsafe { std::ptr::copy_nonoverlapping(block, fresh, layout.size().min(new_size)) };
            // SAFETY: `block` was allocated with `layout`; nobody has it any more.
            unsafe { self.dealloc(block, layout) };
        }
        fresh
    }
}

/// Zeroes `size` bytes, in a way that is not optimised away because nobody reads them.
///
/// # Safety
///
/// `block` must be valid for writes of `size` bytes.
pub(crate) unsafe fn wipe(block: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::write_bytes(block, 0, size) };
    // The compiler must assume that this reads the block, so that the write above cannot be left out.
    // SAFETY: an empty instruction; it touches nothing.
    unsafe { std::arch::asm!("/* {0} */", in(reg) block, options(nostack, preserves_flags, readonly)) };
}

#[cfg(test)]
mod tests {
    use std::{
        alloc::{GlobalAlloc, Layout},
        hint::black_box,
    };

    use super::*;

    const SIZE: usize = 4096;
    const CANARY: u8 = 0xA7;
    const BETWEEN: std::ops::Range<usize> = 32..SIZE - 16;

    /// A block of a size that the system keeps for the next who asks, filled with the canary.
    fn filled() -> (*mut u8, Layout) {
        let layout = Layout::from_size_align(SIZE, 8).unwrap();
        // SAFETY: the layout is not empty, and the block is written within its size.
        let block = unsafe { Wiping.alloc(layout) };
        assert!(!block.is_null());
        // SAFETY: as above.
        unsafe { std::ptr::write_bytes(block, CANARY, SIZE) };
        (black_box(block), layout)
    }

    /// How many bytes of a block that the system has back still hold the canary. Allocates nothing.
    ///
    /// The first and the last bytes are where the system keeps its list of what is free: addresses, in which any
    /// byte may occur.
    fn left(block: *mut u8) -> usize {
        // SAFETY: blocks of this size stay mapped in the allocator's arena after they are freed; reading them is
        // what an attacker who sees the process's memory does. Volatile, so that nothing is assumed of them.
        BETWEEN.filter(|at| unsafe { block.add(*at).read_volatile() } == CANARY).count()
    }

    // Rule 25
    #[test]
    fn freed_memory_is_zeroed() {
        let (block, layout) = filled();
        assert_eq!(left(block), BETWEEN.len());
        // SAFETY: allocated with this layout, once.
        unsafe { Wiping.dealloc(block, layout) };
        assert_eq!(left(block), 0);
    }

    // Rule 25
    #[test]
    fn a_block_that_grew_leaves_nothing_behind() {
        let (block, layout) = filled();
        // SAFETY: allocated with this layout; the new size is larger and not zero.
        let grown = unsafe { Wiping.realloc(block, layout, SIZE * 2) };
        assert_ne!(grown, block);
        assert_eq!(left(block), 0);
        assert_eq!(left(grown), BETWEEN.len());
        // SAFETY: allocated with this layout by `realloc`.
        unsafe { Wiping.dealloc(grown, Layout::from_size_align(SIZE * 2, 8).unwrap()) };
    }
}
