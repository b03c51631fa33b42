//! Memory for keys: never swapped, in no core file, empty in a forked child, and wiped when it is given back.
//!
//! Keys are small and few, so all of them share a few pages. A limit on locked memory (64 KiB in many containers)
//! then has room for every key there is. Where the kernel refuses to lock the pages they work all the same:
//! [`lock_keys`] tells, and whether that is good enough is the program's to say.
//!
//! ```text
//! guard | 32 KiB of granules, 32 bytes each | guard
//! ```

use std::{
    io,
    ops::{Deref, DerefMut},
    ptr::NonNull,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::wiping::wipe;

const GRANULE: usize = 32;
const CHUNK: usize = 32 << 10;
const GRANULES: usize = CHUNK / GRANULE;

/// A value that lies in locked memory. It is wiped, to the last byte of its place, when it is dropped.
pub struct Locked<T>(NonNull<T>);

// SAFETY: a `Locked<T>` owns its `T` as a `Box<T>` does; the arena behind it is guarded by a mutex.
unsafe impl<T: Send> Send for Locked<T> {}
// SAFETY: as above: through `&Locked<T>` there is nothing but `&T`.
unsafe impl<T: Sync> Sync for Locked<T> {}

impl<T> Locked<T> {
    const GRANULES: usize = {
        assert!(align_of::<T>() <= GRANULE, "granules are aligned to their own size");
        assert!(size_of::<T>() > 0 && size_of::<T>() <= CHUNK, "what is locked is small");
        size_of::<T>().div_ceil(GRANULE)
    };

    /// Moves `value` into locked memory. Where it was before is the caller's to wipe: better make it empty and
    /// fill it in its place.
    pub fn new(value: T) -> Self {
        let place = arena().take(Self::GRANULES).cast::<T>();
        // SAFETY: the arena gave this place to nobody else; it is large enough, and aligned to a granule.
        unsafe { place.write(value) };
        Self(place)
    }
}

impl<T> Deref for Locked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `new` has written the value, and it stays until `drop`.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for Locked<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `self` is borrowed by nobody else.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for Locked<T> {
    fn drop(&mut self) {
        // SAFETY: the value is there, and is not used again.
        unsafe { self.0.drop_in_place() };
        let place = self.0.cast::<u8>();
        // SAFETY: these granules are ours until they are given back.
        unsafe { wipe(place.as_ptr(), Self::GRANULES * GRANULE) };
        arena().give_back(place, Self::GRANULES);
    }
}

/// Makes the first pages for keys, and tells whether they and all later ones could be locked.
///
/// # Errors
///
/// What the kernel said, most often that the limit on locked memory (`RLIMIT_MEMLOCK`) is too low.
pub fn lock_keys() -> io::Result<()> {
    let mut arena = arena();
    if arena.chunks.is_empty() {
        arena.grow();
    }
    match arena.refused {
        Some(code) => Err(io::Error::from_raw_os_error(code)),
        None => Ok(()),
    }
}

static ARENA: Mutex<Arena> = Mutex::new(Arena { chunks: Vec::new(), refused: None });

fn arena() -> MutexGuard<'static, Arena> {
    ARENA.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Arena {
    chunks: Vec<Chunk>,
    /// The error number of the first chunk that could not be locked.
    refused: Option<i32>,
}

struct Chunk {
    base: NonNull<u8>,
    /// A bit for each granule that is in use.
    taken: [u64; GRANULES / 64],
}

// SAFETY: a chunk is plain memory; whoever reaches it holds the arena's lock.
unsafe impl Send for Chunk {}

impl Arena {
    /// `count` granules in a row.
    fn take(&mut self, count: usize) -> NonNull<u8> {
        loop {
            if let Some(place) = self.chunks.iter_mut().find_map(|it| it.take(count)) {
                return place;
            }
            self.grow();
        }
    }

    fn give_back(&mut self, place: NonNull<u8>, count: usize) {
        for chunk in &mut self.chunks {
            let at = (place.as_ptr() as usize).wrapping_sub(chunk.base.as_ptr() as usize);
            if at < CHUNK {
                return chunk.mark(at / GRANULE, count, false);
            }
        }
    }

    fn grow(&mut self) {
        let (base, locked) = map();
        if let Err(error) = locked {
            self.refused = self.refused.or(error.raw_os_error());
        }
        self.chunks.push(Chunk { base, taken: [0; GRANULES / 64] });
    }
}

impl Chunk {
    fn take(&mut self, count: usize) -> Option<NonNull<u8>> {
        let mut run = 0;
        for at in 0..GRANULES {
            run = if self.is_taken(at) { 0 } else { run + 1 };
            if run == count {
                let first = at + 1 - count;
                self.mark(first, count, true);
                // SAFETY: the first granule lies within the chunk.
                return Some(unsafe { self.base.add(first * GRANULE) });
            }
        }
        None
    }

    fn is_taken(&self, at: usize) -> bool {
        self.taken[at / 64] & (1 << (at % 64)) != 0
    }

    fn mark(&mut self, first: usize, count: usize, taken: bool) {
        for at in first..first + count {
            match taken {
                true => self.taken[at / 64] |= 1 << (at % 64),
                false => self.taken[at / 64] &= !(1 << (at % 64)),
            }
        }
    }
}

/// Maps a chunk between two pages that nobody may touch: what runs past a buffer ends there. The second value
/// tells whether it could be locked.
fn map() -> (NonNull<u8>, io::Result<()>) {
    // SAFETY: asks for a number.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    let len = CHUNK.next_multiple_of(page);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, where the kernel likes.
    let whole = unsafe { libc::mmap(std::ptr::null_mut(), len + 2 * page, libc::PROT_NONE, flags, -1, 0) };
    if whole == libc::MAP_FAILED {
        out_of_memory(len);
    }
    // SAFETY: a page into what was mapped.
    let base = unsafe { whole.byte_add(page) };
    // SAFETY: the pages between the guards are ours, and nothing points into them yet.
    if unsafe { libc::mprotect(base, len, libc::PROT_READ | libc::PROT_WRITE) } != 0 {
        out_of_memory(len);
    }
    // Old kernels know one of these or neither: then the pages are merely locked.
    // SAFETY: changes what becomes of these pages, not what is in them.
    unsafe {
        libc::madvise(base, len, libc::MADV_DONTDUMP);
        libc::madvise(base, len, libc::MADV_WIPEONFORK);
    }
    // SAFETY: locks what was mapped above.
    let locked = match unsafe { libc::mlock(base, len) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    match NonNull::new(base.cast()) {
        Some(base) => (base, locked),
        None => out_of_memory(len),
    }
}

/// Ends as every allocation without memory ends.
fn out_of_memory(len: usize) -> ! {
    match std::alloc::Layout::from_size_align(len, GRANULE) {
        Ok(layout) => std::alloc::handle_alloc_error(layout),
        Err(_) => std::process::abort(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What lies at a place, as somebody reads it who has the address.
    fn seen<const N: usize>(place: *const [u8; N]) -> [u8; N] {
        // SAFETY: chunks stay mapped for as long as the process lives.
        unsafe { place.read_volatile() }
    }

    // Rule 24
    #[test]
    fn what_is_dropped_is_wiped_and_its_place_used_again() {
        let key = Locked::new([0xA7_u8; 40]);
        let place: *const [u8; 40] = &raw const *key;
        assert_eq!(seen(place), [0xA7; 40]);
        drop(key);
        assert_eq!(seen(place), [0; 40]);
    }

    #[test]
    fn values_lie_apart_also_beyond_one_chunk() {
        let keys: Vec<_> = (0..3 * GRANULES).map(|it| Locked::new([it; 6])).collect();
        assert!(keys.iter().enumerate().all(|(at, key)| **key == [at; 6]));
    }

    #[test]
    fn what_is_locked_drops_what_it_holds() {
        let shared = std::sync::Arc::new(());
        let held = Locked::new(shared.clone());
        assert_eq!(std::sync::Arc::strong_count(&held), 2);
        drop(held);
        assert_eq!(std::sync::Arc::strong_count(&shared), 1);
    }

    // Rule 26
    #[test]
    fn the_pages_are_locked_undumped_and_empty_in_a_child() {
        lock_keys().unwrap();
        let key = Locked::new([0x5E_u8; 32]);
        let address = &raw const *key as usize;
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut within = false;
        let flags = maps.lines().find_map(|line| {
            if let Some((from, to)) = line.split_once(' ').and_then(|(range, _)| range.split_once('-'))
                && let (Ok(from), Ok(to)) = (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
            {
                within = (from..to).contains(&address);
            }
            line.strip_prefix("VmFlags:").filter(|_| within)
        });
        let flags: Vec<_> = flags.unwrap().split_whitespace().collect();
        for flag in ["lo", "dd", "wf"] {
            assert!(flags.contains(&flag), "{flags:?}");
        }
        // A child has the address, but not what is there.
        // SAFETY: the child does nothing but read memory and leave.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = i32::from(seen(&raw const *key) != [0; 32]);
            // SAFETY: leaves without running anything of the parent's.
            unsafe { libc::_exit(code) };
        }
        let mut status = 0;
        // SAFETY: waits for the child that was just made.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status}");
        assert_eq!(*key, [0x5E; 32]);
    }
}
