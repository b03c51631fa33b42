//! The unused middle of pages.
//!
//! `secure_delete` overwrites what SQLite deletes, but when it rebuilds a page (a split, a merge) the cells'
//! former places in the page's unused middle keep their bytes. A row that is destroyed later leaves such a
//! copy behind, in about one of a thousand rows of a tree that was split often. So a scrub looks through the
//! b-tree pages and puts zeroes there.
//!
//! A b-tree page, big-endian (sqlite.org/fileformat2.html, section 1.6): type, first free block, number of
//! cells (at 3), start of the cell content (at 5), ...; then two bytes a cell; then nothing until the content.

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt};

/// [`super::schema`] sees to it that each store has this.
pub(super) const PAGE: usize = 4096;
/// Pages that are read at once.
const CHUNK: usize = 256 * PAGE;
/// Bytes of the file that one turn looks through: commits wait for it, some hundredths of a second. A larger store
/// is gone through in several turns.
const WINDOW: u64 = 32 << 20;
/// From here on a page that is no b-tree page could begin with a number that looks like one.
const MOST_PAGES: u64 = 0x0200_0000;
/// Page 1 begins with the file's header.
const FILE_HEADER: usize = 100;

/// Goes through the database file, window by window.
#[derive(Default)]
pub(super) struct Sweep {
    next: u64,
    /// Bytes that are still to be looked through.
    left: u64,
}

impl Sweep {
    /// Something was destroyed: the whole file is to be looked through, from where the last turn ended.
    pub(super) fn begin(&mut self) {
        self.left = u64::MAX;
    }

    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Zeroes the unused middles in the next window, durably. To be called while all pages are in the file,
    /// the log is empty and nobody writes; readers do not look at these bytes.
    pub(super) fn run(&mut self, file: &File) -> io::Result<()> {
        let length = file.metadata()?.len();
        self.left = self.left.min(length).saturating_sub(WINDOW);
        if length / PAGE as u64 >= MOST_PAGES {
            self.left = 0;
            return Ok(());
        }
        if self.next >= length {
            self.next = 0;
        }
        let end = length.min(self.next.saturating_add(WINDOW));
        let mut buffer = vec![0; CHUNK];
        let mut changed = false;
        while self.next < end {
            let size = CHUNK.min(usize::try_from(end - self.next).unwrap_or(CHUNK));
            let Some(chunk) = buffer.get_mut(..size) else { break };
            file.read_exact_at(chunk, self.next)?;
            for (page, at) in chunk.chunks_exact(PAGE).zip((self.next..).step_by(PAGE)) {
                if let Some(range) = unused(page, at == 0)
                    && let Some(middle) = page.get(range.clone())
                    && middle.iter().any(|it| *it != 0)
                {
                    file.write_all_at(&vec![0; range.len()], at + range.start as u64)?;
                    changed = true;
                }
            }
            self.next += size as u64;
        }
        if changed { file.sync_data() } else { Ok(()) }
    }
}

/// Where a b-tree page has nothing; `None` for every other page, and for one that does not add up.
fn unused(page: &[u8], first: bool) -> Option<Range<usize>> {
    let header = if first { FILE_HEADER } else { 0 };
    let size = match page.get(header)? {
        2 | 5 => 12,
        10 | 13 => 8,
        _ => return None,
    };
    let number = |at: usize| {
        let bytes = page.get(header + at..header + at + 2)?;
        Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
    };
    let start = header + size + 2 * number(3)?;
    let content = number(5)?;
    (start < content && content <= page.len()).then_some(start..content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(kind: u8, cells: u16, content: u16, first: bool) -> Vec<u8> {
        let mut page = vec![0xaa; PAGE];
        let header = if first { FILE_HEADER } else { 0 };
        page[header] = kind;
        page[header + 3..header + 5].copy_from_slice(&cells.to_be_bytes());
        page[header + 5..header + 7].copy_from_slice(&content.to_be_bytes());
        page
    }

    #[track_caller]
    fn check(page: &[u8], first: bool, expected: Option<Range<usize>>) {
        assert_eq!(unused(page, first), expected);
    }

    #[test]
    fn the_middle_is_between_the_pointers_and_the_content() {
        check(&page(13, 3, 1000, false), false, Some(14..1000));
        check(&page(10, 3, 1000, false), false, Some(14..1000));
        check(&page(5, 3, 1000, false), false, Some(18..1000));
        check(&page(2, 0, 4096, false), false, Some(12..4096));
        check(&page(13, 3, 1000, true), true, Some(114..1000));
    }

    #[test]
    fn what_is_no_b_tree_page_or_does_not_add_up_is_left_alone() {
        for kind in [0, 1, 3, 4, 6, 9, 11, 12, 14, 255] {
            check(&page(kind, 3, 1000, false), false, None);
        }
        check(&page(13, 3, 14, false), false, None);
        check(&page(13, 3, 4097, false), false, None);
        check(&page(13, 60_000, 1000, false), false, None);
        check(&page(13, 3, 0, false), false, None);
        check(&[13, 0], false, None);
    }

    #[test]
    fn a_store_beyond_the_window_is_gone_through_in_turns() {
        let file = tempfile::tempfile().unwrap();
        let length = WINDOW + CHUNK as u64;
        file.set_len(length).unwrap();
        let dirty = page(13, 0, 4096, false);
        let last = length - PAGE as u64;
        let mut sweep = Sweep::default();
        sweep.begin();
        for at in [PAGE as u64, last] {
            file.write_all_at(&dirty, at).unwrap();
        }
        let clean = |at: u64| {
            let mut bytes = vec![0; PAGE];
            file.read_exact_at(&mut bytes, at).unwrap();
            bytes[8..].iter().all(|it| *it == 0)
        };
        sweep.run(&file).unwrap();
        assert_eq!([PAGE as u64, last].map(clean), [true, false]);
        assert!(!sweep.is_done());
        // Something is destroyed meanwhile, in what was looked through.
        file.write_all_at(&dirty, PAGE as u64).unwrap();
        sweep.begin();
        sweep.run(&file).unwrap();
        assert!(clean(last) && !sweep.is_done());
        sweep.run(&file).unwrap();
        assert!(clean(PAGE as u64) && sweep.is_done(), "it goes round once");
    }
}
