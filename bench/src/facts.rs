//! What is no rate: size of the binary, idle memory, time from start to serving.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    Failure, Options, say,
    server::{Process, free_port, strongroom_config, wait_for},
    setup,
};

/// Starts of which the median is taken.
const STARTS: usize = 9;

pub fn print(options: &Options) -> Result<(), Failure> {
    let size =
        fs::metadata(&options.secret).map_err(|error| format!("{}: {error}", options.secret.display()))?;
    // Of the release profile, which takes long to link; CI measures another.
    let profile = options.secret.parent().and_then(Path::file_name).unwrap_or_default().display();
    say(&format!(
        "binary                     {:>8.1} MB   (at most 20 in release; this is {profile})",
        megabytes(size.len())
    ));
    let (start, memory) = start_to_serving(options)?;
    say(&format!(
        "start to serving, unsealed {:>8.1} ms   (at most 30; key file, fresh store)",
        millis(start)
    ));
    say(&format!("resident memory, idle      {:>8.1} MB   (at most 20)", megabytes(memory)));
    Ok(())
}

/// From the start of the process to the first answer that it is unsealed, and its memory then.
fn start_to_serving(options: &Options) -> Result<(Duration, u64), Failure> {
    let home = tempfile::tempdir()?;
    let key = home.path().join("unseal.key");
    fs::write(&key, [0x5a; 32])?;
    restrict(&key)?;
    let port = free_port()?;
    let seal = format!("seal \"keyfile\" {{ path = \"{}\" }}\n", key.display());
    let file = home.path().join("server.hcl");
    fs::write(&file, strongroom_config(home.path(), port)? + &seal)?;

    let mut times = Vec::new();
    let mut memory = 0;
    for round in 0..=STARTS {
        let begin = Instant::now();
        let process = Process::spawn(
            Command::new(&options.secret)
                .args(["server", &format!("-config={}", file.display())])
                .current_dir(home.path()),
        )?;
        wait_for(port)?;
        let url = format!("http://127.0.0.1:{port}");
        if round == 0 {
            // The first start makes the store.
            setup::put(&url, "sys/init", "", &json!({ "recovery_shares": 1, "recovery_threshold": 1 }))?;
            continue;
        }
        while setup::get_text(&format!("{url}/v1/sys/health"), "").is_err() {
            if begin.elapsed() > Duration::from_secs(10) {
                return Err("the server does not unseal itself".into());
            }
        }
        times.push(begin.elapsed());
        memory = resident(process.id())?;
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok((median, memory))
}

fn restrict(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o400))?)
}

/// Bytes of resident memory (`VmRSS`).
pub fn resident(id: u32) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}

#[allow(clippy::cast_precision_loss, reason = "a figure for reading")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
