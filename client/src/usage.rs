//! What is said when a command line cannot be understood: one line and a hint, without what was typed, which
//! may be a secret in the wrong place.

use std::ffi::OsString;

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{failure::Failure, output};

/// Help and version go to standard output; everything else is a failure.
pub(crate) fn explain(error: Error, args: &[OsString]) -> Result<u8, Failure> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return output::print(&error.render().to_string()).map(|()| 0);
    }
    // Status 1 of `audit verify` means that somebody tampered, of `scan` that there are findings, and of `fix` that
    // some are left: a typing error must not look like that.
    let has = |word: &str| args.iter().any(|it| it == word);
    let finds = args.get(1).is_some_and(|it| it == "scan" || it == "fix");
    let code = if finds || has("audit") && has("verify") { 2 } else { 1 };
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output::note(error.render().to_string().trim_end());
        return Ok(code);
    }
    let failure = Failure::new(message(&error)).code(code);
    Err(match hint(&error) {
        Some(hint) => failure.hint(hint),
        None => failure,
    })
}

fn message(error: &Error) -> String {
    // The one message that a parser of ours has for whoever types a share.
    let refused = crate::commands::operator::SHARE_TYPED;
    let why = std::error::Error::source(error).map(ToString::to_string);
    if why.as_deref() == Some(refused) {
        return refused.to_owned();
    }
    let named = text(error, ContextKind::InvalidArg);
    let option = named.split('=').next().unwrap_or_default();
    let option = option.split(' ').next().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument if option.starts_with('-') => format!("there is no option {option}"),
        ErrorKind::UnknownArgument => "there is an argument too many".to_owned(),
        ErrorKind::InvalidSubcommand => "there is no such command".to_owned(),
        ErrorKind::MissingSubcommand => "which command?".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("{} is missing", named.replace('\n', ", ")),
        ErrorKind::ArgumentConflict => {
            format!("{named} does not go with {}", text(error, ContextKind::PriorArg).replace('\n', ", "))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if why.is_some() => {
            format!("{option}: {}", why.unwrap_or_default())
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => match text(error, ContextKind::ValidValue) {
            valid if valid.is_empty() => format!("{option} cannot take this value"),
            valid => format!("{option} takes one of {}", valid.replace('\n', ", ")),
        },
        ErrorKind::NoEquals => format!("{option} takes its value behind `=`"),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{option} takes another number of values")
        }
        _ => "the command line cannot be understood".to_owned(),
    }
}

/// What may have been meant, or how the command is used.
fn hint(error: &Error) -> Option<String> {
    if message(error) == crate::commands::operator::SHARE_TYPED {
        return Some(
            "leave it out and be asked, or give it on standard input: `... < file-with-keys`".to_owned(),
        );
    }
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg];
    if let Some(meant) = suggested.iter().map(|it| text(error, *it)).find(|it| !it.is_empty()) {
        return Some(format!("did you mean {}?", meant.replace('\n', ", ")));
    }
    let usage = text(error, ContextKind::Usage);
    let usage = usage.trim().strip_prefix("Usage:")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let command: Vec<&str> = usage.split(' ').take_while(|it| !it.starts_with(['[', '<', '-'])).collect();
    Some(format!("{usage} (`{} --help` shows more)", command.join(" ")))
}

fn text(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join("\n"),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::StyledStrs(texts)) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[track_caller]
    fn check(args: &[&str], expected: &str) {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let args = crate::argv::as_clap_reads(args, &crate::Cli::command());
        let error = crate::Cli::command().try_get_matches_from(&args).unwrap_err();
        assert_eq!(explain(error, &args).unwrap_err().message(), expected);
    }

    // Rule 97: what was typed may be a secret in the wrong place.
    #[test]
    fn a_mistake_is_named_without_what_was_typed() {
        check(&["secret", "gett"], "there is no such command");
        check(&["secret", "get"], "<PATH> is missing");
        check(&["secret", "get", "a", "hunter2"], "there is an argument too many");
        check(&["secret", "get", "-hunter2=hunter3", "a"], "there is no option --hunter2");
        check(
            &["secret", "get", "-format=hunter2", "a"],
            "--format takes one of table, json, yaml, raw, pretty",
        );
        check(&["secret", "put", "-cas=hunter2", "a"], "--cas: invalid digit found in string");
        check(
            &["secret", "token", "create", "-ttl=hunter2"],
            "--ttl: not a span of time: write 90s, 5m or 24h",
        );
        check(&["secret", "unseal", "hunter2"], crate::commands::operator::SHARE_TYPED);
        check(&["secret", "operator", "rekey", "hunter2"], crate::commands::operator::SHARE_TYPED);
        check(&["secret", "rm", "-all", "-versions=1", "a"], "--all does not go with --versions <N,...>");
    }
}
