//! Tokens do not belong into a server's environment: whatever it starts would inherit them.

use std::ffi::OsStr;

/// The variables in which clients keep tokens.
const TOKENS: &[&str] = &["BAO_TOKEN", "STRONGROOM_TOKEN", "VAULT_TOKEN"];

// Rule 28
/// Removes tokens from the environment, from what `/proc` shows of it too, and answers their names.
///
/// To be called before there are threads.
pub fn remove_tokens() -> Vec<&'static str> {
    TOKENS.iter().copied().filter(|name| remove_variable(name)).collect()
}

/// Removes a variable from the environment, and its value from what `/proc` shows of it. Answers whether it
/// was there.
///
/// To be called before there are threads.
#[allow(clippy::disallowed_methods, reason = "this is the file for it")]
pub fn remove_variable(name: impl AsRef<OsStr>) -> bool {
    let name = name.as_ref();
    let Some(value) = std::env::var_os(name) else { return false };
    overwrite(name, value.len());
    drop(value);
    // SAFETY: the caller promises that no other thread reads or writes the environment.
    unsafe { std::env::remove_var(name) };
    true
}

/// Overwrites the value where the kernel put it: `remove_var` only takes the pointer out of the table.
fn overwrite(name: &OsStr, len: usize) {
    use std::os::unix::ffi::OsStrExt as _;
    let Ok(name) = std::ffi::CString::new(name.as_bytes()) else { return };
    // SAFETY: `name` ends in a zero byte; nobody else changes the environment meanwhile.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if !value.is_null() {
        // SAFETY: `getenv` points at `len` bytes of value and a zero byte behind them; the stack's environment
        // is writable.
        unsafe { std::ptr::write_bytes(value, b'*', len) };
    }
}
