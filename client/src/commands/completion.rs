//! `completion`, `man`, `version`: what the command says of itself.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use crate::{
    Cli,
    context::Global,
    failure::Failure,
    output::{Output, line, note, print},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  source <(secret completion bash)                                  this shell
  secret completion bash > /etc/bash_completion.d/secret            every shell
  secret completion zsh > \"${fpath[1]}/_secret\"
  secret completion fish > ~/.config/fish/completions/secret.fish")]
pub(crate) struct Completion {
    /// bash, zsh, fish
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shell {
    Bash,
    Fish,
    Zsh,
}

pub(crate) fn completion(_: &Global, args: Completion) -> Result<(), Failure> {
    let shell = match args.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Zsh => clap_complete::Shell::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "secret", &mut script);
    print(&String::from_utf8_lossy(&script))
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret man /usr/local/share/man/man1      writes secret.1, secret-put.1, ...")]
pub(crate) struct Man {
    /// The directory that gets the pages
    dir: PathBuf,
}

pub(crate) fn man(_: &Global, args: Man) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", args.dir.display()));
    std::fs::create_dir_all(&args.dir).map_err(failed)?;
    let mut command = Cli::command();
    command.build();
    let pages = pages(&args.dir, "secret", &command).map_err(failed)?;
    note(&format!("{pages} pages in {}", args.dir.display()));
    Ok(())
}

/// A page for a command and for each below it; answers how many.
fn pages(dir: &Path, name: &str, command: &clap::Command) -> std::io::Result<usize> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name.to_uppercase()).render(&mut page)?;
    std::fs::write(dir.join(format!("{name}.1")), page)?;
    let below = command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help");
    below.map(|it| pages(dir, &format!("{name}-{}", it.get_name()), it)).try_fold(1, |sum, it| Ok(sum + it?))
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret version")]
pub(crate) struct Version {}

pub(crate) fn version(global: &Global, _: Version) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    match Output::of(global)?.format {
        crate::output::Format::Json => Output::of(global)?.data(&serde_json::json!({ "version": version })),
        _ => line(&format!("Strongroom {version}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every command that does something, as it is typed.
    fn commands(prefix: &str, command: &clap::Command, found: &mut Vec<(String, clap::Command)>) {
        for it in command.get_subcommands().filter(|it| it.get_name() != "help") {
            let name = format!("{prefix} {}", it.get_name()).trim().to_owned();
            if it.has_subcommands() {
                commands(&name, it, found);
            } else {
                found.push((name, it.clone()));
            }
        }
    }

    fn all() -> Vec<(String, clap::Command)> {
        let mut found = Vec::new();
        commands("", &Cli::command(), &mut found);
        found
    }

    fn read(path: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for (name, command) in all() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let word = name.split(' ').next_back().unwrap();
            let is_example = |line: &str| line.contains("secret ") && line.contains(word);
            assert!(help.contains("Examples:") && help.lines().any(is_example), "{name} has no example");
            assert!(command.get_about().is_some(), "{name} is not described");
        }
    }

    #[test]
    fn every_option_is_described() {
        for (name, command) in all() {
            for option in command.get_opts().chain(command.get_arguments().filter(|it| !it.is_positional())) {
                let is_builtin = matches!(option.get_id().as_str(), "help" | "version");
                assert!(
                    is_builtin || option.get_help().is_some(),
                    "{name}: {} is not described",
                    option.get_id()
                );
            }
        }
    }

    /// docs/cli.md has a row for each command, and tests/coverage.toml a test; and neither has more.
    #[test]
    fn every_command_is_documented_and_tested() {
        let there: BTreeSet<String> = all().into_iter().map(|(name, _)| name).collect();
        let guide = read("../docs/cli.md");
        let rows = guide
            .lines()
            .filter_map(|it| it.strip_prefix("| `secret ")?.split(['`', ' ', '[']).next().map(|_| it));
        let documented: BTreeSet<String> = rows
            .filter_map(|it| Some(it.strip_prefix("| `secret ")?.split_once('`')?.0.trim().to_owned()))
            .collect();
        assert_eq!(
            there.difference(&documented).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "not in docs/cli.md"
        );
        assert_eq!(
            documented.difference(&there).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "no such command"
        );

        let (list, mut covered) = (read("tests/coverage.toml"), BTreeSet::new());
        for line in list.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#')) {
            let (name, test) = line.split_once(" = ").expect("NAME = \"FILE: TEST\"");
            let (file, test) = test.trim_matches('"').split_once(": ").expect("NAME = \"FILE: TEST\"");
            let source = read(&format!("../{file}"));
            let is_there = [
                format!("fn {test}("),
                format!("def {test}("),
                format!("\n[{test}]"),
                format!("\n[\"{test}\"]"),
            ];
            assert!(
                is_there.iter().any(|it| source.contains(it.as_str())),
                "{name}: no test {test} in {file}"
            );
            covered.insert(name.trim_matches('"').to_owned());
        }
        assert_eq!(there.difference(&covered).collect::<Vec<_>>(), Vec::<&String>::new(), "without a test");
        assert_eq!(covered.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "no such command");
    }

    #[test]
    fn every_command_has_a_page() {
        let dir = tempfile::tempdir().unwrap();
        man(&Global::default(), Man { dir: dir.path().to_owned() }).unwrap();
        for (name, command) in all().into_iter().filter(|(_, it)| !it.is_hide_set()) {
            let page = dir.path().join(format!("secret-{}.1", name.replace(' ', "-")));
            let page = std::fs::read_to_string(page).unwrap_or_else(|_| panic!("{name} has no page"));
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let first = about.split(['-', '\'', '.']).next().unwrap();
            assert!(page.contains(".TH") && page.contains(first), "{name}");
        }
    }
}
