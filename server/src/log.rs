//! The server's log: on standard error, one line an event, and never in the way.
//!
//! Lines go to a thread through a bounded queue. If whoever started the server does not read our pipe, the
//! queue fills and lines are dropped and counted; requests do not wait.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use strongroom_core::clock::{Clock as _, SystemClock};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    registry::LookupSpan,
};

use crate::config::Log;

const QUEUE: usize = 4096;

/// Lets the lines that are queued go out before the process ends.
pub struct Flush(SyncSender<Line>);

enum Line {
    Text(Vec<u8>),
    Flush(SyncSender<()>),
}

impl Flush {
    /// Waits for what is queued, but not for a reader who is not there.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.0.try_send(Line::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(Duration::from_millis(200));
        }
    }
}

/// Sets the log up for the whole process; the second time it has no effect.
pub fn init(settings: &Log) -> io::Result<Flush> {
    let (lines, queue) = sync_channel(QUEUE);
    let dropped = Arc::new(AtomicU64::new(0));
    let counted = dropped.clone();
    std::thread::Builder::new()
        .name("log".into())
        .spawn(move || write_all(&queue, &counted, io::stderr()))?;
    let sink = Sink { lines: lines.clone(), dropped };
    let level = settings.level;
    // The libraries below us have nothing to say that an operator asked for.
    let filter = EnvFilter::new(format!(
        "warn,strongroom_core={level},strongroom_csi={level},strongroom_server={level}"
    ));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(sink);
    let _ = match settings.json {
        true => builder.event_format(Json).try_init(),
        false => builder.with_ansi(false).try_init(),
    };
    Ok(Flush(lines))
}

// Rules 97, 101
/// From now on a panic is a line that says where, and not about what: the library's own messages quote the text that
/// was being cut or the value that was wrong.
pub fn hide_what_panics_are_about() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        match tracing::dispatcher::has_been_set() {
            true => tracing::error!(place, "a thread panicked"),
            false => drop(writeln!(io::stderr(), "a thread panicked at {place}")),
        }
    }));
}

/// A line for the operator from whoever runs the server.
pub fn warn(line: &str) {
    tracing::warn!("{line}");
}

fn write_all(queue: &Receiver<Line>, dropped: &AtomicU64, mut out: impl Write) {
    while let Ok(line) = queue.recv() {
        let lost = dropped.swap(0, Relaxed);
        if lost > 0 {
            let _ = writeln!(out, "{lost} log lines were dropped");
        }
        match line {
            Line::Text(text) => drop(out.write_all(&text)),
            Line::Flush(done) => drop(done.send(())),
        }
    }
}

#[derive(Clone)]
struct Sink {
    lines: SyncSender<Line>,
    dropped: Arc<AtomicU64>,
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Line::Text(buf.to_vec())).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// `{"@timestamp":..,"@level":..,"@message":..,"@module":..}` and the event's fields: as Vault logs, so that
/// pipelines made for it read ours.
struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut line = serde_json::Map::new();
        let time = SystemClock::default().wall().rfc3339();
        line.insert("@timestamp".into(), time.into());
        line.insert("@level".into(), event.metadata().level().as_str().to_ascii_lowercase().into());
        line.insert("@message".into(), fields.message.into());
        line.insert("@module".into(), event.metadata().target().into());
        line.extend(fields.others);
        writeln!(writer, "{}", serde_json::Value::Object(line))
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: serde_json::Map<String, serde_json::Value>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            name => drop(self.others.insert(name.to_owned(), value.into())),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(buf);
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_pipe_loses_lines_and_holds_nobody_up() {
        let (lines, queue) = sync_channel(2);
        let mut sink = Sink { lines, dropped: Arc::default() };
        for _ in 0..5 {
            sink.write_all(b"line\n").unwrap();
        }
        let dropped = sink.dropped.clone();
        drop(sink);
        let out = Kept::default();
        write_all(&queue, &dropped, out.clone());
        assert_eq!(*out.0.lock().unwrap(), b"3 log lines were dropped\nline\nline\n");
    }

    // Rules 30, 97, 101
    #[test]
    fn a_panic_is_told_of_without_what_it_was_about() {
        let out = Kept::default();
        let kept = out.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || kept.clone()).finish();
        let secret = String::from("hunter2é");
        hide_what_panics_are_about();
        let outcome = tracing::subscriber::with_default(subscriber, || {
            std::panic::catch_unwind(|| secret[..std::hint::black_box(8)].len())
        });
        drop(std::panic::take_hook());
        let message = outcome.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("hunter2"), "the library quotes the text: {message}");
        let log = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("a thread panicked") && log.contains("log.rs:"), "{log}");
        assert!(!log.contains("hunter2"), "{log}");
    }

    #[test]
    fn a_line_has_the_names_that_pipelines_know() {
        let out = Kept::default();
        let kept = out.clone();
        let subscriber =
            tracing_subscriber::fmt().event_format(Json).with_writer(move || kept.clone()).finish();
        tracing::subscriber::with_default(subscriber, || tracing::warn!(count = 3, "a \"message\"\n"));
        let line: serde_json::Value = serde_json::from_slice(&out.0.lock().unwrap()).unwrap();
        assert_eq!((&line["@level"], &line["@message"]), (&"warn".into(), &"a \"message\"\n".into()));
        assert_eq!((&line["count"], &line["@module"]), (&3.into(), &"strongroom_server::log::tests".into()));
        assert!(line["@timestamp"].as_str().unwrap().ends_with('Z'));
    }
}
