//! Who still has the old value, as far as the server knows: readers with a lease.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{commands::lease, context::Context, failure::Failure, output::note};

/// The new value is stored; that everybody has it is not known.
pub(super) const BEHIND: u8 = 3;

/// Between two looks, at first and at most.
const SOON: Duration = Duration::from_millis(250);
const LATE: Duration = Duration::from_secs(5);

/// The leases of one secret.
pub(super) enum Holders {
    Known(Vec<Value>),
    /// Why nothing is known of them.
    Unknown(&'static str),
}

/// Whoever holds what lies at `path` (`secret/data/db`).
pub(super) async fn of(cx: &Context, path: &str) -> Result<Holders, Failure> {
    match lease::holdings(cx, path).await {
        Ok(mut all) => {
            // Not of what lies below a folder of the same name.
            all.retain(|it| it.get("path").and_then(Value::as_str) == Some(path));
            Ok(Holders::Known(all))
        }
        Err(error) => match error.status() {
            Some(403) => Ok(Holders::Unknown("your token may not see who holds it")),
            Some(404 | 405) => Ok(Holders::Unknown("this server does not tell who holds what")),
            _ => Err(error.into()),
        },
    }
}

impl Holders {
    /// Those that have an older version.
    pub(super) fn behind(self, version: u64) -> Self {
        match self {
            Self::Known(all) => Self::Known(older(all, version)),
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    pub(super) fn is_nobody(&self) -> bool {
        matches!(self, Self::Known(all) if all.is_empty())
    }
}

impl From<Holders> for Value {
    fn from(holders: Holders) -> Self {
        match holders {
            Holders::Known(all) => Self::Array(all),
            Holders::Unknown(_) => Self::Null,
        }
    }
}

/// Waits until nobody holds an older version, or the time is over, and answers who does then.
pub(super) async fn wait(
    cx: &Context,
    path: &str,
    version: u64,
    limit: Duration,
) -> Result<Vec<Value>, Failure> {
    let begin = Instant::now();
    let (mut pause, mut told) = (SOON, 0);
    let lost = |why: &str| {
        Failure::new(format!("version {version} is stored, but who has it is not known any more: {why}"))
            .code(BEHIND)
    };
    loop {
        match of(cx, path).await {
            Ok(Holders::Known(all)) => {
                // Nothing, or the first versions of another secret.
                if all.iter().any(|it| number(it, "current_version") < version) {
                    return Err(lost("somebody has deleted the secret"));
                }
                let behind = older(all, version);
                if behind.is_empty() || begin.elapsed() >= limit {
                    return Ok(behind);
                }
                if behind.len() != told {
                    told = behind.len();
                    note(&format!("waiting for {} to read version {version}", counted(told)));
                }
            }
            Ok(Holders::Unknown(why)) => return Err(lost(why)),
            Err(failure) if failure.is_transient && begin.elapsed() < limit => {}
            Err(failure) => return Err(lost(failure.message())),
        }
        tokio::time::sleep(pause.min(limit.saturating_sub(begin.elapsed()))).await;
        pause = (pause * 2).min(LATE);
    }
}

fn older(mut all: Vec<Value>, version: u64) -> Vec<Value> {
    all.retain(|it| number(it, "version") < version);
    all
}

fn counted(holders: usize) -> String {
    format!("{holders} holder{}", if holders == 1 { "" } else { "s" })
}

fn number(holding: &Value, name: &str) -> u64 {
    holding.get(name).and_then(Value::as_u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_has_a_later_version_is_not_behind() {
        let all = [1, 3, 4, 5].map(|version| json!({ "version": version })).to_vec();
        assert_eq!(older(all, 4), [json!({ "version": 1 }), json!({ "version": 3 })]);
    }
}
