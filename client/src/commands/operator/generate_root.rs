//! `operator generate-root`: a root token, with the shares of a quorum.

use data_encoding::{BASE64, BASE64_NOPAD};
use serde_json::{Value, json};
use strongroom_sdk::{Method, SecretString};
use zeroize::Zeroizing;

use super::{give, nonce_of, not_a_share, progress, shares};
use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{Format, note, raw, text},
};

const ATTEMPT: &str = "sys/generate-root/attempt";

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret operator generate-root -init       prints the nonce and the one-time password
  secret operator generate-root             asks for a share; each holder calls it once
  secret operator generate-root < shares    one on each line
  secret operator generate-root -decode=ENCODED      asks for the one-time password
  secret operator generate-root -status
  secret operator generate-root -cancel")]
pub(crate) struct GenerateRoot {
    /// Nothing, or - for standard input
    #[arg(value_name = "-", value_parser = not_a_share)]
    source: Option<String>,
    /// Begin
    #[arg(long, conflicts_with_all = ["status", "cancel", "nonce", "decode", "generate_otp"])]
    init: bool,
    /// How far it is
    #[arg(long, conflicts_with_all = ["cancel", "nonce", "decode", "generate_otp"])]
    status: bool,
    /// Forget it
    #[arg(long, conflicts_with_all = ["decode", "generate_otp"])]
    cancel: bool,
    /// Make the token out of what the last share answered, or - to read that from standard input
    #[arg(long, value_name = "ENCODED")]
    decode: Option<String>,
    /// The one-time password, for -init and -decode; without, it is made or asked for
    #[arg(long)]
    otp: Option<String>,
    /// Only make a one-time password
    #[arg(long)]
    generate_otp: bool,
    /// The run that is meant [default: the one that is under way]
    #[arg(long)]
    nonce: Option<String>,
}

pub(crate) async fn generate_root(cx: &Context, args: GenerateRoot) -> Result<(), Failure> {
    if let Some(encoded) = args.decode {
        return decode(cx, &encoded, args.otp);
    }
    if args.generate_otp {
        return generate_otp(cx).await;
    }
    if args.init {
        let body = args.otp.map_or_else(|| json!({}), |otp| json!({ "otp": otp }));
        let begun = cx.client.call(Method::Put, ATTEMPT).json(&body).send().await?;
        note("Keep the one-time password: without it the token cannot be read. Now each holder calls");
        note("`secret operator generate-root` with a share.");
        return progress(cx, &begun.json()?);
    }
    if args.status {
        return progress(cx, &cx.client.call(Method::Get, ATTEMPT).send().await?.json()?);
    }
    if args.cancel {
        let nonce = args.nonce.map_or_else(|| json!({}), |it| json!({ "nonce": it }));
        cx.client.call(Method::Delete, ATTEMPT).json(&nonce).send().await?;
        note("Success! Canceled the generation of a root token (if it was started)");
        return Ok(());
    }
    let nonce = nonce_of(cx, ATTEMPT, "nonce", args.nonce).await?;
    let given = shares("Share of the key (will be hidden)", args.source.as_deref())?;
    let done = give(cx, "sys/generate-root/update", &nonce, given).await?;
    if done.get("complete") == Some(&Value::Bool(true)) {
        note(
            "Complete. `secret operator generate-root -decode=ENCODED` with the one-time password shows the token.",
        );
    }
    progress(cx, &done)
}

/// The token is what was encoded, XORed with the one-time password.
fn decode(cx: &Context, encoded: &str, otp: Option<String>) -> Result<(), Failure> {
    let (encoded, otp) = match (encoded, otp) {
        ("-", otp) => {
            let text = input::stdin()?;
            let mut lines = text.lines().map(|it| it.trim().to_owned());
            let encoded = lines.next().unwrap_or_default();
            let otp = otp.or_else(|| lines.next()).ok_or_else(|| {
                Failure::new("the one-time password is missing").hint("it may stand in the second line")
            })?;
            (encoded, SecretString::new(otp))
        }
        (encoded, Some(otp)) => (encoded.to_owned(), SecretString::new(otp)),
        (encoded, None) => (encoded.to_owned(), input::secret("One-time password (will be hidden)")?),
    };
    let token = decoded(&encoded, &otp)?;
    match cx.output.format {
        Format::Json | Format::Yaml => cx.output.data(&json!({ "token": token.as_str() })),
        Format::Table | Format::Raw => raw(&token),
    }
}

fn decoded(encoded: &str, otp: &SecretString) -> Result<Zeroizing<String>, Failure> {
    let wrong = || Failure::new("the encoded token and the one-time password do not belong together");
    let bytes = BASE64.decode(encoded.as_bytes()).or_else(|_| BASE64_NOPAD.decode(encoded.as_bytes()));
    let bytes = Zeroizing::new(bytes.map_err(|_| Failure::new("the encoded token is not base64"))?);
    let otp = otp.expose().as_bytes();
    if bytes.len() != otp.len() {
        return Err(wrong());
    }
    let token: Vec<u8> = bytes.iter().zip(otp).map(|(a, b)| a ^ b).collect();
    String::from_utf8(token).map(Zeroizing::new).map_err(|_| wrong())
}

/// As long as the server wants it: letters and digits.
async fn generate_otp(cx: &Context) -> Result<(), Failure> {
    let state: Value = cx.client.call(Method::Get, ATTEMPT).send().await?.json()?;
    let length = state.get("otp_length").and_then(Value::as_u64).unwrap_or_default();
    let random = cx.client.call(Method::Put, format!("sys/tools/random/{}", length.saturating_mul(4)));
    let random: Value = random.json(&json!({ "format": "base64" })).send().await?.data()?;
    let random = random.get("random_bytes").map(text).unwrap_or_default();
    let length = usize::try_from(length).unwrap_or(0);
    let otp: String = random.chars().filter(char::is_ascii_alphanumeric).take(length).collect();
    if otp.len() != length || length == 0 {
        return Err(Failure::new("the server gave too few random bytes"));
    }
    raw(&otp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_needs_its_own_password() {
        let otp = SecretString::new("0123456789");
        let token = "hvs.abcdef";
        let bytes: Vec<u8> = token.bytes().zip(otp.expose().bytes()).map(|(a, b)| a ^ b).collect();
        assert_eq!(decoded(&BASE64.encode(&bytes), &otp).unwrap().as_str(), token);
        assert_eq!(decoded(&BASE64_NOPAD.encode(&bytes), &otp).unwrap().as_str(), token);
        assert!(decoded(&BASE64.encode(&bytes), &SecretString::new("short")).is_err());
        assert!(decoded("%%", &otp).is_err());
    }
}
