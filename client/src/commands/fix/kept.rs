//! What `-undo` needs of the store: the files as they were, each found again by what it became.
//!
//! At `strongroom-fix/DIGEST` lies what became a text of that digest: the originals of files that were fixed, and the
//! steps of files beside them. Several fixes may need one file beside, so a step says whose fix it was.

use std::path::Path;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use strongroom_fix::{Entry, Plan};
use strongroom_sdk::{SecretString, kv::Expect};
use zeroize::Zeroizing;

use super::{replace::Original, shelf::Shelf};
use crate::failure::Failure;

/// Originals lie here, each under the digest of what it was rewritten to.
const ORIGINALS: &str = "strongroom-fix";
/// How much JSON one secret gets. The store takes 960 KiB.
const PIECE: usize = 512 << 10;
/// Of so many values at most it is kept where they went: beside a piece there is room for these.
const MOST_MOVED: usize = 500;

/// Several files may become the same text: a reference need not say its whole path.
#[derive(Default, Deserialize, Serialize)]
struct Kept {
    #[serde(default)]
    originals: Vec<Undo>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Undo {
    /// Where it was fixed.
    file: String,
    /// Empty if it lies in pieces.
    pub(super) original: SecretString,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pieces: Option<Pieces>,
    /// Names of the files beside it, and the digests of what they became.
    beside: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    became: Vec<String>,
    /// Where its values went. None are named of a file with very many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) moved: Vec<Moved>,
}

/// A value that left the file.
#[derive(Deserialize, Serialize)]
pub(super) struct Moved {
    pub(super) path: String,
    pub(super) field: String,
    /// Of the value: it tells whether the store has another one by now.
    pub(super) digest: String,
}

/// An original that is too long for one secret: `DIGEST/PLACE/0` and so on.
#[derive(Deserialize, Serialize)]
struct Pieces {
    count: usize,
    digest: String,
}

#[derive(Deserialize, Serialize)]
struct Piece {
    text: SecretString,
}

/// What one fix did to a file beside.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Step {
    /// Where that lies, and the file for which it was done.
    file: String,
    pub(super) by: String,
    /// What that file became.
    pub(super) of: String,
    /// What stood there; `None` if the fix made it.
    pub(super) before: Option<String>,
    /// Its fix was undone, when a later one still needed the file.
    #[serde(default)]
    pub(super) is_undone: bool,
}

impl Undo {
    /// Names of the files beside it, and the digests of what they became.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.beside
            .iter()
            .enumerate()
            .map(|(at, name)| (name.as_str(), self.became.get(at).map(String::as_str)))
    }

    /// Where a file beside it lay.
    fn place_of(&self, name: &str) -> String {
        beside_place(&self.file, name)
    }
}

impl Shelf<'_> {
    /// The file as it was, and what its fix does to the files beside it.
    pub(super) async fn keep(&self, file: &Original, fixed: &str, plan: &Plan) -> Result<(), Failure> {
        let beside = plan.beside.as_slice();
        let (of, place) = (digest(fixed), file.place());
        for it in beside {
            let step = Step {
                file: beside_place(&place, &it.name),
                by: place.clone(),
                of: of.clone(),
                before: it.before.clone(),
                is_undone: false,
            };
            self.keep_step(&digest(&it.text), step).await?;
        }
        let path = path_of(&of);
        let (mut kept, version) = self.kept(&path).await?;
        kept.originals.retain(|it| it.file != place);
        let mut undo = Undo {
            file: place,
            original: SecretString::new(file.text.as_str()),
            pieces: None,
            beside: beside.iter().map(|it| it.name.clone()).collect(),
            became: beside.iter().map(|it| digest(&it.text)).collect(),
            moved: moved(&plan.entries),
        };
        let others: usize = kept.originals.iter().map(|it| escaped_len(it.original.expose())).sum();
        if others + escaped_len(&file.text) > PIECE {
            undo.pieces = Some(self.put_pieces(&of, &undo).await?);
            undo.original = SecretString::default();
        }
        kept.originals.push(undo);
        self.put_at(&path, &kept, version).await
    }

    /// What a file was before it became this. Another copy of it will do, if there was but one such file.
    pub(super) async fn original(&self, file: &Original) -> Result<Option<Undo>, Failure> {
        let of = digest(&file.text);
        let mut found = self.kept(&path_of(&of)).await?.0.originals;
        let place = file.place();
        let mut undo = match found.iter().position(|it| it.file == place) {
            Some(at) => found.swap_remove(at),
            None if found.len() > 1 => {
                return Err(Failure::new(format!(
                    "several files became what {} is, and it is none of them",
                    file.name
                ))
                .hint("undo it where it was fixed"));
            }
            None => match found.pop() {
                Some(undo) => undo,
                None => return Ok(None),
            },
        };
        if undo.pieces.is_some() {
            undo.original = self.whole(&of, &undo, &file.name).await?;
        }
        Ok(Some(undo))
    }

    /// What fixes did that left a file beside as it is now, the last one first.
    pub(super) async fn steps(&self, undo: &Undo, name: &str, now: &str) -> Result<Vec<Step>, Failure> {
        let mut steps = self.kept(&path_of(&digest(now))).await?.0.steps;
        let place = undo.place_of(name);
        steps.retain(|it| it.file == place);
        steps.reverse();
        Ok(steps)
    }

    /// A fix needs a file beside it no more. Answers what it did to that.
    pub(super) async fn mark_undone(
        &self,
        undo: &Undo,
        name: &str,
        became: &str,
        of: &str,
    ) -> Result<Option<Step>, Failure> {
        let path = path_of(became);
        let (mut kept, version) = self.kept(&path).await?;
        let (place, of) = (undo.place_of(name), digest(of));
        let is_it = |it: &&mut Step| (&it.file, &it.by, &it.of) == (&place, &undo.file, &of);
        let Some(step) = kept.steps.iter_mut().find(is_it) else { return Ok(None) };
        let was_undone = std::mem::replace(&mut step.is_undone, true);
        let step = step.clone();
        if !was_undone {
            self.put_at(&path, &kept, version).await?;
        }
        Ok(Some(step))
    }

    async fn keep_step(&self, became: &str, step: Step) -> Result<(), Failure> {
        let path = path_of(became);
        let (mut kept, version) = self.kept(&path).await?;
        let is_it = |it: &&mut Step| (&it.file, &it.by, &it.of) == (&step.file, &step.by, &step.of);
        match kept.steps.iter_mut().find(is_it) {
            // A run that was cut off comes again: what stood there before the first is what counts.
            Some(there) if !there.is_undone => return Ok(()),
            Some(there) => there.is_undone = false,
            None => kept.steps.push(step),
        }
        self.put_at(&path, &kept, version).await
    }

    async fn put_pieces(&self, of: &str, undo: &Undo) -> Result<Pieces, Failure> {
        let mut count = 0;
        let mut rest = undo.original.expose();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(piece_len(rest));
            let path = piece_path(of, &undo.file, count);
            let (there, version) = self.read_if::<Piece>(&path).await?;
            let piece = Piece { text: SecretString::new(piece) };
            if !there.is_some_and(|it| it.text.is_same(&piece.text)) {
                self.put_at(&path, &piece, version).await?;
            }
            (rest, count) = (behind, count + 1);
        }
        Ok(Pieces { count, digest: digest(undo.original.expose()) })
    }

    /// Puts the pieces together, and makes sure that they are what was taken apart.
    async fn whole(&self, of: &str, undo: &Undo, name: &str) -> Result<SecretString, Failure> {
        let mut whole = Zeroizing::new(String::new());
        let Some(pieces) = &undo.pieces else { return Ok(undo.original.clone()) };
        for at in 0..pieces.count {
            if let (Some(piece), _) = self.read_if::<Piece>(&piece_path(of, &undo.file, at)).await? {
                whole.push_str(piece.text.expose());
            }
        }
        if digest(&whole) != pieces.digest {
            return Err(Failure::new(format!("what the store has of {name} as it was is not whole"))
                .hint("an earlier version of its pieces may be: `secret kv get -version=N`"));
        }
        Ok(SecretString::new(whole.as_str()))
    }

    async fn kept(&self, path: &str) -> Result<(Kept, u64), Failure> {
        let (kept, version) = self.read_if(path).await?;
        Ok((kept.unwrap_or_default(), version))
    }

    async fn put_at<T: Serialize>(&self, path: &str, data: &T, version: u64) -> Result<(), Failure> {
        let expect = if version == 0 { Expect::Absent } else { Expect::Version(version) };
        self.kv().put_if(path, data, expect).await.map_err(|it| self.at(path, it))?;
        Ok(())
    }
}

fn moved(entries: &[Entry]) -> Vec<Moved> {
    let of = |it: &Entry| Moved {
        path: it.reference.path.clone(),
        field: it.reference.field.clone(),
        digest: digest(it.value.expose()),
    };
    if entries.len() > MOST_MOVED { Vec::new() } else { entries.iter().map(of).collect() }
}

fn beside_place(place: &str, name: &str) -> String {
    Path::new(place).with_file_name(name).to_string_lossy().into_owned()
}

fn path_of(digest: &str) -> String {
    format!("{ORIGINALS}/{digest}")
}

fn piece_path(of: &str, place: &str, at: usize) -> String {
    format!("{ORIGINALS}/{of}/{}/{at}", digest(place))
}

pub(super) fn digest(text: &str) -> String {
    HEXLOWER.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}

/// How long it is in JSON.
fn escaped_len(text: &str) -> usize {
    text.chars().map(escaped).sum()
}

fn escaped(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c.is_control() => 6,
        c => c.len_utf8(),
    }
}

/// How much of a text makes one piece.
fn piece_len(text: &str) -> usize {
    let mut len = 0;
    for (at, c) in text.char_indices() {
        len += escaped(c);
        if len > PIECE && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_pieces_that_the_store_takes() {
        for text in ["a".repeat(PIECE), "a".repeat(PIECE + 1), "\u{1}\n\"é€😀".repeat(200_000)] {
            let (mut rest, mut whole) = (text.as_str(), String::new());
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(piece_len(rest));
                assert!(serde_json::to_string(piece).unwrap().len() <= PIECE + 2);
                whole.push_str(piece);
                rest = behind;
            }
            assert_eq!(whole, text);
        }
        assert_eq!((piece_len(&"a".repeat(PIECE)), piece_len(&"\n".repeat(PIECE))), (PIECE, PIECE / 2));
    }

    #[test]
    fn what_an_earlier_version_kept_is_read() {
        let kept: Kept =
            serde_json::from_str(r#"{"originals":[{"file":"/a","original":"b","beside":["c.yaml"]}]}"#)
                .unwrap();
        let undo = kept.originals.first().unwrap();
        assert_eq!(undo.neighbours().collect::<Vec<_>>(), [("c.yaml", None)]);
        assert_eq!(undo.place_of("c.yaml"), "/c.yaml");
    }
}
