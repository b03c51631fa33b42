//! `init`, `unseal`, `seal`, and Vault's `operator ...`: who holds the keys.

use serde_json::{Value, json};
use strongroom_sdk::Method;

use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{Format, line, note, text},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret init                                      five shares, three of which unseal
  secret init -key-shares=1 -key-threshold=1 -format=json")]
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
    #[arg(long, value_name = "N")]
    recovery_threshold: Option<u8>,
    /// Only tell whether it is initialised: exit 0 if it is, 2 if not
    #[arg(long)]
    status: bool,
}

pub(crate) async fn init(cx: &Context, args: Init) -> Result<u8, Failure> {
    if args.status {
        let status: Value = cx.client.call(Method::Get, "sys/init").anonymous().send().await?.json()?;
        let initialized = status.get("initialized") == Some(&Value::Bool(true));
        line(if initialized { "Vault is initialized" } else { "Vault is not initialized" })?;
        return Ok(if initialized { 0 } else { 2 });
    }
    let seal: Value = cx.client.call(Method::Get, "sys/seal-status").anonymous().send().await?.json()?;
    let body = match seal.get("type").and_then(Value::as_str) {
        Some("keyfile" | "credential") => json!({
            "recovery_shares": args.recovery_shares.unwrap_or(5),
            "recovery_threshold": args.recovery_threshold.unwrap_or(3),
        }),
        Some("passphrase") => {
            let passphrase = input::secret("New passphrase (will be hidden)")?;
            let again = input::secret("The same again")?;
            if passphrase.expose() != again.expose() {
                return Err(Failure::new("the two passphrases differ: nothing was made"));
            }
            json!({ "passphrase": passphrase.expose() })
        }
        _ => json!({
            "secret_shares": args.key_shares.unwrap_or(5),
            "secret_threshold": args.key_threshold.unwrap_or(3),
        }),
    };
    let made: Value = cx.client.call(Method::Put, "sys/init").anonymous().json(&body).send().await?.json()?;
    if cx.output.format != Format::Table {
        cx.output.data(&made)?;
        return Ok(0);
    }
    for (label, field) in [("Unseal Key", "keys_base64"), ("Recovery Key", "recovery_keys_base64")] {
        for (at, key) in made.get(field).and_then(Value::as_array).into_iter().flatten().enumerate() {
            line(&format!("{label} {}: {}", at + 1, text(key)))?;
        }
    }
    line(&format!("\nInitial Root Token: {}\n", made.get("root_token").map(text).unwrap_or_default()))?;
    note(
        "Nothing of this is kept anywhere. Give each key to another person; revoke the root token when you have set up your own.",
    );
    Ok(0)
}

#[derive(Debug, clap::Args)]
pub(crate) struct Unseal {
    /// A key on the command line is seen by others and kept in the shell's history: leave it out and be asked
    key: Option<String>,
    /// Forget the keys given so far
    #[arg(long)]
    reset: bool,
}

pub(crate) async fn unseal(cx: &Context, args: Unseal) -> Result<(), Failure> {
    let body = match args.reset {
        true => json!({ "reset": true }),
        false => {
            let key = match args.key {
                Some(key) => {
                    note(
                        "hint: a key on the command line stays in the shell's history; without one you are asked",
                    );
                    strongroom_sdk::SecretString::new(key)
                }
                None => input::secret("Unseal key or passphrase (will be hidden)")?,
            };
            json!({ "key": key.expose() })
        }
    };
    cx.client.call(Method::Put, "sys/unseal").anonymous().json(&body).send().await?;
    super::status::status(cx).await.map(|_| ())
}

pub(crate) async fn seal(cx: &Context) -> Result<(), Failure> {
    cx.client.call(Method::Put, "sys/seal").send().await?;
    note("Success! The store is sealed.");
    Ok(())
}

pub(crate) async fn key_status(cx: &Context) -> Result<(), Failure> {
    cx.output.answer(&cx.client.call(Method::Get, "sys/key-status").send().await?)
}

pub(crate) async fn rotate(cx: &Context) -> Result<(), Failure> {
    cx.client.call(Method::Put, "sys/rotate").send().await?;
    note("Success! New records are encrypted under a new key.");
    key_status(cx).await
}
