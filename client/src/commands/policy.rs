//! `policy`: what may be done, and why.

mod explain;
mod layout;

use serde_json::{Value, json};
use strongroom_policies::PolicyName;
use strongroom_sdk::Method;

use super::{commands, raw::nothing_at};
use crate::{
    context::{Context, Global},
    failure::Failure,
    input,
    output::{Format, line, note, raw, text},
};

commands! {
    enum Policy
    asking {
        /// Why a path is allowed or not, rule by rule
        Explain(explain::Explain) => explain::explain,
        /// Which policies allow an operation on a path
        WhoCan(explain::WhoCan) => explain::who_can,
        /// The names of all policies
        List(List) => list,
        /// A policy's text
        Read(Read) => read,
        /// Store a policy
        Write(Write) => write,
        /// Remove a policy
        Delete(Delete) => delete,
    }
    alone {
        /// Lay out a policy file
        Fmt(Fmt) => fmt,
        /// Print a policy that comes with the program, to be cut to size
        Stock(Stock) => stock,
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret policy stock                             their names
  secret policy stock auditor > auditor.hcl
  secret policy stock auditor | secret policy write auditor -")]
pub(crate) struct Stock {
    name: Option<String>,
}

fn stock(_: &Global, args: Stock) -> Result<(), Failure> {
    let all = strongroom_policies::stock();
    let Some(name) = args.name else {
        return all.iter().try_for_each(|(name, _)| line(name));
    };
    match all.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => raw(text),
        None => Err(Failure::new("there is no such policy").hint("`secret policy stock` lists them")),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret policy list
  secret policy list -format=json")]
pub(crate) struct List {}

async fn list(cx: &Context, _: List) -> Result<(), Failure> {
    cx.output.keys(&cx.client.call(Method::List, "sys/policies/acl").send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret policy read web > web.hcl")]
pub(crate) struct Read {
    name: String,
}

async fn read(cx: &Context, args: Read) -> Result<(), Failure> {
    let path = format!("sys/policies/acl/{}", args.name);
    let answer = cx.client.call(Method::Get, path.as_str()).send().await;
    let data: Value = answer.map_err(|error| nothing_at(&path, error))?.data()?;
    let policy = data.get("policy").map(text).unwrap_or_default();
    match cx.output.format {
        Format::Table | Format::Raw => raw(&policy),
        Format::Json | Format::Yaml => cx.output.data(&json!({ "policy": policy })),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret policy write web web.hcl
  secret policy write web - < web.hcl")]
pub(crate) struct Write {
    name: String,
    /// A file, or - for standard input
    file: String,
}

async fn write(cx: &Context, args: Write) -> Result<(), Failure> {
    let policy = input::file_or_stdin(&args.file).map_err(|it| it.code(2))?;
    let call = cx.client.call(Method::Put, format!("sys/policies/acl/{}", args.name));
    call.json(&json!({ "policy": policy.as_str() })).send().await?;
    note(&format!("Success! Uploaded policy: {}", args.name));
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret policy delete web")]
pub(crate) struct Delete {
    name: String,
}

async fn delete(cx: &Context, args: Delete) -> Result<(), Failure> {
    cx.client.call(Method::Delete, format!("sys/policies/acl/{}", args.name)).send().await?;
    note(&format!("Success! Deleted policy: {}", args.name));
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret policy fmt web.hcl        changes the file, if it is a policy
  secret policy fmt - < web.hcl    prints it")]
pub(crate) struct Fmt {
    /// A file, or - for standard input
    file: String,
}

fn fmt(_: &Global, args: Fmt) -> Result<(), Failure> {
    let before = input::file_or_stdin(&args.file)?;
    let parse = |text: &str| {
        let name = PolicyName::new("file").map_err(|error| Failure::new(error.to_string()))?;
        strongroom_policies::parse(name, text).map_err(|error| Failure::new(format!("{}:{error}", args.file)))
    };
    parse(&before)?;
    let after = layout::laid_out(&before);
    // A layout that changed more than spaces would be worse than none.
    let bare = |text: &str| text.chars().filter(|it| !it.is_whitespace()).collect::<String>();
    if parse(&after).is_err() || bare(&before) != bare(&after) {
        return Err(Failure::new("this policy cannot be laid out: it stays as it is"));
    }
    if args.file == "-" {
        return crate::output::print(&after);
    }
    if after != *before {
        let failed = |error| Failure::new(format!("cannot write {}: {error}", args.file));
        std::fs::write(&args.file, after).map_err(failed)?;
    }
    note(&format!("Success! Formatted policy: {}", args.file));
    Ok(())
}
