//! `path "secret/db" { ... }`: what holds for some secrets and not for the others.

use std::time::Duration;

use strongroom_hcl::{BlockView, ReadError, Reader};

use super::{duration, keys};

/// Rules in the order in which they stand; the longest pattern that fits decides.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PathRules(Vec<(String, PathRule)>);

/// What holds for a secret.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PathRule {
    /// Values that the server has not confirmed for longer are not used at a start, and are told of.
    pub max_stale: Option<Duration>,
    pub on_revoke: OnRevoke,
    /// The read is a lease for so long, kept for as long as the agent runs: the server knows who uses the secret.
    pub hold: Option<Duration>,
}

/// When a secret may not be read any more, is gone, or its lease is over.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnRevoke {
    /// What was rendered stays.
    #[default]
    Keep,
    /// The files that it was rendered into are removed.
    Remove,
}

impl PathRules {
    /// What holds for `path`, as a template writes it.
    #[must_use]
    pub fn of(&self, path: &str) -> PathRule {
        let path = path.split('?').next().unwrap_or_default().trim_matches('/');
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == pattern,
        };
        let fitting = self.0.iter().filter(|(pattern, _)| fits(pattern));
        fitting
            .max_by_key(|(pattern, _)| (pattern.trim_end_matches('*').len(), !pattern.ends_with('*')))
            .map(|(_, rule)| *rule)
            .unwrap_or_default()
    }
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    block: &BlockView<'_>,
    rules: &mut PathRules,
) -> Result<(), ReadError> {
    reader.check_keys(block.body, &keys::PATH, "path")?;
    let pattern = block.label(0).trim_matches('/').to_owned();
    let on_revoke = reader.parsed(block.body, "on_revoke", "keep or remove", |it| match it {
        "keep" => Some(OnRevoke::Keep),
        "remove" => Some(OnRevoke::Remove),
        _ => None,
    })?;
    let time = |name| Ok::<_, ReadError>(duration(reader, block.body, name)?.filter(|it| !it.is_zero()));
    let (max_stale, hold) = (time("max_stale")?, time("hold")?);
    rules.0.push((pattern, PathRule { max_stale, on_revoke: on_revoke.unwrap_or_default(), hold }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pattern_decides() {
        let rule = |seconds| PathRule { hold: Some(Duration::from_secs(seconds)), ..PathRule::default() };
        let all = [("*", 1), ("secret/*", 2), ("secret/db", 3), ("secret/db*", 4)];
        let rules = PathRules(all.iter().map(|(it, seconds)| ((*it).to_owned(), rule(*seconds))).collect());
        for (path, seconds) in
            [("kv/x", 1), ("secret/x", 2), ("/secret/db/", 3), ("secret/db?version=2", 3), ("secret/db2", 4)]
        {
            assert_eq!(rules.of(path), rule(seconds), "{path}");
        }
        assert_eq!(PathRules::default().of("secret/db"), PathRule::default());
    }
}
