//! `operator rekey`: new shares in the place of the old ones.

use serde_json::{Value, json};
use strongroom_sdk::Method;

use super::{give, nonce_of, not_a_share, progress, shares};
use crate::{
    context::Context,
    failure::Failure,
    output::{Format, line, note, text},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret operator rekey -init -key-shares=5 -key-threshold=3
  secret operator rekey                asks for an old share; each holder calls it once
  secret operator rekey < shares       one on each line
  secret operator rekey -status
  secret operator rekey -cancel
  secret operator rekey -init -verify -key-shares=3 -key-threshold=2
  secret operator rekey -verify        asks for a new share: the old ones end when enough were given")]
pub(crate) struct Rekey {
    /// Nothing, or - for standard input
    #[arg(value_name = "-", value_parser = not_a_share)]
    source: Option<String>,
    /// Begin
    #[arg(long, conflicts_with_all = ["status", "cancel", "nonce"])]
    init: bool,
    /// How far it is
    #[arg(long, conflicts_with_all = ["cancel", "nonce"])]
    status: bool,
    /// Forget it
    #[arg(long)]
    cancel: bool,
    /// With -init: the new shares must be shown before the old ones end. Else: of that second part
    #[arg(long)]
    verify: bool,
    /// New shares
    #[arg(long, short = 'n', default_value_t = 5, value_name = "N")]
    key_shares: u8,
    /// New shares that are needed
    #[arg(long, short = 't', default_value_t = 3, value_name = "N")]
    key_threshold: u8,
    /// The run that is meant [default: the one that is under way]
    #[arg(long)]
    nonce: Option<String>,
    /// barrier, or recovery with a seal that unseals itself
    #[arg(long, default_value = "barrier", value_parser = ["barrier", "recovery", "hsm"])]
    target: String,
}

pub(crate) async fn rekey(cx: &Context, args: Rekey) -> Result<(), Failure> {
    let base = if args.target == "barrier" { "sys/rekey" } else { "sys/rekey-recovery-key" };
    let (state, nonce) = match args.verify {
        true => (format!("{base}/verify"), "nonce"),
        false => (format!("{base}/init"), "nonce"),
    };
    if args.init {
        let body = json!({
            "secret_shares": args.key_shares,
            "secret_threshold": args.key_threshold,
            "require_verification": args.verify,
        });
        let begun = cx.client.call(Method::Put, format!("{base}/init")).json(&body).send().await?;
        note("A rekey has begun: `secret operator rekey` takes the shares there are, one from each holder.");
        return progress(cx, &begun.json()?);
    }
    if args.status {
        return progress(cx, &cx.client.call(Method::Get, state).send().await?.json()?);
    }
    if args.cancel {
        let nonce = args.nonce.map(|it| json!({ "nonce": it })).unwrap_or_else(|| json!({}));
        cx.client.call(Method::Delete, state).json(&nonce).send().await?;
        note("Success! Canceled rekeying (if it was started)");
        return Ok(());
    }
    let nonce = nonce_of(cx, &state, nonce, args.nonce).await?;
    let (update, prompt) = match args.verify {
        true => (state, "One of the new shares (will be hidden)"),
        false => (format!("{base}/update"), "One of the shares there are (will be hidden)"),
    };
    let done = give(cx, &update, &nonce, shares(prompt, args.source.as_deref())?).await?;
    told(cx, &done, args.verify)
}

fn told(cx: &Context, done: &Value, verified: bool) -> Result<(), Failure> {
    if cx.output.format != Format::Table || cx.output.field.is_some() {
        return cx.output.data(done);
    }
    if done.get("complete") != Some(&Value::Bool(true)) {
        return progress(cx, done);
    }
    for (at, key) in done.get("keys_base64").and_then(Value::as_array).into_iter().flatten().enumerate() {
        line(&format!("Key {}: {}", at + 1, text(key)))?;
    }
    match (verified, done.get("verification_required")) {
        (false, Some(Value::Bool(true))) => {
            note(
                "The old shares still hold. `secret operator rekey -verify` takes the new ones; then they end.",
            );
        }
        _ => note("Success! The old shares are void. Give each new one to another person."),
    }
    Ok(())
}
