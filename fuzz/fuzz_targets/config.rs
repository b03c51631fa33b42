//! Configurations: no text panics, what is not taken is told in one line, and what is taken has a listener.
#![no_main]

use std::{path::PathBuf, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use strongroom_server::config::Config;

fn file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = ["/dev/shm", "/tmp"].map(PathBuf::from).into_iter().find(|it| it.is_dir());
        folder.expect("a folder for temporary files").join(format!("fuzz-config-{}.hcl", std::process::id()))
    })
}

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(file(), bytes).expect("a file");
    match Config::load(std::slice::from_ref(file())) {
        Ok(config) => assert!(!config.listeners.is_empty()),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }
});
