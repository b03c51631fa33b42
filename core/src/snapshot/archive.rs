//! The container, made while it is sent: a piece at a time, never the whole.
//!
//! gzip around tar is what Vault's clients expect. Nothing is compressed: ciphertext does not get smaller.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use super::meta::{META, SEALED, STATE, SUMS};

/// Bytes that are made at a time.
const PIECE: usize = 64 << 10;
/// What tar counts in.
const BLOCK: u64 = 512;

/// An archive whose bytes come out piece by piece.
pub(super) struct Archive {
    out: GzEncoder<Vec<u8>>,
    stage: Stage,
    parts: Parts,
    /// Bytes of the state that are still to come.
    left: u64,
    piece: Vec<u8>,
}

/// All that goes into it.
pub(super) struct Parts {
    pub(super) meta: Vec<u8>,
    /// At its beginning.
    pub(super) state: File,
    pub(super) size: u64,
    pub(super) sums: String,
    pub(super) sealed: String,
    /// Seconds since 1970.
    pub(super) created: u64,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    Begin,
    State,
    End,
    Over,
}

impl Archive {
    pub(super) fn new(parts: Parts) -> Self {
        let out = GzEncoder::new(Vec::with_capacity(PIECE + 1024), Compression::none());
        Self { out, stage: Stage::Begin, left: parts.size, parts, piece: vec![0; PIECE] }
    }

    fn step(&mut self) -> io::Result<()> {
        match self.stage {
            Stage::Begin => {
                let meta = std::mem::take(&mut self.parts.meta);
                self.whole(META, &meta)?;
                self.header(STATE, self.parts.size)?;
                self.stage = Stage::State;
            }
            Stage::State if self.left == 0 => {
                self.pad(self.parts.size)?;
                self.stage = Stage::End;
            }
            Stage::State => {
                let most = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
                let piece = self.piece.get_mut(..most).unwrap_or_default();
                self.parts.state.read_exact(piece)?;
                self.out.write_all(piece)?;
                self.left -= most as u64;
            }
            Stage::End => {
                let (sums, sealed) =
                    (std::mem::take(&mut self.parts.sums), std::mem::take(&mut self.parts.sealed));
                self.whole(SUMS, sums.as_bytes())?;
                self.whole(SEALED, sealed.as_bytes())?;
                // Two empty blocks end a tar.
                self.out.write_all(&[0; 2 * BLOCK as usize])?;
                self.out.try_finish()?;
                self.stage = Stage::Over;
            }
            Stage::Over => {}
        }
        Ok(())
    }

    fn whole(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.header(name, bytes.len() as u64)?;
        self.out.write_all(bytes)?;
        self.pad(bytes.len() as u64)
    }

    fn header(&mut self, name: &str, size: u64) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_path(name)?;
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o600);
        header.set_mtime(self.parts.created);
        header.set_size(size);
        header.set_cksum();
        self.out.write_all(header.as_bytes())
    }

    /// Zeroes up to the next block.
    fn pad(&mut self, size: u64) -> io::Result<()> {
        let over = usize::try_from(size % BLOCK).unwrap_or(0);
        let zeroes = [0; BLOCK as usize];
        let missing = if over == 0 { 0 } else { zeroes.len() - over };
        self.out.write_all(zeroes.get(..missing).unwrap_or_default())
    }
}

impl Iterator for Archive {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.out.get_ref().is_empty() {
            if self.stage == Stage::Over {
                return None;
            }
            if let Err(error) = self.step() {
                // What is missing tells the receiver: there is no end.
                self.stage = Stage::Over;
                return Some(Err(error));
            }
        }
        Some(Ok(std::mem::take(self.out.get_mut()).into()))
    }
}
