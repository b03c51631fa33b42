//! What a pod's annotations say, in whichever spelling.

mod known;

use std::collections::BTreeMap;

pub use known::{KNOWN, Known, Reach, Use};

use crate::decide::Refusal;

/// Ours comes first: where it says something, the others' word does not count.
pub(crate) const OURS: &str = "strongroom.dev/";
pub(crate) const PREFIXES: [&str; 3] = [OURS, "vault.hashicorp.com/", "openbao.org/"];

/// Of all our annotations of a pod together: what fits into its environment and a reader's patience.
const LARGEST: usize = 128 << 10;
/// What is shown of a name.
const SHOWN: usize = 80;

/// Annotations that have an effect, by their names without a prefix.
#[derive(Debug, Default)]
pub(crate) struct Given {
    whole: BTreeMap<&'static str, String>,
    each: BTreeMap<(&'static str, String), String>,
    /// Prefixes of which there is one.
    pub(crate) prefixes: Vec<&'static str>,
    pub(crate) warnings: Vec<String>,
}

impl Given {
    /// Of `KEY: VALUE` pairs those that are about us.
    pub(crate) fn read<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, Refusal> {
        let mut found: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
        let (mut given, mut size) = (Self::default(), 0);
        for (key, value) in pairs {
            let Some((rank, name)) =
                PREFIXES.iter().enumerate().find_map(|(rank, it)| Some((rank, key.strip_prefix(it)?)))
            else {
                continue;
            };
            size += key.len() + value.len();
            found.entry(name).or_default().push((rank, value));
        }
        if size > LARGEST {
            return Err(Refusal::Pod("its annotations for the agent are longer than 128 KiB together"));
        }
        for (name, mut values) in found {
            values.sort_unstable();
            for prefix in values.iter().filter_map(|(rank, _)| PREFIXES.get(*rank)) {
                if !given.prefixes.contains(prefix) {
                    given.prefixes.push(prefix);
                }
            }
            let Some(&(rank, value)) = values.first() else { continue };
            if rank != 0 && values.iter().any(|(_, it)| *it != value) {
                return Err(Refusal::annotation(
                    name,
                    "two prefixes give it different values; say which with strongroom.dev/",
                ));
            }
            given.take(name, value, rank == 0)?;
        }
        Ok(given)
    }

    fn take(&mut self, name: &str, value: &str, is_ours: bool) -> Result<(), Refusal> {
        let Some((known, rest)) = known::find(name) else {
            if KNOWN.iter().any(|it| it.reach == Reach::Each && it.name == name) {
                return Err(Refusal::annotation(name, "lacks the name behind its dash"));
            }
            // One of ours is a slip of the pen; of the others there may be newer ones.
            if is_ours {
                return Err(Refusal::annotation(name, "there is no such annotation"));
            }
            self.warn(name, "is not known here and has no effect");
            return Ok(());
        };
        match known.does {
            Use::Ignored(why) => self.warn(name, &format!("has no effect: {why}")),
            Use::Refused(why) => return Err(Refusal::annotation(name, why)),
            Use::Mark => {}
            Use::Taken => match known.reach {
                Reach::Whole => drop(self.whole.insert(known.name, value.to_owned())),
                Reach::Each => drop(self.each.insert((known.name, rest.to_owned()), value.to_owned())),
            },
        }
        Ok(())
    }

    pub(crate) fn warn(&mut self, name: &str, what: &str) {
        self.warnings.push(format!("annotation {} {what}", shown(name)));
    }

    /// The value; an empty one is none, as templates of charts write it.
    pub(crate) fn whole(&self, name: &'static str) -> Option<&str> {
        self.said(name).filter(|it| !it.is_empty())
    }

    /// Also an empty value.
    pub(crate) fn said(&self, name: &'static str) -> Option<&str> {
        debug_assert!(KNOWN.iter().any(|it| it.name == name && it.reach == Reach::Whole), "{name}");
        self.whole.get(name).map(String::as_str)
    }

    /// Those that belong to a name, in the names' order.
    pub(crate) fn each(&self, name: &'static str) -> impl Iterator<Item = (&str, &str)> {
        debug_assert!(KNOWN.iter().any(|it| it.name == name && it.reach == Reach::Each), "{name}");
        self.each
            .iter()
            .filter(move |((it, _), value)| *it == name && !value.is_empty())
            .map(|((_, rest), value)| (rest.as_str(), value.as_str()))
    }

    pub(crate) fn one(&self, name: &'static str, rest: &str) -> Option<&str> {
        self.each(name).find(|(it, _)| *it == rest).map(|(_, value)| value)
    }
}

// Rule 97
/// A name as it may stand in a message: the pod's author wrote it, and it is cut and has no control characters.
pub(crate) fn shown(name: &str) -> String {
    let plain: String = name.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if name.chars().nth(SHOWN).is_some() { format!("{plain}…") } else { plain }
}
