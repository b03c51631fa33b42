//! What a rule demands of a request beyond its path: fields, wrapping, page size.

use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::capability::Operation;
use crate::value::{Value, scalar_text};

/// The fields of a request at the top level of its body (or query), as the engine will see them.
///
/// Names are unescaped; values are the JSON text of each, already checked to be JSON.
pub trait Parameters {
    fn is_empty(&self) -> bool;

    /// Visits field after field for as long as `visit` answers true, and answers whether it always did.
    fn all(&self, visit: &mut dyn FnMut(&str, &str) -> bool) -> bool;
}

/// A request without fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoParameters;

impl Parameters for NoParameters {
    fn is_empty(&self) -> bool {
        true
    }

    fn all(&self, _visit: &mut dyn FnMut(&str, &str) -> bool) -> bool {
        true
    }
}

/// Pairs of a name and a value's JSON text.
impl<N: AsRef<str>, V: AsRef<str>> Parameters for &[(N, V)] {
    fn is_empty(&self) -> bool {
        <[(N, V)]>::is_empty(self)
    }

    fn all(&self, visit: &mut dyn FnMut(&str, &str) -> bool) -> bool {
        self.iter().all(|(name, value)| visit(name.as_ref(), value.as_ref()))
    }
}

/// A rule's demands; empty lists and `None` demand nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Constraints {
    /// If there is any, no other field may be there.
    pub(crate) allowed: Fields,
    pub(crate) denied: Fields,
    /// Sorted, in lower case.
    pub(crate) required: Vec<Box<str>>,
    pub(crate) min_wrapping: Option<Duration>,
    pub(crate) max_wrapping: Option<Duration>,
    pub(crate) page: Option<NonZeroU32>,
}

/// A demand that was not met.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unmet {
    #[error("a field is not among the allowed ones, or its value is not")]
    NotAllowed,
    #[error("a field is denied, or its value is")]
    Denied,
    #[error("a required field is missing")]
    Required,
    #[error("the answer must be wrapped, within the rule's bounds")]
    Wrapping,
    #[error("`limit` is missing, not a number, or above the rule's page size")]
    PageSize,
}

impl Constraints {
    /// Checks all demands on a request.
    ///
    /// Fields count for reads and writes; a request without any field passes all but `required`. A
    /// listing has a page size instead.
    pub(crate) fn check(
        &self,
        operation: Operation,
        parameters: &dyn Parameters,
        wrap_ttl: Option<Duration>,
    ) -> Result<(), Unmet> {
        let too_long = self.max_wrapping.is_some_and(|max| wrap_ttl.is_none_or(|ttl| ttl > max));
        let too_short = self.min_wrapping.is_some_and(|min| wrap_ttl.is_none_or(|ttl| ttl < min));
        if too_long || too_short {
            return Err(Unmet::Wrapping);
        }
        match operation {
            Operation::Read | Operation::Write | Operation::Patch => self.check_fields(parameters),
            Operation::List | Operation::Scan => self.check_page(parameters),
            Operation::Delete => Ok(()),
        }
    }

    fn check_fields(&self, parameters: &dyn Parameters) -> Result<(), Unmet> {
        // A word of bits a pass, so that no set has to be allocated.
        for wanted in self.required.chunks(64) {
            let mut seen = 0_u64;
            parameters.all(&mut |name, _| {
                if let Ok(at) = wanted.binary_search_by(|it| (**it).cmp(name)) {
                    seen |= 1 << at;
                }
                true
            });
            if seen.count_ones() as usize != wanted.len() {
                return Err(Unmet::Required);
            }
        }
        if parameters.is_empty() {
            return Ok(());
        }
        if self.denied.any_name
            || !parameters.all(&mut |name, value| {
                self.denied.get(name).is_none_or(|values| !covers(values, |it| it.denies(value)))
            })
        {
            return Err(Unmet::Denied);
        }
        if self.allowed.is_empty() {
            return Ok(());
        }
        let fits = parameters.all(&mut |name, value| match self.allowed.get(name) {
            Some(values) => covers(values, |it| it.allows(value)),
            None => self.allowed.any_name,
        });
        if fits { Ok(()) } else { Err(Unmet::NotAllowed) }
    }

    fn check_page(&self, parameters: &dyn Parameters) -> Result<(), Unmet> {
        let Some(page) = self.page else { return Ok(()) };
        let mut given = false;
        let within = parameters.all(&mut |name, value| {
            if name != "limit" {
                return true;
            }
            given = true;
            let text = scalar_text(value).unwrap_or_default();
            text == "max" || text.parse::<u32>().is_ok_and(|asked| asked <= page.get())
        });
        let missing = !given && self.required.iter().any(|it| &**it == "limit");
        if within && !missing { Ok(()) } else { Err(Unmet::PageSize) }
    }

    /// Takes in the demands of another stanza for the same path.
    ///
    /// Lists are united, so that a stanza with demands narrows one without. Of two wrapping bounds and
    /// of two page sizes the smaller counts.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.allowed.merge(&other.allowed);
        self.denied.merge(&other.denied);
        self.required.extend(other.required.iter().cloned());
        self.required.sort_unstable();
        self.required.dedup();
        self.min_wrapping = smaller(self.min_wrapping, other.min_wrapping);
        self.max_wrapping = smaller(self.max_wrapping, other.max_wrapping);
        self.page = smaller(self.page, other.page);
    }
}

/// Fields by name, each with the values that count; an empty list stands for every value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields {
    /// `*` was among the names.
    any_name: bool,
    /// Sorted by name, in lower case, each name once; without `*`.
    named: Vec<(Box<str>, Vec<Value>)>,
}

impl Fields {
    /// Adds a field. The same name twice unites the values.
    pub(crate) fn insert(&mut self, name: &str, values: Vec<Value>) {
        if name == "*" {
            self.any_name = true;
            return;
        }
        let name = name.to_ascii_lowercase().into_boxed_str();
        match self.named.binary_search_by(|(it, _)| it.cmp(&name)) {
            Err(at) => self.named.insert(at, (name, values)),
            Ok(at) => {
                if let Some((_, known)) = self.named.get_mut(at) {
                    if known.is_empty() || values.is_empty() {
                        known.clear();
                    } else {
                        known.extend(values);
                    }
                }
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.any_name |= other.any_name;
        for (name, values) in &other.named {
            self.insert(name, values.clone());
        }
    }

    fn is_empty(&self) -> bool {
        !self.any_name && self.named.is_empty()
    }

    /// The values for a name, in whatever case it is written.
    fn get(&self, name: &str) -> Option<&[Value]> {
        let found = self.named.binary_search_by(|(it, _)| folded_cmp(it, name)).ok()?;
        self.named.get(found).map(|(_, values)| values.as_slice())
    }
}

fn covers(values: &[Value], test: impl Fn(&Value) -> bool) -> bool {
    values.is_empty() || values.iter().any(test)
}

fn folded_cmp(lower: &str, name: &str) -> Ordering {
    lower.bytes().cmp(name.bytes().map(|it| it.to_ascii_lowercase()))
}

fn smaller<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::TextGlob;

    fn fields(list: &[(&str, &[&str])]) -> Fields {
        let mut fields = Fields::default();
        for (name, values) in list {
            fields.insert(name, values.iter().map(|it| Value::Text(TextGlob::new(it))).collect());
        }
        fields
    }

    #[track_caller]
    fn check(constraints: &Constraints, body: &[(&str, &str)], expected: Result<(), Unmet>) {
        assert_eq!(constraints.check(Operation::Write, &body, None), expected, "{body:?}");
    }

    // Rule 58.
    #[test]
    fn allowed_lists_admit_nothing_else() {
        let rule =
            Constraints { allowed: fields(&[("a", &[]), ("b", &["x", "y*"])]), ..Constraints::default() };
        check(&rule, &[], Ok(()));
        check(&rule, &[("a", "[1]")], Ok(()));
        check(&rule, &[("A", "1")], Ok(()));
        check(&rule, &[("b", r#""yes""#)], Ok(()));
        check(&rule, &[("b", r#""z""#)], Err(Unmet::NotAllowed));
        check(&rule, &[("a", "1"), ("c", "1")], Err(Unmet::NotAllowed));
        let open = Constraints { allowed: fields(&[("*", &[]), ("b", &["x"])]), ..Constraints::default() };
        check(&open, &[("c", "1"), ("b", r#""x""#)], Ok(()));
        check(&open, &[("b", r#""y""#)], Err(Unmet::NotAllowed));
    }

    // Rule 58.
    #[test]
    fn denied_goes_over_allowed() {
        let rule = Constraints {
            allowed: fields(&[("a", &[]), ("b", &[])]),
            denied: fields(&[("a", &[]), ("b", &["x"])]),
            ..Constraints::default()
        };
        check(&rule, &[("a", "1")], Err(Unmet::Denied));
        check(&rule, &[("B", r#""x""#)], Err(Unmet::Denied));
        check(&rule, &[("b", r#""y""#)], Ok(()));
        let all = Constraints { denied: fields(&[("*", &[])]), ..Constraints::default() };
        check(&all, &[("x", "1")], Err(Unmet::Denied));
        check(&all, &[], Ok(()));
    }

    #[test]
    fn required_fields_must_all_be_there_however_many() {
        let required: Vec<Box<str>> = (100..230).map(|it| format!("f{it}").into()).collect();
        let rule = Constraints { required, ..Constraints::default() };
        let body: Vec<(String, &str)> = (100..230).map(|it| (format!("f{it}"), "1")).collect();
        assert_eq!(rule.check(Operation::Write, &body.as_slice(), None), Ok(()));
        assert_eq!(rule.check(Operation::Patch, &body.get(1..).unwrap(), None), Err(Unmet::Required));
        assert_eq!(rule.check(Operation::Read, &NoParameters, None), Err(Unmet::Required));
        assert_eq!(rule.check(Operation::Delete, &NoParameters, None), Ok(()));
    }

    #[test]
    fn wrapping_is_demanded_within_bounds() {
        let seconds = |it| Some(Duration::from_secs(it));
        let rule =
            Constraints { min_wrapping: seconds(10), max_wrapping: seconds(90), ..Constraints::default() };
        for (ttl, expected) in [
            (None, Err(Unmet::Wrapping)),
            (seconds(5), Err(Unmet::Wrapping)),
            (seconds(10), Ok(())),
            (seconds(90), Ok(())),
            (seconds(91), Err(Unmet::Wrapping)),
        ] {
            assert_eq!(rule.check(Operation::Read, &NoParameters, ttl), expected, "{ttl:?}");
        }
    }

    // Rule 57: no spelling of `limit` means "unlimited".
    #[test]
    fn a_page_size_cannot_be_talked_away() {
        let rule = Constraints { page: NonZeroU32::new(5), ..Constraints::default() };
        for (limit, expected) in [
            ("5", true),
            (r#""3""#, true),
            (r#""max""#, true),
            ("0", true), // the page size is then applied by the caller, see `Grant::page_size`
            ("6", false),
            ("-1", false),
            (r#""x""#, false),
            ("[1]", false),
            ("99999999999", false),
        ] {
            let body = [("limit", limit)];
            assert_eq!(rule.check(Operation::List, &body.as_slice(), None).is_ok(), expected, "{limit}");
        }
        assert_eq!(rule.check(Operation::List, &NoParameters, None), Ok(()));
        let strict = Constraints { required: vec!["limit".into()], ..rule };
        assert_eq!(strict.check(Operation::List, &NoParameters, None), Err(Unmet::PageSize));
    }

    #[test]
    fn merging_narrows() {
        let seconds = |it| Some(Duration::from_secs(it));
        let mut rule = Constraints::default();
        rule.merge(&Constraints {
            allowed: fields(&[("a", &["x"])]),
            max_wrapping: seconds(9),
            required: vec!["r".into()],
            ..Constraints::default()
        });
        rule.merge(&Constraints {
            allowed: fields(&[("a", &["y"]), ("b", &[])]),
            max_wrapping: seconds(7),
            required: vec!["q".into(), "r".into()],
            ..Constraints::default()
        });
        assert_eq!(rule.allowed, {
            let mut both = fields(&[("a", &["x", "y"])]);
            both.insert("b", vec![]);
            both
        });
        assert_eq!(rule.max_wrapping, seconds(7));
        assert_eq!(rule.required, [Box::from("q"), Box::from("r")]);
    }
}
