//! What the agent says, one line for each thing, on standard error.
//!
//! A parent that never reads a pipe must not stop secrets from being kept fresh: lines are written by a thread of
//! their own, and dropped when too many wait.

use std::{
    fmt,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Lines that wait for whoever reads them.
const WAITING: usize = 1024;
/// At the end, for the lines that wait.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Level {
    /// By Vault's names.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "err" | "error" => Self::Error,
            "warn" | "warning" => Self::Warn,
            "info" | "" => Self::Info,
            "debug" | "trace" => Self::Debug,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// Where lines go; clones write to the same.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("least", &self.0.least).finish_non_exhaustive()
    }
}

struct Inner {
    /// Who speaks.
    name: &'static str,
    least: Level,
    json: bool,
    lines: SyncSender<String>,
    /// Lines that nobody will read.
    lost: AtomicU64,
}

/// Waits for the lines that were said.
pub struct Flush(Option<JoinHandle<()>>);

impl Log {
    /// Lines of `least` and what is worse go to standard error.
    #[must_use]
    pub fn start(least: Level, json: bool) -> (Self, Flush) {
        Self::start_as("agent", least, json)
    }

    /// The same for another program than the agent.
    #[must_use]
    pub fn start_as(name: &'static str, least: Level, json: bool) -> (Self, Flush) {
        let (lines, waiting) = sync_channel(WAITING);
        let writer = std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&waiting)).ok();
        (Self(Arc::new(Inner { name, least, json, lines, lost: AtomicU64::new(0) })), Flush(writer))
    }

    pub fn error(&self, text: &str) {
        self.say(Level::Error, text);
    }

    pub fn warn(&self, text: &str) {
        self.say(Level::Warn, text);
    }

    pub fn info(&self, text: &str) {
        self.say(Level::Info, text);
    }

    pub fn debug(&self, text: &str) {
        self.say(Level::Debug, text);
    }

    fn say(&self, level: Level, text: &str) {
        if level > self.0.least {
            return;
        }
        let lost = self.0.lost.load(Ordering::Relaxed);
        if lost > 0 && self.send(Level::Warn, &format!("{lost} lines were lost: nobody has read them")) {
            self.0.lost.fetch_sub(lost, Ordering::Relaxed);
        }
        if !self.send(level, text) {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn send(&self, level: Level, text: &str) -> bool {
        self.0.lines.try_send(line(self.0.name, self.0.json, level, text, OffsetDateTime::now_utc())).is_ok()
    }

    /// Says nothing.
    #[cfg(test)]
    pub(crate) fn quiet() -> Self {
        let (lines, _) = sync_channel(1);
        Self(Arc::new(Inner {
            name: "agent",
            least: Level::Error,
            json: false,
            lines,
            lost: AtomicU64::new(0),
        }))
    }
}

fn line(name: &str, json: bool, level: Level, text: &str, now: OffsetDateTime) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        time: &'a str,
        level: &'a str,
        message: &'a str,
    }
    let time = now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
    let line = match json {
        true => serde_json::to_string(&Line { time: &time, level: level.name(), message: text }),
        // A line stays one, whatever a file is called.
        false => Ok(format!(
            "{time} [{:<5}] {name}: {}",
            level.name().to_uppercase(),
            text.replace(['\n', '\r'], " ")
        )),
    };
    line.unwrap_or_default() + "\n"
}

fn write(waiting: &Receiver<String>) {
    while let Ok(line) = waiting.recv() {
        // There is nobody to tell that nobody can be told.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let Some(writer) = self.0.take() else { return };
        let until = Instant::now() + PATIENCE;
        while !writer.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let plain = line("agent", false, Level::Warn, "a\nb", now);
        assert_eq!(plain, "1970-01-01T00:00:00Z [WARN ] agent: a b\n");
        let json: serde_json::Value =
            serde_json::from_str(&line("agent", true, Level::Info, "a\nb", now)).unwrap();
        assert_eq!(json["message"], "a\nb");
        assert_eq!(json["level"], "info");
    }

    #[test]
    fn who_is_not_read_does_not_wait() {
        let (lines, _unread) = sync_channel(2);
        let log = Log(Arc::new(Inner {
            name: "agent",
            least: Level::Info,
            json: false,
            lines,
            lost: AtomicU64::new(0),
        }));
        for _ in 0..100 {
            log.info("x");
        }
        log.debug("not even counted");
        assert_eq!(log.0.lost.load(Ordering::Relaxed), 98);
    }
}
