//! Long options with one dash or two: scripts for Vault write `-dev`, and clap reads `--dev`.

use std::ffi::OsString;

/// The arguments with a second dash before every long option; what follows `--` stands as it is.
pub(crate) fn with_two_dashes(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut literal = false;
    args.into_iter()
        .map(|arg| {
            literal |= arg == "--";
            match arg.to_str() {
                Some(text) if !literal && is_long_with_one_dash(text) => OsString::from(format!("-{text}")),
                _ => arg,
            }
        })
        .collect()
}

/// `-dev`, `-config=F`; neither `-f` nor `-1` nor `-`.
fn is_long_with_one_dash(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('-')
        && chars.next().is_some_and(|it| it.is_ascii_alphabetic())
        && chars.next().is_some_and(|it| it != '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[&str], expected: &[&str]) {
        let rewritten = with_two_dashes(given.iter().map(OsString::from));
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
}
