//! What a job is called in the store: in paths, and as a policy and a role.
//!
//! No two jobs of a cluster have one name there. A job of the namespace `default` keeps its own wherever that can stand in
//! a path or name a role; one of another namespace is `NAMESPACE__JOB`. A name that would have to be changed for that, or
//! that reads like one of these, says all of itself behind `___`, so that it is no other's.

use data_encoding::BASE32HEX_NOPAD;

use super::job::DEFAULT;
use crate::names::segment;

/// Between a namespace, which has no underscores, and its job.
const BETWEEN: &str = "__";
/// Before a name that is written out.
const WRITTEN_OUT: &str = "___";
/// No policy has a longer name.
const LONGEST: usize = 128;

/// Names that are something else where they stand alone.
const PATHS: [&str; 2] = ["shared", "strongroom-fix"];
const POLICIES: [&str; 3] = ["default", "response-wrapping", "root"];

/// The part of a path that stands for the job.
pub(super) fn in_paths(namespace: &str, job: &str) -> String {
    let stands = |it: &str| segment(it) == it && !PATHS.contains(&it);
    name(namespace, job, stands)
}

/// The policy of the job, and its role. The store knows no capitals in such names.
pub(super) fn in_policies(namespace: &str, job: &str) -> String {
    let is_word = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric() || it == '_');
    let stands = |it: &str| {
        let is_safe = segment(it) == it && !it.contains(|it: char| it.is_ascii_uppercase());
        is_safe && is_word(it.chars().next()) && is_word(it.chars().next_back()) && !POLICIES.contains(&it)
    };
    name(namespace, job, stands)
}

fn name(namespace: &str, job: &str, stands: impl Fn(&str) -> bool) -> String {
    let is_plain = stands(job) && !job.contains(BETWEEN);
    if namespace == DEFAULT && is_plain {
        return job.to_owned();
    }
    let is_namespace = stands(namespace) && !namespace.contains('_');
    if namespace != DEFAULT && is_plain && is_namespace && !job.starts_with('_') {
        return format!("{namespace}{BETWEEN}{job}");
    }
    written_out(namespace, job)
}

/// For the eye as near as can be, and then whole.
fn written_out(namespace: &str, job: &str) -> String {
    let whole = if namespace == DEFAULT { job.to_owned() } else { format!("{namespace}\0{job}") };
    let shown = segment(&whole.to_ascii_lowercase()).replace('_', "-");
    let shown = shown.trim_matches(['-', '.']);
    let code = BASE32HEX_NOPAD.encode(whole.as_bytes()).to_ascii_lowercase();
    let room = LONGEST.saturating_sub(WRITTEN_OUT.len() + code.len());
    format!("{}{WRITTEN_OUT}{code}", shown.get(..room.min(shown.len())).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[track_caller]
    fn check(namespace: &str, job: &str, path: &str, policy: &str) {
        assert_eq!((in_paths(namespace, job).as_str(), in_policies(namespace, job).as_str()), (path, policy));
    }

    #[test]
    fn a_name_stays_wherever_it_can() {
        check("default", "z-orders", "z-orders", "z-orders");
        check("default", "a.b_c", "a.b_c", "a.b_c");
        check("z", "orders", "z__orders", "z__orders");
        check("default", "z/orders", "z-orders___f8nmusj4clp76", "z-orders___f8nmusj4clp76");
        check("default", "Web", "Web", "web___atim4");
        check("default", "root", "root", "root___e9nmut0");
        check("a", "B", "a__B", "a-b___c4044");
    }

    // Rule 118: no job comes to have what another has by being called as that one is in the store.
    #[test]
    fn two_jobs_never_have_one_name() {
        let words = [
            "z",
            "orders",
            "z-orders",
            "z__orders",
            "_orders",
            "z_",
            "Z",
            "z.orders",
            "z/orders",
            "a b",
            "default",
        ];
        let coded = words.iter().map(|it| written_out("default", it));
        let jobs: Vec<String> = words.iter().map(|it| (*it).to_owned()).chain(coded).collect();
        let all = |name: fn(&str, &str) -> String| -> Vec<String> {
            let namespaces = ["default", "z", "Z", "z-orders", "orders"];
            namespaces.iter().flat_map(|it| jobs.iter().map(|job| name(it, job))).collect()
        };
        let distinct = |all: &[String]| all.iter().collect::<BTreeSet<_>>().len();
        let (paths, policies) = (all(in_paths), all(in_policies));
        assert_eq!((distinct(&paths), distinct(&policies)), (paths.len(), policies.len()));
        assert!(paths.iter().chain(&policies).all(|it| segment(it) == *it));
        assert!(policies.iter().all(|it| it.to_ascii_lowercase() == *it));
    }
}
