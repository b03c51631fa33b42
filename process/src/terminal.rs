//! A line from the terminal that is not shown.

use std::{
    io::{self, Read as _},
    mem::MaybeUninit,
};

/// What a line may have; more is cut off.
const MAX_LINE: usize = 4096;

/// Reads a line from standard input with the terminal's echo off, without its end. The buffer has its final
/// capacity from the beginning, so that no copy is left behind.
///
/// # Errors
///
/// Standard input is no terminal, or has ended.
pub fn read_hidden_line() -> io::Result<Vec<u8>> {
    let _quiet = Quiet::new()?;
    let mut line = Vec::with_capacity(MAX_LINE);
    let mut byte = [0];
    let mut input = Unbuffered;
    loop {
        if input.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match byte {
            [b'\n'] => return Ok(line),
            [other] if line.len() < MAX_LINE => line.push(other),
            _ => {}
        }
    }
}

/// Standard input without the library's buffer, which would keep a copy.
struct Unbuffered;

impl io::Read for Unbuffered {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(io::stdin(), buf)?)
    }
}

/// Echo is off for as long as this lives.
struct Quiet(libc::termios);

impl Quiet {
    fn new() -> io::Result<Self> {
        let mut settings = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: `settings` has room for what `tcgetattr` writes.
        if unsafe { libc::tcgetattr(libc::STDIN_FILENO, settings.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it has succeeded, so all of it is written.
        let before = unsafe { settings.assume_init() };
        let mut quiet = before;
        quiet.c_lflag &= !libc::ECHO;
        set(&quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = set(&self.0);
    }
}

fn set(settings: &libc::termios) -> io::Result<()> {
    // SAFETY: reads `settings`, which is whole.
    match unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSAFLUSH, settings) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
