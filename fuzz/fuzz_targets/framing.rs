//! Where requests end: however the bytes come in pieces, the same of them pass, and what passes was not changed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_server::framing::Framing;

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, bytes.len().max(1));
    for size in [1, 2, 7] {
        assert_eq!(read(bytes, size), whole, "in pieces of {size}");
    }
    // What is let through is a beginning of what came; behind it there is nothing.
    let passed = whole.iter().zip(bytes).take_while(|(out, sent)| out == sent).count();
    assert!(whole[passed..].iter().all(|it| *it == 0));
});

/// What the parser gets. A line that turns out to be ambiguous has had its beginning let through if it came in
/// pieces, so lines that are not whole are left out on both sides.
fn read(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut framing = Framing::default();
    let mut out = Vec::with_capacity(bytes.len());
    for piece in bytes.chunks(size) {
        let mut piece = piece.to_vec();
        framing.check(&mut piece);
        out.extend(piece);
    }
    // From the line in which the zeros begin.
    if let Some(end) = (0..out.len()).find(|at| out[*at] != bytes[*at]) {
        let line = out[..end].iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
        out[line..].fill(0);
    }
    out
}
