//! `policy`: what may be done, and why.

use serde_json::{Value, json};
use strongroom_sdk::Method;

use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{Format, note, raw, text},
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Policy {
    /// Why a path is allowed or not, rule by rule
    Explain {
        /// The API path, without /v1/
        path: String,
        /// read, list, create, update, delete, patch
        #[arg(default_value = "read")]
        operation: String,
        /// These policies, instead of your token's
        #[arg(long, value_delimiter = ',')]
        policies: Vec<String>,
    },
    /// The names of all policies
    List,
    /// A policy's text
    Read { name: String },
    /// Store a policy
    Write {
        name: String,
        /// A file, or - for standard input
        file: String,
    },
    /// Remove a policy
    Delete { name: String },
}

pub(crate) async fn policy(cx: &Context, command: Policy) -> Result<(), Failure> {
    match command {
        Policy::Explain { path, operation, policies } => {
            let mut body = json!({ "path": path.trim_start_matches('/'), "operation": operation });
            if let (false, Some(body)) = (policies.is_empty(), body.as_object_mut()) {
                body.insert("policies".to_owned(), json!(policies));
            }
            let answer = cx.client.call(Method::Put, "sys/policies/explain").json(&body).send().await?;
            let data: Value = answer.data()?;
            match (cx.output.format, data.get("text").and_then(Value::as_str)) {
                (Format::Table, Some(explained)) => crate::output::line(explained.trim_end()),
                _ => cx.output.data(&data),
            }
        }
        Policy::List => {
            let data: Value = cx.client.call(Method::List, "sys/policies/acl").send().await?.data()?;
            let names = data.get("keys").and_then(Value::as_array).into_iter().flatten();
            cx.output.names(&names.map(text).collect::<Vec<_>>())
        }
        Policy::Read { name } => {
            let answer = cx.client.call(Method::Get, format!("sys/policies/acl/{name}")).send().await?;
            let data: Value = answer.data()?;
            match cx.output.format {
                Format::Table | Format::Raw => raw(&data.get("policy").map(text).unwrap_or_default()),
                _ => cx.output.data(&data),
            }
        }
        Policy::Write { name, file } => {
            let policy = match file.as_str() {
                "-" => input::stdin()?.to_string(),
                file => std::fs::read_to_string(file)
                    .map_err(|error| Failure::new(format!("cannot read {file}: {error}")))?,
            };
            let call = cx.client.call(Method::Put, format!("sys/policies/acl/{name}"));
            call.json(&json!({ "policy": policy })).send().await?;
            note(&format!("Success! Uploaded policy: {name}"));
            Ok(())
        }
        Policy::Delete { name } => {
            cx.client.call(Method::Delete, format!("sys/policies/acl/{name}")).send().await?;
            note(&format!("Success! Deleted policy: {name}"));
            Ok(())
        }
    }
}
