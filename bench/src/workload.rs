//! The workloads, and one measurement of one of them.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::{Failure, Options, server::Server};

/// Secrets that reads and writes are spread over.
pub const KEYS: usize = 1_000;

/// What a server's clients present.
#[derive(Clone)]
pub struct Tokens {
    pub root: String,
    pub reader: String,
    /// The body of a login; none if the server has no AppRole.
    pub approle: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Workload {
    Read,
    ReadAsRoot,
    Write,
    TokenLookup,
    AppRoleLogin,
}

pub const ALL: [Workload; 5] =
    [Workload::Read, Workload::ReadAsRoot, Workload::Write, Workload::TokenLookup, Workload::AppRoleLogin];

/// A secret of about 100 bytes.
pub fn secret() -> Value {
    json!({ "data": {
        "username": "rails",
        "password": "benchmark-value-with-some-length-to-it-0123456789",
    } })
}

/// One round's figures.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub per_second: f64,
    /// Microseconds.
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
}

impl Workload {
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "KV v2 read, token with a policy",
            Self::ReadAsRoot => "KV v2 read, root token",
            Self::Write => "KV v2 overwrite, durable",
            Self::TokenLookup => "token lookup-self",
            Self::AppRoleLogin => "AppRole login",
        }
    }

    /// Method, path, token, what each answer must contain, body.
    fn request(self, server: &Server) -> Option<(&'static str, &'static str, String, &'static str, String)> {
        let tokens = &server.tokens;
        let bare = server.name == "bare axum";
        let kv = "/v1/secret/data/bench/%d";
        Some(match self {
            Self::Read => ("GET", kv, tokens.reader.clone(), "benchmark-value", String::new()),
            Self::ReadAsRoot => ("GET", kv, tokens.root.clone(), "benchmark-value", String::new()),
            Self::Write if bare => {
                ("POST", kv, tokens.reader.clone(), "benchmark-value", secret().to_string())
            }
            Self::Write => ("POST", kv, tokens.reader.clone(), "created_time", secret().to_string()),
            Self::TokenLookup if bare => return None,
            Self::TokenLookup => {
                ("GET", "/v1/auth/token/lookup-self", tokens.reader.clone(), "\"bench\"", String::new())
            }
            Self::AppRoleLogin if bare => return None,
            Self::AppRoleLogin => {
                ("POST", "/v1/auth/approle/login", String::new(), "client_token", tokens.approle.clone()?)
            }
        })
    }

    /// Runs the workload once. None if the server does not take part in it.
    pub fn measure(self, server: &Server, options: &Options) -> Result<Option<Figures>, Failure> {
        let Some((method, path, token, marker, body)) = self.request(server) else { return Ok(None) };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("wrk/load.lua");
        let output = Command::new("wrk")
            .args(["-t1", &format!("-c{}", options.connections), &format!("-d{}s", options.seconds)])
            .arg("-s")
            .arg(script)
            .arg(&server.url)
            .args(["--", method, path, &token, marker, &body, &KEYS.to_string()])
            .output()
            .map_err(|error| format!("wrk: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find_map(|it| it.strip_prefix("RESULT "));
        let line = line.ok_or_else(|| format!("wrk printed no result for {}", self.name()))?;
        let numbers: Vec<f64> = line.split(' ').filter_map(|it| it.parse().ok()).collect();
        let [requests, duration, bad, lost, p50, p99, p999] = numbers[..] else {
            return Err("wrk's result has another form".into());
        };
        if bad > 0.0 || lost > 0.0 || requests < 1.0 {
            let first = text.lines().find(|it| it.starts_with("FIRST")).unwrap_or_default();
            let name = self.name();
            return Err(
                format!("{name} on {}: {bad} wrong answers, {lost} lost; {first}", server.name).into()
            );
        }
        Ok(Some(Figures { per_second: requests * 1e6 / duration, p50, p99, p999 }))
    }
}
