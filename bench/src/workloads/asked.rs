//! What a benchmark of a secrets manager is asked for, and which workloads answer it. A test fails if a
//! question has no answer, or a workload answers none.

/// The question, the workloads of the full run that answer it, and those that stand for it in CI.
pub const ASKED: &[(&str, &[&str], &[&str])] = &[
    (
        "reads by 1, 32 and 256 connections",
        &["read of 100 B, 1 connection", "read of 100 B, 32 connections", "read of 100 B, 256 connections"],
        &["read of 100 B, 32 connections"],
    ),
    (
        "reads of 100 B, 10 KB and 1 MB",
        &["read of 100 B, 32 connections", "read of 10 KB, 32 connections", "read of 1 MB, 32 connections"],
        &["read of 10 KB, 32 connections"],
    ),
    ("reads by root", &["read of 100 B, root token"], &["read of 100 B, root token"]),
    (
        "overwrites at three sizes",
        &["overwrite among 1,000 keys", "overwrite among 100,000 keys", "overwrite among 1,000,000 keys"],
        &["overwrite among 1,000 keys"],
    ),
    (
        "inserts at three sizes",
        &["insert into 1,000 keys", "insert into 100,000 keys", "insert into 1,000,000 keys"],
        &["insert into 1,000 keys"],
    ),
    ("a mix with Zipf access", &["90/10 mix over 100,000 keys, Zipf"], &["90/10 mix over 1,000 keys, Zipf"]),
    ("lists", &["list of 10", "list of 10,000"], &["list of 10"]),
    ("token lookup", &["token lookup"], &["token lookup"]),
    ("token create", &["token create"], &["token create"]),
    ("AppRole login", &["AppRole login"], &["AppRole login"]),
    ("JWT login", &["JWT login"], &["JWT login"]),
    (
        "lease renewal",
        &["renewal of a token's lease", "renewal of a held secret's lease"],
        &["renewal of a token's lease", "renewal of a held secret's lease"],
    ),
    ("repeated leased reads", &["repeated leased read"], &["repeated leased read"]),
    (
        "policy check by number of rules",
        &["policy check, 1 rule", "policy check, 100 rules", "policy check, 5,000 rules"],
        &["policy check, 100 rules"],
    ),
    ("injection", &["injection of 20 secrets"], &["injection of 20 secrets"]),
    ("audit show", &["audit show over 1,000,000 lines"], &["audit show over 10,000 lines"]),
    (
        "TLS handshakes",
        &["TLS handshakes, full", "TLS handshakes, resumed"],
        &["TLS handshakes, full", "TLS handshakes, resumed"],
    ),
    ("TLS on", &["read of 100 B over TLS, 32 connections"], &["read of 100 B over TLS, 32 connections"]),
    (
        "latency in an open loop",
        &["open loop, half of strongroom's peak", "open loop, half of openbao's peak"],
        &["open loop, half of strongroom's peak", "open loop, half of openbao's peak"],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ASKED;
    use crate::{Options, workloads};

    fn check(
        line: &str,
        of: impl Fn(&(&str, &'static [&'static str], &'static [&'static str])) -> &'static [&'static str],
    ) {
        let options = Options::parse(line.split(' ').map(str::to_owned)).unwrap();
        let runs: BTreeSet<&str> =
            workloads::all().filter(|it| it.is_wanted(&options)).map(|it| it.name).collect();
        let mut named = BTreeSet::new();
        for question in ASKED {
            let answers = of(question);
            assert!(!answers.is_empty(), "{}: nothing answers it with {line}", question.0);
            for answer in answers {
                assert!(runs.contains(answer), "{answer} does not run with {line}");
                named.insert(*answer);
            }
        }
        let idle: Vec<_> = runs.difference(&named).collect();
        assert!(idle.is_empty(), "with {line} these answer no question: {idle:?}");
    }

    #[test]
    fn the_full_run_answers_everything() {
        check("--keys-max 1000000", |it| it.1);
    }

    #[test]
    fn the_smoke_run_answers_everything_in_small() {
        check("--smoke", |it| it.2);
    }

    #[test]
    fn a_name_is_used_once_and_ours_take_part() {
        let mut names = BTreeSet::new();
        for workload in workloads::all() {
            assert!(names.insert(workload.name), "{} is there twice", workload.name);
            assert_eq!(workload.peers.first(), Some(&crate::peers::Peer::Strongroom));
        }
    }
}
