//! What scripts for Vault write, as clap reads it: long options with one dash (`-dev`), and values of switches
//! (`-detailed=true`).

use std::{collections::BTreeSet, ffi::OsString};

use clap::{ArgAction, Command};

/// Docker and Nomad call us by the name of their helper: what they type then are that command's words.
pub(crate) fn by_name(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if let Some(said) = crate::commands::nomad_plugin::called_by_nomad(&args) {
        return said;
    }
    let name = args.first().map(std::path::Path::new).and_then(|it| it.file_name());
    if name.is_some_and(|it| it == crate::commands::docker::PROGRAM) {
        args.insert(1, crate::commands::docker::COMMAND.into());
    }
    args
}

/// The arguments with a second dash before every long option, and switches without values; what follows `--`
/// stands as it is.
pub(crate) fn as_clap_reads(args: impl IntoIterator<Item = OsString>, command: &Command) -> Vec<OsString> {
    let mut switches = BTreeSet::new();
    collect_switches(command, &mut switches);
    let mut literal = false;
    args.into_iter()
        .filter_map(|arg| {
            literal |= arg == "--";
            match arg.to_str() {
                Some(text) if !literal => switched(with_two_dashes(text), &switches).map(OsString::from),
                _ => Some(arg),
            }
        })
        .collect()
}

fn with_two_dashes(text: &str) -> String {
    if is_long_with_one_dash(text) { format!("-{text}") } else { text.to_owned() }
}

/// `-dev`, `-config=F`; neither `-f` nor `-1` nor `-`.
fn is_long_with_one_dash(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('-')
        && chars.next().is_some_and(|it| it.is_ascii_alphabetic())
        && chars.next().is_some_and(|it| it != '=')
}

/// `--detailed=true` is `--detailed`, `--detailed=false` is nothing.
fn switched(text: String, switches: &BTreeSet<String>) -> Option<String> {
    let Some((name, value)) = text.strip_prefix("--").and_then(|it| it.split_once('=')) else {
        return Some(text);
    };
    if !switches.contains(name) {
        return Some(text);
    }
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(format!("--{name}")),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => None,
        _ => Some(text),
    }
}

/// The long names of all options that are there or not.
fn collect_switches(command: &Command, found: &mut BTreeSet<String>) {
    let is_switch = |it: &&clap::Arg| matches!(it.get_action(), ArgAction::SetTrue);
    found.extend(command.get_arguments().filter(is_switch).filter_map(|it| it.get_long().map(str::to_owned)));
    command.get_subcommands().for_each(|it| collect_switches(it, found));
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[track_caller]
    fn check(given: &[&str], expected: &[&str]) {
        let rewritten = as_clap_reads(given.iter().map(OsString::from), &crate::Cli::command());
        assert_eq!(rewritten, expected.iter().map(OsString::from).collect::<Vec<_>>());
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        check(
            &["secret", "-dev", "-config=F", "-config", "F"],
            &["secret", "--dev", "--config=F", "--config", "F"],
        );
        check(&["--dev", "-f", "-f=x", "-", "-1", "a-b"], &["--dev", "-f", "-f=x", "-", "-1", "a-b"]);
        check(&["run", "--", "ls", "-la"], &["run", "--", "ls", "-la"]);
    }

    #[test]
    fn dockers_helper_is_a_command() {
        let args = |all: &[&str]| by_name(all.iter().map(OsString::from));
        assert_eq!(args(&["/bin/docker-credential-strongroom", "get"])[1..], ["docker-credential", "get"]);
        assert_eq!(args(&["/bin/secret", "get"])[1..], ["get"]);
        assert!(args(&[]).is_empty());
    }

    #[test]
    fn a_switch_may_have_a_value() {
        check(&["-detailed=true", "-detailed=0", "-detailed=x"], &["--detailed", "--detailed=x"]);
        check(&["-renewable=false", "-format=true"], &["--renewable=false", "--format=true"]);
    }
}
