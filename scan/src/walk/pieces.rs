//! Files that are too long to be held: one piece after the other, each with the beginning of the next.

use std::{io::Read, sync::Arc};

use super::{Cause, File, load};
use crate::{Find, Format, report::Seen};

/// A piece ends behind a line break in its second half, or where there is none at this length.
pub(super) const PIECE: usize = 1 << 20;
/// What begins in a piece and ends within so many bytes behind it is found whole.
const BEHIND: usize = 64 << 10;

pub(super) fn look(find: Find, file: &Arc<File>, from: impl Read) -> Result<Seen, Cause> {
    by(PIECE, BEHIND, find, file, from)
}

fn by(piece: usize, behind: usize, find: Find, file: &Arc<File>, mut from: impl Read) -> Result<Seen, Cause> {
    let mut all = Seen { in_pieces: true, ..Seen::default() };
    let mut held = Vec::new();
    let mut format = None;
    // Where the piece begins: lines before it, and characters before it on its line.
    let (mut lines, mut columns) = (0, 0);
    loop {
        let wanted = (piece + behind).saturating_sub(held.len());
        let ended = from.by_ref().take(wanted as u64).read_to_end(&mut held)? < wanted;
        let cut = if ended { held.len() } else { cut(&held, piece) };
        let next = held.split_off(cut);
        let mut text = load::text(held);
        let own = text.len();
        text.push_str(&load::text(next.clone()));
        let format = *format.get_or_insert_with(|| of_lines(Format::of(&file.name, &text)));
        let mut seen = load::one(find, file, &text, Some(format))?;
        let own = text.get(..own).unwrap_or_default();
        let breaks = memchr::memchr_iter(b'\n', own.as_bytes()).count();
        let last = own.rsplit('\n').next().unwrap_or_default().chars().count();
        // What begins behind this piece is the next one's to tell.
        let end = (breaks + 1, last + 1);
        seen.hits.retain(|it| (it.line, it.column) < end);
        seen.idle.retain(|it| *it <= breaks);
        all.add(seen, lines, columns);
        if ended {
            return Ok(all);
        }
        columns = if breaks == 0 { columns + last } else { last };
        lines += breaks;
        held = next;
    }
}

/// A piece of a document is none. What is read line by line is read so in pieces as well.
fn of_lines(format: Format) -> Format {
    match format {
        Format::Conf | Format::Env | Format::Ini | Format::Properties => format,
        _ => Format::Text,
    }
}

/// Where the piece ends; never within a character.
fn cut(bytes: &[u8], piece: usize) -> usize {
    let head = bytes.get(..piece).unwrap_or(bytes);
    match memchr::memrchr(b'\n', head) {
        Some(at) if at >= piece / 2 => at + 1,
        _ => (head.len().saturating_sub(3)..=head.len())
            .rev()
            .find(|at| bytes.get(*at).is_none_or(|it| it & 0xc0 != 0x80))
            .unwrap_or(head.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::fake;

    /// In pieces the same is found as in one.
    #[track_caller]
    fn check(text: &str) {
        let file = Arc::default();
        let whole = load::one(fake::find, &file, text, None).unwrap();
        assert!(!whole.hits.is_empty());
        for piece in [16, 17, 18, 19, 64, 4096] {
            let seen = by(piece, 32, fake::find, &file, text.as_bytes()).unwrap();
            let places = |seen: &Seen| -> Vec<_> {
                seen.hits.iter().map(|it| (it.line, it.column, it.end_line, it.end_column)).collect()
            };
            assert_eq!(places(&seen), places(&whole), "pieces of {piece}");
        }
    }

    #[test]
    fn the_same_is_found_in_pieces() {
        check("SECRET-1");
        check(&"x\n".repeat(50).replace("x\nx\nx", "x SECRET-1"));
        check(&"é €🔑 SECRET-1 ".repeat(20));
        check(&"a line\nwith SECRET-1 and\r\n\n".repeat(20));
    }

    #[test]
    fn nothing_is_read_twice_or_kept() {
        let endless = io::repeat(b'x').take(3 << 20).chain(b" SECRET-1 ".as_slice());
        let seen = look(fake::find, &Arc::default(), endless).unwrap();
        let places: Vec<_> = seen.hits.iter().map(|it| (it.line, it.column)).collect();
        assert_eq!(places, [(1, (3 << 20) + 2)]);
    }
}
