//! What Prometheus is told, under the names that the stock injector's dashboards know.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::Phases;

const PREFIX: &str = "vault_agent_injector";
/// Milliseconds.
const BOUNDS: [u64; 13] = [5, 10, 25, 50, 75, 100, 250, 500, 1000, 2500, 5000, 7500, 10_000];
// Rule 111
/// Whoever reaches the port can name namespaces.
const MOST: usize = 1000;
const OTHERS: &str = "(others)";

#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Figures>);

#[derive(Debug, Default)]
struct Figures {
    waiting: u64,
    /// Of each bound, and at the end of all.
    took: [u64; BOUNDS.len() + 1],
    /// Microseconds.
    total: u64,
    injections: BTreeMap<(String, &'static str), u64>,
    failures: BTreeMap<String, u64>,
}

/// A request that is being answered.
pub(crate) struct Waiting<'a>(&'a Metrics);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.with(|it| it.waiting = it.waiting.saturating_sub(1));
    }
}

impl Metrics {
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        self.with(|it| it.waiting += 1);
        Waiting(self)
    }

    pub(crate) fn took(&self, time: Duration) {
        let bound = |it: &u64| time <= Duration::from_millis(*it);
        let at = BOUNDS.iter().position(bound).unwrap_or(BOUNDS.len());
        self.with(|it| {
            if let Some(count) = it.took.get_mut(at) {
                *count += 1;
            }
            it.total = it.total.saturating_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        });
    }

    pub(crate) fn injected(&self, namespace: &str, phases: Phases) {
        self.with(|it| {
            let key = (namespace.to_owned(), phases.name());
            let is_new = !it.injections.contains_key(&key) && it.injections.len() >= MOST;
            let key = if is_new { (OTHERS.to_owned(), phases.name()) } else { key };
            *it.injections.entry(key).or_default() += 1;
        });
    }

    pub(crate) fn failed(&self, namespace: &str) {
        self.with(|it| {
            let is_new = !it.failures.contains_key(namespace) && it.failures.len() >= MOST;
            *it.failures.entry(if is_new { OTHERS } else { namespace }.to_owned()).or_default() += 1;
        });
    }

    /// In Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.with(|it| it.write(&mut out));
        out
    }

    fn with<T>(&self, act: impl FnOnce(&mut Figures) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Figures {
    fn write(&self, out: &mut String) {
        head(out, "request_queue_length", "gauge", "Requests that are being answered");
        let _ = writeln!(out, "{PREFIX}_request_queue_length {}", self.waiting);
        let name = "request_processing_duration_ms";
        head(out, name, "histogram", "How long requests take, in milliseconds");
        let mut sum = 0;
        for (at, count) in self.took.iter().enumerate() {
            sum += count;
            let bound = BOUNDS.get(at).map_or_else(|| "+Inf".to_owned(), ToString::to_string);
            let _ = writeln!(out, "{PREFIX}_{name}_bucket{{le=\"{bound}\"}} {sum}");
        }
        let _ = writeln!(out, "{PREFIX}_{name}_sum {}.{:03}", self.total / 1000, self.total % 1000);
        let _ = writeln!(out, "{PREFIX}_{name}_count {sum}");
        head(out, "injections_by_namespace_total", "counter", "Pods that were given an agent");
        for ((namespace, kind), count) in &self.injections {
            let labels = format!("namespace=\"{}\",injection_type=\"{kind}\"", label(namespace));
            let _ = writeln!(out, "{PREFIX}_injections_by_namespace_total{{{labels}}} {count}");
        }
        head(out, "failed_injections_by_namespace_total", "counter", "Pods that were refused");
        for (namespace, count) in &self.failures {
            let _ = writeln!(
                out,
                "{PREFIX}_failed_injections_by_namespace_total{{namespace=\"{}\"}} {count}",
                label(namespace)
            );
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = write!(out, "# HELP {PREFIX}_{name} {help}\n# TYPE {PREFIX}_{name} {kind}\n");
}

/// As it may stand between quotes; no namespace is longer.
fn label(text: &str) -> String {
    let text: String = text.chars().take(63).collect();
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_counted_and_shown() {
        let metrics = Metrics::default();
        let waiting = metrics.waiting();
        metrics.took(Duration::from_micros(5500));
        metrics.took(Duration::from_secs(60));
        metrics.injected("shop", Phases::Both);
        metrics.injected("shop", Phases::Both);
        metrics.failed("a\"b");
        let text = metrics.text();
        for line in [
            "vault_agent_injector_request_queue_length 1",
            "vault_agent_injector_request_processing_duration_ms_bucket{le=\"5\"} 0",
            "vault_agent_injector_request_processing_duration_ms_bucket{le=\"10\"} 1",
            "vault_agent_injector_request_processing_duration_ms_bucket{le=\"+Inf\"} 2",
            "vault_agent_injector_request_processing_duration_ms_sum 60005.500",
            "vault_agent_injector_injections_by_namespace_total{namespace=\"shop\",injection_type=\"init_and_sidecar\"} 2",
            "vault_agent_injector_failed_injections_by_namespace_total{namespace=\"a\\\"b\"} 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        drop(waiting);
        assert!(metrics.text().contains("request_queue_length 0\n"));
    }

    // Rule 111
    #[test]
    fn invented_namespaces_fill_no_memory() {
        let metrics = Metrics::default();
        for at in 0..2 * MOST {
            metrics.failed(&format!("n{at}"));
            metrics.injected(&format!("n{at}"), Phases::Init);
        }
        let others = format!("{{namespace=\"{OTHERS}\"}} {MOST}");
        assert!(metrics.text().contains(&others));
        assert!(metrics.text().lines().count() < 3 * MOST);
    }
}
