//! `init`, `unseal`, `seal`, and Vault's `operator ...`: who holds the keys.
//!
//! Keys are read from a terminal or from standard input, never from the command line or the environment,
//! which other processes and the shell's history see.

mod generate_root;
mod rekey;

use serde_json::{Map, Value, json};
use strongroom_sdk::Method;

use super::{commands, status};
use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{Format, line, note, text},
};

commands! {
    enum Operator
    asking {
        /// Make a new store
        Init(Init) => init,
        /// Unseal the store
        Unseal(Unseal) => unseal,
        /// Seal the store
        Seal(Seal) => seal,
        /// Replace the shares of the unseal key
        Rekey(rekey::Rekey) => rekey::rekey,
        /// Make a root token, with the shares of a quorum
        GenerateRoot(generate_root::GenerateRoot) => generate_root::generate_root,
        /// Encrypt new records under a new key
        Rotate(Rotate) => rotate,
        /// Which key records are encrypted under
        KeyStatus(KeyStatus) => key_status,
        /// The nodes
        Members(Members) => members,
    }
    groups {
        /// Snapshots (there is no Raft)
        Raft(Raft),
    }
}

commands! {
    enum Raft
    groups {
        /// Back up the store, and put it back
        Snapshot(super::snapshot::Snapshot),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret init                                      five shares, three of which unseal
  secret init -key-shares=1 -key-threshold=1 -format=json
  secret init -status

Exit status of -status 0: initialised. 2: not.")]
pub(crate) struct Init {
    /// Parts that the unseal key is split into
    #[arg(long, short = 'n', value_name = "N")]
    key_shares: Option<u8>,
    /// Parts that are needed to unseal
    #[arg(long, short = 't', value_name = "N")]
    key_threshold: Option<u8>,
    /// The same for the recovery key, with a seal that unseals itself
    #[arg(long, value_name = "N")]
    recovery_shares: Option<u8>,
    /// Parts of the recovery key that are needed
    #[arg(long, value_name = "N")]
    recovery_threshold: Option<u8>,
    /// Only tell whether it is initialised
    #[arg(long)]
    status: bool,
}

pub(crate) async fn init(cx: &Context, args: Init) -> Result<u8, Failure> {
    if args.status {
        let status = cx.client.call(Method::Get, "sys/init").anonymous().send().await;
        let status: Value = status.and_then(|it| it.json()).map_err(|error| Failure::from(error).code(1))?;
        let initialized = status.get("initialized") == Some(&Value::Bool(true));
        match cx.output.format {
            Format::Table | Format::Raw => {
                line(if initialized { "The store is initialized" } else { "The store is not initialized" })?;
            }
            Format::Json | Format::Yaml => cx.output.data(&json!({ "Initialized": initialized }))?,
        }
        return Ok(if initialized { 0 } else { 2 });
    }
    let seal: Value = cx.client.call(Method::Get, "sys/seal-status").anonymous().send().await?.json()?;
    let kind = seal.get("type").and_then(Value::as_str).unwrap_or_default();
    let body = match kind {
        "keyfile" | "credential" => json!({
            "recovery_shares": args.recovery_shares.unwrap_or(5),
            "recovery_threshold": args.recovery_threshold.unwrap_or(3),
        }),
        "passphrase" => {
            let passphrase = input::secret_twice("New passphrase (will be hidden)")?;
            json!({ "passphrase": passphrase.expose() })
        }
        _ => json!({
            "secret_shares": args.key_shares.unwrap_or(5),
            "secret_threshold": args.key_threshold.unwrap_or(3),
        }),
    };
    let made: Value = cx.client.call(Method::Put, "sys/init").anonymous().json(&body).send().await?.json()?;
    if cx.output.format != Format::Table || cx.output.field.is_some() {
        cx.output.data(&as_vaults_command(&made, &body))?;
        return Ok(0);
    }
    for (label, field) in [("Unseal Key", "keys_base64"), ("Recovery Key", "recovery_keys_base64")] {
        for (at, key) in made.get(field).and_then(Value::as_array).into_iter().flatten().enumerate() {
            line(&format!("{label} {}: {}", at + 1, text(key)))?;
        }
    }
    line(&format!("\nInitial Root Token: {}\n", made.get("root_token").map(text).unwrap_or_default()))?;
    note("Nothing of this is kept anywhere. Give each key to another person; revoke the root token when you");
    note("have set up your own.");
    Ok(0)
}

/// `operator init -format=json` has names of its own, which scripts know.
fn as_vaults_command(made: &Value, asked: &Value) -> Value {
    let keys = |name: &str| made.get(name).cloned().unwrap_or_else(|| json!([]));
    let count = |name: &str| asked.get(name).cloned().unwrap_or_else(|| json!(0));
    json!({
        "unseal_keys_b64": keys("keys_base64"),
        "unseal_keys_hex": keys("keys"),
        "unseal_shares": count("secret_shares"),
        "unseal_threshold": count("secret_threshold"),
        "recovery_keys_b64": keys("recovery_keys_base64"),
        "recovery_keys_hex": keys("recovery_keys"),
        "recovery_keys_shares": count("recovery_shares"),
        "recovery_keys_threshold": count("recovery_threshold"),
        "root_token": made.get("root_token"),
    })
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret unseal                  asks for a key or the passphrase, without showing it
  secret unseal < keys           one key on each line, until the store is open
  secret unseal -reset           forgets the keys given so far")]
pub(crate) struct Unseal {
    /// Nothing, or - for standard input
    #[arg(value_name = "-", value_parser = not_a_share)]
    source: Option<String>,
    /// Forget the keys given so far
    #[arg(long)]
    reset: bool,
}

pub(crate) async fn unseal(cx: &Context, args: Unseal) -> Result<(), Failure> {
    let send = async |body: Value| -> Result<Value, Failure> {
        Ok(cx.client.call(Method::Put, "sys/unseal").anonymous().json(&body).send().await?.json()?)
    };
    if args.reset {
        return status::shown(cx, &send(json!({ "reset": true })).await?).map(|_| ());
    }
    let mut state = Value::Null;
    for key in shares("Unseal key or passphrase (will be hidden)", args.source.as_deref())? {
        state = send(json!({ "key": key.expose() })).await?;
        if state.get("sealed") == Some(&Value::Bool(false)) {
            break;
        }
    }
    status::shown(cx, &state).map(|_| ())
}

/// Refuses what could be a share: clap hands over what was typed, and the error does not show it.
pub(super) fn not_a_share(typed: &str) -> Result<String, &'static str> {
    if typed == "-" { Ok(typed.to_owned()) } else { Err(SHARE_TYPED) }
}

/// What is said to somebody who types a share.
pub(crate) const SHARE_TYPED: &str = "keys are not taken from the command line, where others see them";

/// Shares from the terminal or, one a line, from standard input.
fn shares(prompt: &str, source: Option<&str>) -> Result<Vec<strongroom_sdk::SecretString>, Failure> {
    match source {
        Some(_) => input::shares_from_stdin(),
        None => input::shares(prompt),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret seal")]
pub(crate) struct Seal {}

pub(crate) async fn seal(cx: &Context, _: Seal) -> Result<(), Failure> {
    cx.client.call(Method::Put, "sys/seal").send().await?;
    note("Success! The store is sealed.");
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret operator key-status")]
pub(crate) struct KeyStatus {}

pub(crate) async fn key_status(cx: &Context, _: KeyStatus) -> Result<(), Failure> {
    let data: Value = cx.client.call(Method::Get, "sys/key-status").send().await?.data()?;
    cx.output.data(&data)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret operator rotate")]
pub(crate) struct Rotate {}

pub(crate) async fn rotate(cx: &Context, _: Rotate) -> Result<(), Failure> {
    cx.client.call(Method::Put, "sys/rotate").send().await?;
    note("Success! New records are encrypted under a new key.");
    key_status(cx, KeyStatus {}).await
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret operator members")]
pub(crate) struct Members {}

async fn members(cx: &Context, _: Members) -> Result<(), Failure> {
    let answer = cx.client.call(Method::Get, "sys/ha-status").send().await?;
    if cx.output.format != Format::Table {
        return cx.output.answer(&answer);
    }
    let whole: Value = answer.json()?;
    let nodes = whole.pointer("/data/nodes").or_else(|| whole.get("nodes"));
    let said = |node: &Value, name: &str| node.get(name).map(text).unwrap_or_default();
    let names = ["hostname", "api_address", "cluster_address", "active_node", "version"];
    let rows: Vec<Vec<String>> = nodes
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|node| names.map(|it| said(node, it)).to_vec())
        .collect();
    cx.output.columns(&["HOST", "API ADDRESS", "CLUSTER ADDRESS", "ACTIVE", "VERSION"], &rows)
}

/// The parts of a procedure's state that people look at.
fn progress(cx: &Context, state: &Value) -> Result<(), Failure> {
    if cx.output.format != Format::Table || cx.output.field.is_some() {
        return cx.output.data(state);
    }
    let names = [
        ("Nonce", "nonce"),
        ("Started", "started"),
        ("Progress", "progress"),
        ("Required", "required"),
        ("New Shares", "n"),
        ("New Threshold", "t"),
        ("Verification Required", "verification_required"),
        ("Verification Nonce", "verification_nonce"),
        ("Complete", "complete"),
        ("Encoded Token", "encoded_token"),
        ("OTP", "otp"),
        ("OTP Length", "otp_length"),
    ];
    let empty = |value: &Value| value.is_null() || value == "";
    let rows = names.iter().filter_map(|(label, name)| {
        let value = state.get(*name).filter(|it| !empty(it))?;
        Some(((*label).to_owned(), text(value)))
    });
    cx.output.table(&rows.collect::<Vec<_>>())
}

/// The nonce of the run that is under way.
async fn nonce_of(cx: &Context, path: &str, field: &str, typed: Option<String>) -> Result<String, Failure> {
    if let Some(nonce) = typed {
        return Ok(nonce);
    }
    let state: Value = cx.client.call(Method::Get, path).send().await?.json()?;
    match state.get(field).and_then(Value::as_str).filter(|it| !it.is_empty()) {
        Some(nonce) => Ok(nonce.to_owned()),
        None => Err(Failure::new("there is no such procedure under way").hint("-init starts one")),
    }
}

/// Sends shares until the procedure is complete; answers its last state.
async fn give(
    cx: &Context,
    path: &str,
    nonce: &str,
    shares: Vec<strongroom_sdk::SecretString>,
) -> Result<Value, Failure> {
    let mut state = Value::Null;
    for share in shares {
        let body =
            Map::from_iter([("key".to_owned(), json!(share.expose())), ("nonce".to_owned(), json!(nonce))]);
        state = cx.client.call(Method::Put, path).json(&body).send().await?.json()?;
        if state.get("complete") == Some(&Value::Bool(true)) {
            break;
        }
    }
    Ok(state)
}
