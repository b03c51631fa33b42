//! Where it was measured, and with what.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Seek as _, SeekFrom, Write as _},
    process::Command,
    time::Instant,
};

use serde::{Deserialize, Serialize};

use crate::{Failure, Options};

#[derive(Deserialize, Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_gb: f64,
    pub kernel: String,
    /// Of the directory that the servers' data lie in.
    pub filesystem: String,
    /// Microseconds: the median of writing 4 KiB over and over again and waiting for the disk.
    pub sync: f64,
    pub versions: BTreeMap<String, String>,
}

impl Machine {
    pub fn look(options: &Options) -> Result<Self, Failure> {
        let processor = fs::read_to_string("/proc/cpuinfo")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let kilobytes: f64 = word(&memory, "MemTotal:").trim_end_matches("kB").trim().parse()?;
        let secret = options.secret.to_string_lossy().into_owned();
        let bao = options.bao.to_string_lossy().into_owned();
        let manifest = env!("CARGO_MANIFEST_DIR");
        let versions = [
            ("strongroom", first_line(&secret, &["--version"])),
            ("commit", first_line("git", &["-C", manifest, "describe", "--always", "--dirty"])),
            ("openbao", first_line(&bao, &["version"])),
            ("wrk", first_line("wrk", &["-v"])),
            ("oha", first_line("oha", &["--version"])),
            ("openssl", first_line("openssl", &["version"])),
        ];
        Ok(Self {
            processor: word(&processor, "model name").trim_start_matches([':', ' ']).to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            memory_gb: kilobytes / 1e6,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            filesystem: first_line("stat", &["-f", "-c", "%T", &env::temp_dir().display().to_string()]),
            sync: sync()?,
            versions: versions.map(|(name, version)| (name.to_owned(), version)).into(),
        })
    }
}

/// RFC 3339, in UTC.
pub(super) fn date() -> Result<String, Failure> {
    match first_line("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]) {
        date if date.is_empty() => Err("date tells no time".into()),
        date => Ok(date),
    }
}

fn word<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|it| it.strip_prefix(name)).unwrap_or_default().trim()
}

/// Some programs tell their version on the other channel, and with another exit status.
fn first_line(program: &str, args: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(args).output() else { return String::new() };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().trim().to_owned()
}

/// What a commit waits for at least.
fn sync() -> Result<f64, Failure> {
    let mut file = tempfile::tempfile()?;
    let mut times = Vec::new();
    for _ in 0..101 {
        let begin = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(50).copied().unwrap_or_default().as_secs_f64() * 1e6)
}
