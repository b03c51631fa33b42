//! How the agent fares, for Prometheus and for Vault's tools.

use std::{
    fmt::Write as _,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use serde::Serialize;
use serde_json::{Value, json};

use crate::fetch::{self, Fetch};

/// Counted by the main loop, read by listeners.
pub(crate) struct Metrics {
    fetch: Fetch,
    logged_in: AtomicBool,
    logins: AtomicU64,
    renders: AtomicU64,
    failures: AtomicU64,
    templates: Mutex<Templates>,
}

/// Templates by their state.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Templates {
    pub(crate) rendered: usize,
    pub(crate) waiting: usize,
    pub(crate) failed: usize,
}

/// Whether somebody should look.
#[derive(Serialize)]
pub(crate) struct Health {
    logged_in: bool,
    templates: Templates,
    /// Paths whose values are older than they may be.
    stale: Vec<String>,
}

impl Health {
    pub(crate) fn is_good(&self) -> bool {
        self.logged_in && self.templates.waiting == 0 && self.templates.failed == 0 && self.stale.is_empty()
    }
}

impl Metrics {
    pub(crate) fn new(fetch: Fetch) -> Self {
        Self {
            fetch,
            logged_in: AtomicBool::new(false),
            logins: AtomicU64::new(0),
            renders: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            templates: Mutex::default(),
        }
    }

    pub(crate) fn set_logged_in(&self, is: bool) {
        let was = self.logged_in.swap(is, Ordering::Relaxed);
        if is && !was {
            self.logins.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn set_templates(&self, templates: Templates, renders: u64, failures: u64) {
        *self.templates() = templates;
        self.renders.store(renders, Ordering::Relaxed);
        self.failures.store(failures, Ordering::Relaxed);
    }

    pub(crate) fn health(&self) -> Health {
        let stale = self.fetch.health().into_iter().filter(|it| it.is_stale).map(|it| it.path).collect();
        Health { logged_in: self.logged_in.load(Ordering::Relaxed), templates: *self.templates(), stale }
    }

    /// The text format of Prometheus, version 0.0.4.
    pub(crate) fn as_prometheus(&self) -> String {
        let mut out = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: &[(String, f64)]| {
            // Writing to a string does not fail.
            let _ =
                writeln!(out, "# HELP strongroom_agent_{name} {help}\n# TYPE strongroom_agent_{name} {kind}");
            for (labels, value) in lines {
                let _ = writeln!(out, "strongroom_agent_{name}{labels} {value}");
            }
        };
        let Numbers { logged_in, renders, failures, templates, paths } = self.numbers();
        let one = |value| [(String::new(), value)];
        family("logged_in", "gauge", "Whether the agent has a login that is alive.", &one(logged_in));
        family("renders_total", "counter", "Templates that were rendered.", &one(renders));
        family(
            "render_failures_total",
            "counter",
            "Templates that could not be rendered or written.",
            &one(failures),
        );
        let states =
            [("rendered", templates.rendered), ("waiting", templates.waiting), ("failed", templates.failed)];
        let states = states.map(|(state, count)| (format!("{{state=\"{state}\"}}"), count_of(count)));
        family("templates", "gauge", "Templates by their state.", &states);
        let by_path = |value: &dyn Fn(&fetch::Health) -> Option<f64>| -> Vec<(String, f64)> {
            paths.iter().filter_map(|it| Some((label(&it.path), value(it)?))).collect()
        };
        let ages = by_path(&|it| it.age.map(|it| it.as_secs_f64()));
        family("staleness_seconds", "gauge", "Since the server last confirmed the value of a path.", &ages);
        let stale = by_path(&|it| Some(f64::from(u8::from(it.is_stale))));
        family("stale", "gauge", "Whether a value is older than max_stale allows.", &stale);
        let failing = by_path(&|it| Some(f64::from(it.failures)));
        family("read_failures", "gauge", "Attempts that have failed since the last success.", &failing);
        out
    }

    /// The shape of go-metrics' in-memory sink, which Vault's agent answers.
    pub(crate) fn as_json(&self) -> Value {
        let Numbers { logged_in, renders, failures, templates, paths } = self.numbers();
        let gauge = |name: &str, value: f64, labels: Value| json!({ "Name": format!("strongroom.agent.{name}"), "Value": value, "Labels": labels });
        let mut gauges = vec![
            gauge("logged_in", logged_in, json!({})),
            gauge("renders_total", renders, json!({})),
            gauge("render_failures_total", failures, json!({})),
        ];
        let states =
            [("rendered", templates.rendered), ("waiting", templates.waiting), ("failed", templates.failed)];
        gauges.extend(
            states.map(|(state, count)| gauge("templates", count_of(count), json!({ "state": state }))),
        );
        let ages = paths.iter().filter_map(|it| Some((it, it.age?)));
        gauges.extend(
            ages.map(|(it, age)| gauge("staleness_seconds", age.as_secs_f64(), json!({ "path": it.path }))),
        );
        let now =
            time::OffsetDateTime::now_utc().replace_nanosecond(0).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        let timestamp = now.format(&time::macros::format_description!(
            "[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC"
        ));
        let logins = self.logins.load(Ordering::Relaxed);
        let counters = [
            json!({ "Name": "strongroom.agent.auth.success", "Count": logins, "Sum": logins, "Labels": {} }),
        ];
        json!({ "Timestamp": timestamp.unwrap_or_default(), "Gauges": gauges, "Counters": counters, "Points": [], "Samples": [] })
    }

    fn numbers(&self) -> Numbers {
        let count = |it: &AtomicU64| {
            #[allow(clippy::cast_precision_loss, reason = "2^53 renderings take longer than machines live")]
            let count = it.load(Ordering::Relaxed) as f64;
            count
        };
        Numbers {
            logged_in: f64::from(u8::from(self.logged_in.load(Ordering::Relaxed))),
            renders: count(&self.renders),
            failures: count(&self.failures),
            templates: *self.templates(),
            paths: self.fetch.health(),
        }
    }

    fn templates(&self) -> MutexGuard<'_, Templates> {
        self.templates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Numbers {
    logged_in: f64,
    renders: f64,
    failures: f64,
    templates: Templates,
    paths: Vec<fetch::Health>,
}

fn count_of(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A path as a label's value (prometheus.io, exposition formats).
fn label(path: &str) -> String {
    format!("{{path=\"{}\"}}", path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paths_label_is_quoted() {
        assert_eq!(label("secret/db"), "{path=\"secret/db\"}");
        assert_eq!(label("a\"b\\c\nd"), "{path=\"a\\\"b\\\\c\\nd\"}");
    }
}
