//! One file's bytes as text, and what is found in them.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use rustix::fs::OFlags;

use super::{Cause, File, pieces};
use crate::{Find, Format, report::Seen};

/// What is longer is read in pieces, as lines and not by its structure: memory is bounded by it.
pub(super) const WHOLE: usize = 4 << 20;
/// A NUL in so many bytes makes a file a binary one.
const HEAD: usize = 8 << 10;

/// Opens a file and nothing else, and tells its length: what was one when it was listed may be a pipe by now.
pub(super) fn open(path: &Path, follow: bool) -> Result<(fs::File, u64), Cause> {
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    if !follow {
        flags |= OFlags::NOFOLLOW;
    }
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let about = file.metadata()?;
    if about.is_file() { Ok((file, about.len())) } else { Err(Cause::Special) }
}

/// Reads to the end, and tells what stands there; about so many bytes, as far as anybody knows.
pub(crate) fn look(find: Find, file: &Arc<File>, mut from: impl Read, len: u64) -> Result<Seen, Cause> {
    let mut head = Vec::with_capacity(usize::try_from(len).unwrap_or(WHOLE).min(WHOLE));
    from.by_ref().take(WHOLE as u64 + 1).read_to_end(&mut head)?;
    if let Some(text) = utf16(&head) {
        return one(find, file, &text, None);
    }
    if memchr::memchr(0, head.get(..HEAD).unwrap_or(&head)).is_some() {
        return Ok(Seen { binary: true, ..Seen::default() });
    }
    if head.len() <= WHOLE {
        return one(find, file, &text(head), None);
    }
    pieces::look(find, file, io::Cursor::new(head).chain(from))
}

/// What stands in one text. A panic is a defect of a reader's: the other files are still looked at.
pub(super) fn one(find: Find, file: &Arc<File>, text: &str, format: Option<Format>) -> Result<Seen, Cause> {
    let all = || {
        let format = format.unwrap_or_else(|| Format::of(&file.name, text.trim_start_matches('\u{feff}')));
        Seen::of(file, text, &find(&file.name, text, format))
    };
    catch_unwind(AssertUnwindSafe(all)).map_err(|_| Cause::Failed)
}

/// Each sequence of bytes that is no UTF-8 stands as one U+FFFD, as most editors show it: columns stay right.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|it| String::from_utf8_lossy(it.as_bytes()).into_owned())
}

/// With a byte-order mark, and short enough to be read whole.
fn utf16(bytes: &[u8]) -> Option<String> {
    let read: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    if bytes.len() > WHOLE {
        return None;
    }
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|it| read(*it));
    Some(char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    #[track_caller]
    fn check(bytes: &[u8], expected: &[(usize, usize)]) -> Seen {
        let seen = look(fake::find, &Arc::default(), bytes, 0).unwrap();
        let places: Vec<_> = seen.hits.iter().map(|it| (it.line, it.column)).collect();
        assert_eq!(places, expected);
        seen
    }

    #[test]
    fn columns_are_right_whatever_the_bytes() {
        check(b"a\nxx pw=SECRET-1\n", &[(2, 7)]);
        check("\u{feff}pw=SECRET-1 \u{1f511} SECRET-2".as_bytes(), &[(1, 4), (1, 15)]);
        check(b"\xff caf\xe9 SECRET-1 \xe2\x82 SECRET-2", &[(1, 8), (1, 19)]);
        let wide: Vec<u8> =
            "\u{feff}\u{1f511}\r\nSECRET-1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&wide, &[(2, 1)]);
    }

    #[test]
    fn a_length_may_be_wrong() {
        for len in [0, 1, 8, 9, 4096, u64::MAX] {
            let seen = look(fake::find, &Arc::default(), b"SECRET-1 ".as_slice(), len).unwrap();
            assert_eq!(seen.hits.len(), 1, "{len}");
        }
    }

    #[test]
    fn a_binary_is_told_by_its_beginning() {
        assert!(check(b"\x7fELF\0 SECRET-1", &[]).binary);
        let late = [b"SECRET-1 ".as_slice(), &[b'.'; HEAD], b"\0"].concat();
        assert!(!check(&late, &[(1, 1)]).binary);
    }

    #[test]
    fn a_reader_that_fails_takes_nobody_with_it() {
        let failed = look(|_, _, _| panic!("a defect"), &Arc::default(), b"x".as_slice(), 1);
        assert!(matches!(failed, Err(Cause::Failed)));
    }

    #[test]
    fn neither_a_pipe_nor_a_link_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let (pipe, link) = (dir.path().join("pipe"), dir.path().join("link"));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        assert!(matches!(open(&pipe, true), Err(Cause::Special)));
        assert!(matches!(open(&link, false), Err(Cause::Read(_))));
    }
}
