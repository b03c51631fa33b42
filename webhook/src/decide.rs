//! From what the API server asks to what it is told.

use serde_json::Value;

use crate::{
    Settings,
    annotations::{Given, shown},
    inject,
    pod::Pod,
    review::{Malformed, Review},
    wish::{Phases, Wish, text},
};

/// Where the cluster's own pods are, which must start without us.
const SYSTEM: [&str; 2] = ["kube-system", "kube-public"];
/// The API server cuts what is longer.
const LONGEST_WARNING: usize = 256;

/// One question and what becomes of its pod.
#[derive(Debug)]
pub struct Decided {
    review: Review,
    outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    /// With a JSON patch, which may be empty, and what the pod's author should know.
    Allowed {
        patch: Vec<Value>,
        warnings: Vec<String>,
        injected: Option<Phases>,
    },
    Refused(Refusal),
}

/// Why a pod cannot be as it was asked for. Values are not quoted, names of annotations are.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("annotation {name}: {why}")]
    Annotation { name: String, why: String },
    #[error("the pod cannot have an agent: {0}")]
    Pod(&'static str),
    #[error("the pod cannot have an agent: {0}")]
    Clash(String),
    #[error("the agent would not take its configuration: {0}")]
    Config(String),
}

impl Refusal {
    pub(crate) fn annotation(name: &str, why: impl Into<String>) -> Self {
        Self::Annotation { name: shown(name), why: why.into() }
    }
}

/// Decides on a pod that the API server asks about.
///
/// # Errors
///
/// [`Malformed`] where the body is no question.
pub fn decide(settings: &Settings, body: &[u8]) -> Result<Decided, Malformed> {
    let review = Review::parse(body)?;
    let outcome = patched(settings, &review).unwrap_or_else(Outcome::Refused);
    Ok(Decided { review, outcome })
}

impl Decided {
    /// An AdmissionReview of the version that asked.
    #[must_use]
    pub fn answer(&self) -> Value {
        match &self.outcome {
            Outcome::Allowed { patch, warnings, .. } => self.review.allowed(patch, warnings),
            Outcome::Refused(refusal) => self.review.refused(&format!("strongroom: {refusal}")),
        }
    }

    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.review.namespace
    }

    /// What happens to this pod is not to be seen anywhere.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.review.dry_run
    }
}

fn patched(settings: &Settings, review: &Review) -> Result<Outcome, Refusal> {
    let untouched = |warnings| Ok(Outcome::Allowed { patch: Vec::new(), warnings, injected: None });
    if !review.is_new_pod {
        return untouched(Vec::new());
    }
    let pod = Pod::new(&review.object);
    let wants = pod.annotations().filter(|(key, _)| key.ends_with("/agent-inject")).count();
    if wants == 0 || pod.is_injected() {
        return untouched(Vec::new());
    }
    let given = Given::read(pod.annotations())?;
    match given.whole("agent-inject").map(text::flag) {
        None | Some(Ok(false)) => return untouched(Vec::new()),
        Some(Ok(true)) => {}
        Some(Err(why)) => return Err(Refusal::annotation("agent-inject", why)),
    }
    let namespace = review.namespace.as_str();
    if SYSTEM.contains(&namespace) || settings.own_namespace.as_deref() == Some(namespace) {
        let warning = "strongroom: pods of this namespace start without an agent, whatever they ask for";
        return untouched(vec![warning.to_owned()]);
    }
    let wish = Wish::read(given, &pod, settings)?;
    let patch = inject::patch(&wish, pod, settings)?;
    Ok(Outcome::Allowed { patch, injected: Some(wish.phases), warnings: cut(wish.warnings) })
}

fn cut(warnings: Vec<String>) -> Vec<String> {
    let one = |text: String| {
        let text = format!("strongroom: {text}");
        text.chars().take(LONGEST_WARNING).collect()
    };
    warnings.into_iter().take(16).map(one).collect()
}
