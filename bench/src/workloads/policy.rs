//! What a decision costs: a read by a token whose policies hold many rules.

use std::fmt::Write as _;

use serde_json::json;

use super::{Group, When, Work, Workload, reads};
use crate::{
    Failure,
    load::request::Request,
    peers::Peer::{self, OpenBao, Strongroom},
    server::Server,
    setup,
};

/// Rules of one policy; more rules are more policies.
const RULES: usize = 100;

pub(super) const ALL: &[Workload] = &[
    read("policy check, 1 rule", When::Full, |_, server| with_rules(server, 1)),
    read("policy check, 100 rules", When::Always, |_, server| with_rules(server, 100)),
    read("policy check, 5,000 rules", When::Full, |_, server| with_rules(server, 5_000)),
];

const fn read(
    name: &'static str,
    when: When,
    request: fn(Peer, &Server) -> Result<Request, Failure>,
) -> Workload {
    Workload {
        name,
        group: Group::Reads,
        when,
        peers: &[Strongroom, OpenBao],
        goals: &[],
        work: Work::Closed { connections: 32, request },
    }
}

fn with_rules(server: &Server, rules: usize) -> Result<Request, Failure> {
    let token = server.once(&format!("{rules} rules"), || {
        let mut names = Vec::new();
        for first in (0..rules).step_by(RULES) {
            let name = format!("rules-{rules}-{first}");
            let text = policy(first, RULES.min(rules - first));
            let body = json!({ "policy": text });
            setup::put(&server.url, &format!("sys/policies/acl/{name}"), &server.tokens.root, &body)?;
            names.push(name);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        setup::token(&server.url, &server.tokens.root, &names)
    })?;
    Ok(Request { token, ..reads::plain(server) })
}

/// The first rule is the one that allows the read; one of ten of the others has a `+` in it.
fn policy(first: usize, rules: usize) -> String {
    let mut text = String::new();
    for rule in first..first + rules {
        let path = match rule {
            0 => "secret/data/bench/*".to_owned(),
            _ if rule % 10 == 0 => format!("secret/data/+/app-{rule}/*"),
            _ => format!("secret/data/team-{rule}/*"),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "path \"{path}\" {{ capabilities = [\"read\"] }}");
    }
    text
}
