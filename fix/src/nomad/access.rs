//! The least that the job's tasks must be allowed, and the role that gives it to them and no others.

use std::collections::BTreeSet;

use super::job::{DEFAULT, Job, Vault};
use crate::home::Home;
use crate::names::segment;
use crate::{Access, Role};

/// The role that a `vault` block of ours names.
pub(super) fn role_name(home: &Home, job: &Job<'_>) -> String {
    let name = match job.namespace {
        DEFAULT => segment(job.name),
        namespace => format!("{}-{}", segment(namespace), segment(job.name)),
    };
    home.policy_of(&name)
}

/// Joins what tasks read, by policy. Each item is the job of a task, its `vault` block as it was, and the paths.
pub(super) fn access<'a>(
    home: &Home,
    tasks: impl Iterator<Item = (&'a Job<'a>, Option<&'a Vault<'a>>, &'a BTreeSet<String>)>,
) -> Vec<Access> {
    let mut all: Vec<Access> = Vec::new();
    for (job, vault, reads) in tasks.filter(|it| !it.2.is_empty()) {
        let (policy, role) = match vault {
            None => (role_name(home, job), Some(role_name(home, job))),
            Some(vault) => {
                let role = vault.role.filter(|it| is_name(it)).map(str::to_owned);
                let named = vault.policies.iter().copied().chain(role.as_deref());
                let policy = named.filter(|it| is_own(it)).map(str::to_owned).next();
                (policy.unwrap_or_else(|| role_name(home, job)), role)
            }
        };
        let role = role.map(|name| Role {
            name,
            method: "jwt",
            bound: vec![
                ("nomad_namespace".to_owned(), job.namespace.to_owned()),
                ("nomad_job_id".to_owned(), job.id.to_owned()),
            ],
        });
        match all.iter_mut().find(|it| it.policy == policy && it.role == role) {
            Some(access) => {
                access.reads.extend(reads.iter().cloned());
                access.reads.sort();
                access.reads.dedup();
            }
            None => all.push(Access { policy, reads: reads.iter().cloned().collect(), role }),
        }
    }
    all
}

/// A policy or a role whose name is a plain part of a path and one word of a shell: others were made to be more.
fn is_name(name: &str) -> bool {
    name.split(['/', ':']).all(|it| segment(it) == it)
}

/// A policy that may get rules for this job. `default` belongs to every token, and `root` has no rules.
fn is_own(policy: &str) -> bool {
    is_name(policy) && !["default", "root"].contains(&policy)
}
