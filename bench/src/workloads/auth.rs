//! Tokens, logins and renewals. They run last: what they make stays.

use std::fs;

use serde_json::json;

use super::{Goal, Group, When, Work, Workload, reads};
use crate::{
    Failure,
    load::request::Request,
    peers::Peer::{self, OpenBao, Strongroom},
    server::Server,
    setup,
};

/// Tokens that renewals are spread over.
const RENEWED: usize = 256;
const TWO: &[Peer] = &[Strongroom, OpenBao];

pub(super) const ALL: &[Workload] = &[
    auth("token lookup", TWO, &[Goal::Times { of: OpenBao, at_least: 15.0 }], |_, server| {
        Ok(Request::get("/v1/auth/token/lookup-self", &server.tokens.reader, "\"bench\""))
    }),
    auth("renewal of a token's lease", TWO, &[], renew_self),
    auth("renewal of a held secret's lease", &[Strongroom], &[], renew_holding),
    auth("token create", TWO, &[], |_, server| {
        let body = json!({ "policies": ["bench"], "ttl": "24h" }).to_string();
        Ok(Request::post("/v1/auth/token/create", &server.tokens.reader, "client_token", body))
    }),
    auth("AppRole login", TWO, &[Goal::Times { of: OpenBao, at_least: 15.0 }], |_, server| {
        Ok(Request::post("/v1/auth/approle/login", "", "client_token", server.tokens.approle.clone()))
    }),
    auth("JWT login", TWO, &[Goal::Times { of: OpenBao, at_least: 10.0 }], |_, server| {
        Ok(Request::post("/v1/auth/jwt/login", "", "client_token", server.tokens.jwt.clone()))
    }),
];

const fn auth(
    name: &'static str,
    peers: &'static [Peer],
    goals: &'static [Goal],
    request: fn(Peer, &Server) -> Result<Request, Failure>,
) -> Workload {
    Workload {
        name,
        group: Group::Auth,
        when: When::Always,
        peers,
        goals,
        work: Work::Closed { connections: 32, request },
    }
}

fn renew_self(_: Peer, server: &Server) -> Result<Request, Failure> {
    let file = server.once("tokens", || {
        let tokens = (0..RENEWED).map(|_| setup::token(&server.url, &server.tokens.root, &["bench"]));
        written(server, "tokens", &tokens.collect::<Result<Vec<_>, _>>()?)
    })?;
    let body = json!({ "increment": "240h" }).to_string();
    let request = Request::post("/v1/auth/token/renew-self", "", "client_token", body);
    Ok(Request { tokens: Some(file), ..request })
}

fn renew_holding(_: Peer, server: &Server) -> Result<Request, Failure> {
    let file = server.once("renewals", || {
        let bodies = reads::hold(server)?.into_iter();
        let bodies = bodies.map(|id| json!({ "lease_id": id, "increment": "24h" }).to_string());
        written(server, "renewals", &bodies.collect::<Vec<_>>())
    })?;
    let request = Request::post("/v1/sys/leases/renew", &server.tokens.reader, "lease_id", "");
    Ok(Request { bodies: Some(file), ..request })
}

fn written(server: &Server, name: &str, lines: &[String]) -> Result<String, Failure> {
    let file = server.home().join(format!("bench-{name}"));
    fs::write(&file, lines.join("\n") + "\n")?;
    Ok(file.display().to_string())
}
