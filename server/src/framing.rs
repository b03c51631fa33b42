//! Where one request of a connection ends and the next begins: every byte of HTTP/1.1 is looked at before the
//! parser gets it.
//!
//! The parser is lenient in places where a proxy in front of us may read otherwise: a line that ends without
//! CR, a length that is said twice. Two readers who disagree about where a request ends is how requests are
//! smuggled (RFC 9112, sections 2.2, 6.3 and 11.2). So what can be read in two ways is replaced with zeros,
//! which no HTTP message may hold: the parser answers 400 by itself and closes the connection.
//!
//! ```text
//! head --no body--> head        head --length--> body --> head
//! head --chunked--> size --> data --> its end --> size ... --0--> trailers --> head
//! ```

use zeroize::Zeroize as _;

/// What is kept of a line that comes in pieces. The lines that matter are shorter; of the others only their
/// beginning and end are looked at.
const KEPT: usize = 96;

/// Where a connection is.
pub struct Framing {
    place: Place,
    line: Line,
    head: Head,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Head,
    Body(u64),
    ChunkSize,
    ChunkData(u64),
    /// The line's end behind the data, which is two bytes.
    ChunkEnd,
    Trailers,
    /// Nothing that follows is anything.
    Broken,
}

/// What the lines of a head have said.
#[derive(Default)]
struct Head {
    begun: bool,
    length: Option<u64>,
    chunked: bool,
}

/// The bytes that can be read in two ways.
struct Ambiguous;

impl Default for Framing {
    fn default() -> Self {
        Self { place: Place::Head, line: Line::default(), head: Head::default() }
    }
}

impl Framing {
    // Rule 106
    /// Looks at the next bytes of the connection, and zeroes them from the line on that is ambiguous.
    pub fn check(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.step(rest) {
                // A step always goes on: a line has at least its end, data at least one byte.
                Ok(read) => at += read.max(1),
                Err(Ambiguous) => {
                    self.place = Place::Broken;
                    self.line.clear();
                    return bytes.get_mut(at..).unwrap_or_default().fill(0);
                }
            }
        }
    }

    /// Reads a line or some data, and answers how many bytes that were.
    fn step(&mut self, rest: &[u8]) -> Result<usize, Ambiguous> {
        match self.place {
            Place::Broken => Err(Ambiguous),
            Place::Body(left) => {
                let (read, left) = skip(rest, left);
                self.place = if left == 0 { Place::Head } else { Place::Body(left) };
                Ok(read)
            }
            Place::ChunkData(left) => {
                let (read, left) = skip(rest, left);
                self.place = if left == 0 { Place::ChunkEnd } else { Place::ChunkData(left) };
                Ok(read)
            }
            Place::Head | Place::ChunkSize | Place::ChunkEnd | Place::Trailers => self.line(rest),
        }
    }

    fn line(&mut self, rest: &[u8]) -> Result<usize, Ambiguous> {
        let Some(end) = memchr::memchr(b'\n', rest) else {
            self.line.keep(rest);
            return Ok(rest.len());
        };
        let (piece, read) = (rest.get(..end).unwrap_or_default(), end + 1);
        // Most lines come in one piece, and are looked at where they lie.
        if self.line.len == 0 {
            self.next(piece.strip_suffix(b"\r").ok_or(Ambiguous)?, false)?;
            return Ok(read);
        }
        self.line.keep(piece);
        let mut line = std::mem::take(&mut self.line);
        let outcome = match line.last {
            b'\r' => self.next(line.text(), line.is_cut()),
            _ => Err(Ambiguous),
        };
        line.clear();
        outcome.map(|()| read)
    }

    /// A whole line, without its end; or the beginning of one that is too long to be kept.
    fn next(&mut self, line: &[u8], cut: bool) -> Result<(), Ambiguous> {
        // The end of a line is CR and LF: a CR elsewhere is an end to some.
        if line.contains(&b'\r') {
            return Err(Ambiguous);
        }
        match self.place {
            Place::Head => self.head_line(line, cut),
            Place::ChunkSize => self.chunk_size(line, cut),
            Place::ChunkEnd if line.is_empty() => {
                self.place = Place::ChunkSize;
                Ok(())
            }
            Place::ChunkEnd => Err(Ambiguous),
            Place::Trailers => {
                if line.is_empty() {
                    self.place = Place::Head;
                }
                self.head = Head::default();
                Ok(())
            }
            Place::Body(_) | Place::ChunkData(_) | Place::Broken => Err(Ambiguous),
        }
    }

    fn head_line(&mut self, line: &[u8], cut: bool) -> Result<(), Ambiguous> {
        if !self.head.begun {
            // Empty lines before a request are ignored, as the parser does.
            self.head.begun = !line.is_empty();
            return Ok(());
        }
        if line.is_empty() {
            self.place = match (self.head.length, self.head.chunked) {
                (Some(_), true) => return Err(Ambiguous),
                (None, true) => Place::ChunkSize,
                (Some(0) | None, false) => Place::Head,
                (Some(length), false) => Place::Body(length),
            };
            self.head = Head::default();
            return Ok(());
        }
        // A line that goes on with the line before it.
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Err(Ambiguous);
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            // The name of a field is shorter than what is kept.
            return Err(Ambiguous);
        };
        let (name, value) = line.split_at_checked(colon).ok_or(Ambiguous)?;
        if name.trim_ascii().eq_ignore_ascii_case(b"content-length") {
            let value = decimal(value.strip_prefix(b":").unwrap_or_default().trim_ascii());
            let value = value.filter(|_| !cut && self.head.length.is_none());
            self.head.length = Some(value.ok_or(Ambiguous)?);
        } else if name.trim_ascii().eq_ignore_ascii_case(b"transfer-encoding") {
            let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
            if cut || self.head.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Ambiguous);
            }
            self.head.chunked = true;
        }
        Ok(())
    }

    /// `size[;extensions]`, the size in hexadecimal.
    fn chunk_size(&mut self, line: &[u8], cut: bool) -> Result<(), Ambiguous> {
        let digits = line.split(|it| *it == b';').next().unwrap_or_default();
        if cut && digits.len() == line.len() {
            return Err(Ambiguous);
        }
        // The parser takes spaces behind the size.
        let digits = digits.trim_ascii_end();
        let plain = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
        let size = std::str::from_utf8(digits).ok().filter(|_| plain);
        let size = size.and_then(|it| u64::from_str_radix(it, 16).ok()).ok_or(Ambiguous)?;
        self.place = if size == 0 { Place::Trailers } else { Place::ChunkData(size) };
        Ok(())
    }
}

impl Drop for Framing {
    fn drop(&mut self) {
        self.line.clear();
    }
}

/// How many of `left` bytes are there, and how many are still to come.
fn skip(rest: &[u8], left: u64) -> (usize, u64) {
    let there = u64::try_from(rest.len()).unwrap_or(u64::MAX).min(left);
    (usize::try_from(there).unwrap_or(rest.len()), left - there)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

/// The beginning of a line that came in pieces. It may be the beginning of a token, and is wiped.
struct Line {
    kept: [u8; KEPT],
    /// Of the whole line so far.
    len: usize,
    last: u8,
}

impl Default for Line {
    fn default() -> Self {
        Self { kept: [0; KEPT], len: 0, last: 0 }
    }
}

impl Line {
    fn keep(&mut self, piece: &[u8]) {
        let room = self.kept.get_mut(self.len.min(KEPT)..).unwrap_or_default();
        room.iter_mut().zip(piece).for_each(|(kept, byte)| *kept = *byte);
        self.len = self.len.saturating_add(piece.len());
        self.last = piece.last().copied().unwrap_or(self.last);
    }

    fn is_cut(&self) -> bool {
        self.len > KEPT
    }

    /// Without the CR at the line's end, if that is among what is kept.
    fn text(&self) -> &[u8] {
        let kept = self.kept.get(..self.len.min(KEPT)).unwrap_or_default();
        if self.is_cut() { kept } else { kept.strip_suffix(b"\r").unwrap_or(kept) }
    }

    fn clear(&mut self) {
        self.kept.zeroize();
        (self.len, self.last) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether all of `text` is let through: read at once, byte by byte, and cut in two at every place.
    #[track_caller]
    fn check(text: &str, whole: bool) {
        let read = |pieces: &[&[u8]]| {
            let mut framing = Framing::default();
            pieces.iter().all(|piece| {
                let mut bytes = piece.to_vec();
                framing.check(&mut bytes);
                bytes == *piece
            })
        };
        let bytes = text.as_bytes();
        assert_eq!(read(&[bytes]), whole, "at once: {text:?}");
        assert_eq!(read(&bytes.chunks(1).collect::<Vec<_>>()), whole, "byte by byte: {text:?}");
        for at in 1..bytes.len() {
            assert_eq!(read(&[&bytes[..at], &bytes[at..]]), whole, "cut at {at}: {text:?}");
        }
    }

    const GET: &str = "GET /v1/a HTTP/1.1\r\nhost: x\r\n\r\n";

    fn post(lines: &str, body: &str) -> String {
        format!("POST /v1/a HTTP/1.1\r\nhost: x\r\n{lines}\r\n{body}")
    }

    // Rule 106
    #[test]
    fn plain_requests_pass_also_one_behind_the_other() {
        check(GET, true);
        check(&format!("\r\n{GET}{GET}"), true);
        check(&(post("content-length: 5\r\n", "a\nb\rc") + GET), true);
        check(&(post("Content-Length:0\r\n", "") + GET), true);
        check(
            &(post("Transfer-Encoding: Chunked\r\n", "3\r\na\nb\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\n") + GET),
            true,
        );
        check(&(post("transfer-encoding: chunked\r\n", "0\r\nx: y\r\n\r\n") + GET), true);
        check(&post(&format!("x-long: {}\r\n", "a".repeat(300)), GET), true);
    }

    // Rule 106
    #[test]
    fn what_can_be_read_in_two_ways_does_not_pass() {
        check(&GET.replace("\r\n", "\n"), false);
        check("GET /v1/a HTTP/1.1\r\nhost: x\nx-a: b\r\n\r\n", false);
        check("GET /v1/a HTTP/1.1\r\nhost: x\rx-a: b\r\n\r\n", false);
        check("GET /v1/a HTTP/1.1\r\nhost: x\r\n y\r\n\r\n", false);
        check(&post("content-length: 1\r\ncontent-length: 1\r\n", "a"), false);
        check(&post("content-length: 1, 1\r\n", "a"), false);
        check(&post("content-length: +1\r\n", "a"), false);
        check(&post("content-length: 99999999999999999999\r\n", "a"), false);
        check(&post("content-length : 1\r\ncontent-length: 1\r\n", "a"), false);
        check(&post("content-length: 1\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"), false);
        check(&post("transfer-encoding: chunked\r\ncontent-length: 1\r\n", "0\r\n\r\n"), false);
        check(&post("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"), false);
        check(&post("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"), false);
        check(&post("transfer-encoding: identity\r\n", ""), false);
        check(&post("transfer-encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"), false);
        check(&post("transfer-encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"), false);
        check(&post("transfer-encoding: chunked\r\n", "-3\r\nabc\r\n0\r\n\r\n"), false);
        check(&post("transfer-encoding: chunked\r\n", "\r\n"), false);
        check(&post("transfer-encoding: chunked\r\n", "11111111111111111\r\n"), false);
    }

    // Rule 106
    #[test]
    fn a_second_request_is_looked_at_as_the_first() {
        check(&(post("content-length: 3\r\n", "abc") + &GET.replace("\r\n", "\n")), false);
        check(
            &(post("content-length: 3\r\n", "abc") + &post("content-length: 0\r\ncontent-length: 0\r\n", "")),
            false,
        );
    }

    #[test]
    fn what_came_before_is_left_as_it_was() {
        let mut framing = Framing::default();
        let mut bytes = format!("{GET}GET /v1/b HTTP/1.1\nhost: x\n\n").into_bytes();
        framing.check(&mut bytes);
        assert_eq!(&bytes[..GET.len()], GET.as_bytes());
        assert!(bytes[GET.len()..].iter().all(|it| *it == 0));
        let mut more = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        framing.check(&mut more);
        assert!(more.iter().all(|it| *it == 0));
    }
}
