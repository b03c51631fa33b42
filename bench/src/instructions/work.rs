//! What a case does, once for each turn.

use std::{hint::black_box, path::Path, time::Duration};

use serde_json::json;
use strongroom_core::{
    crypto::SecretBytes,
    request::{Body, Operation, Request},
};
use strongroom_policies::{Acl, NoParameters, Nobody, PolicyName, Query};

use super::{
    Failure,
    cases::KEYS,
    wire::{self, Wire},
    world::{Place, ROOT, SECRETS, World, text},
};

#[derive(Clone, Copy)]
pub(crate) enum Work {
    Read,
    ReadAsRoot,
    ReadLeased,
    Lookup,
    Login(Place),
    Overwrite(Place),
    Insert(Place),
    HttpRead,
    HttpOverwrite,
    /// Among so many rules.
    Decide(usize),
}

/// Work that can be begun.
pub(crate) enum Ready {
    /// By the core's one door.
    Core { world: World, ask: Ask },
    /// By the server's connection code.
    Wire { wire: Wire, requests: Vec<Vec<u8>>, _world: World },
    /// By the policies alone: paths, and whether they may be read.
    Acl { acl: Acl, paths: Vec<(String, bool)> },
}

/// Makes the request of a turn.
type Ask = Box<dyn Fn(u64) -> Result<Request, Failure>>;

impl Work {
    /// `base` and `share` are those of a filled store.
    pub(crate) async fn prepare(self, base: &Path, share: &str) -> Result<Ready, Failure> {
        let place = match self {
            Self::Login(place) | Self::Overwrite(place) | Self::Insert(place) => place,
            Self::Decide(rules) => return decide(rules),
            _ => Place::Sqlite,
        };
        let world = World::new(place, base, share).await?;
        let token = world.token.clone();
        let ask: Ask = match self {
            Self::ReadAsRoot => Box::new(|turn| read(turn, ROOT)),
            Self::ReadLeased => Box::new(move |turn| {
                Ok(Request { lease_ttl: Some(Duration::from_secs(3600)), ..read(turn, &token)? })
            }),
            Self::Lookup => Box::new(move |_| {
                World::request(Operation::Read, "auth/token/lookup-self", &token, Body::default())
            }),
            Self::Login(_) => login(&world).await?,
            Self::Overwrite(_) => Box::new(move |turn| write(turn % KEYS, &token)),
            Self::Insert(_) => Box::new(move |turn| write(SECRETS + turn, &token)),
            Self::HttpRead => {
                let make = |key| wire::request("GET", &secret(key), &token, "");
                return Ok(over_wire(world, make));
            }
            Self::HttpOverwrite => {
                let make = |key| wire::request("PUT", &secret(key), &token, &value());
                return Ok(over_wire(world, make));
            }
            Self::Read | Self::Decide(_) => Box::new(move |turn| read(turn, &token)),
        };
        Ok(Ready::Core { world, ask })
    }
}

impl Ready {
    /// Does it once. Whatever is not answered as it should be ends the run.
    pub(crate) async fn once(&mut self, turn: u64) -> Result<(), Failure> {
        match self {
            Self::Core { world, ask } => {
                let answer = world.core.dispatch(ask(turn)?).await.into_result()?;
                if answer.data.is_none() && answer.auth.is_none() {
                    return Err("an answer is empty".into());
                }
                black_box(answer);
            }
            Self::Wire { wire, requests, .. } => {
                let turn = usize::try_from(turn)?.checked_rem(requests.len()).unwrap_or(0);
                wire.ask(requests.get(turn).ok_or("there is no request")?).await?;
            }
            Self::Acl { acl, paths } => {
                let turn = usize::try_from(turn)?.checked_rem(paths.len()).unwrap_or(0);
                let (path, allowed) = paths.get(turn).ok_or("there is no path")?;
                let operation = strongroom_policies::Operation::Read;
                let query = Query { path, operation, parameters: &NoParameters, wrap_ttl: None };
                if black_box(acl.decide(black_box(&query))).is_allowed() != *allowed {
                    return Err(format!("{path} was decided wrongly").into());
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn secret(key: u64) -> String {
    format!("secret/data/bench/{key}")
}

/// A secret's body: 100 bytes of a value.
pub(crate) fn body() -> Result<Body, Failure> {
    Ok(Body::json(SecretBytes::from(value()))?)
}

fn value() -> String {
    format!(r#"{{"data":{{"value":"{}"}}}}"#, "0123456789".repeat(10))
}

fn read(turn: u64, token: &str) -> Result<Request, Failure> {
    World::request(Operation::Read, &secret(turn % KEYS), token, Body::default())
}

fn write(key: u64, token: &str) -> Result<Request, Failure> {
    World::request(Operation::Write, &secret(key), token, body()?)
}

/// A role, and how to log in with it.
async fn login(world: &World) -> Result<Ask, Failure> {
    world.write("sys/auth/approle", &json!({ "type": "approle" })).await?;
    let role = json!({ "token_policies": ["bench"], "token_ttl": "1h", "secret_id_num_uses": 0 });
    world.write("auth/approle/role/bench", &role).await?;
    let role_id = world.field("auth/approle/role/bench/role-id", "role_id").await?;
    let made = world.write("auth/approle/role/bench/secret-id", &json!({})).await?;
    let body = json!({ "role_id": role_id, "secret_id": text(&made, "secret_id")? }).to_string();
    Ok(Box::new(move |_| {
        let body = Body::json(SecretBytes::copy_of(body.as_bytes()))?;
        World::request(Operation::Write, "auth/approle/login", "", body)
    }))
}

fn over_wire(world: World, make: impl Fn(u64) -> Vec<u8>) -> Ready {
    let wire = Wire::new(world.core.clone());
    Ready::Wire { wire, requests: (0..KEYS).map(make).collect(), _world: world }
}

/// One policy of so many rules, of three kinds in turn, and paths that meet each kind and none.
fn decide(rules: usize) -> Result<Ready, Failure> {
    let rule = |number: usize| match number % 3 {
        0 => format!("path \"secret/data/team-{number}/*\" {{ capabilities = [\"read\"] }}\n"),
        1 => format!("path \"secret/data/team-{number}/db\" {{ capabilities = [\"read\"] }}\n"),
        _ => format!("path \"secret/data/+/db-{number}\" {{ capabilities = [\"read\"] }}\n"),
    };
    let text: String = (0..rules).map(rule).collect();
    let policy = strongroom_policies::parse(PolicyName::new("bench")?, &text)?;
    let acl = Acl::compile(&[&policy], &Nobody, 0)?;
    // The kinds are met by rules from the middle; where there is one rule alone, by that one.
    let middle = rules / 2 / 3 * 3;
    let mut paths = vec![
        (format!("secret/data/team-{middle}/app/db"), true),
        ("secret/data/nobody/has/this".to_owned(), false),
    ];
    if rules > 3 {
        paths.push((format!("secret/data/team-{}/db", middle + 1), true));
        paths.push((format!("secret/data/any/db-{}", middle + 2), true));
    }
    Ok(Ready::Acl { acl, paths })
}
