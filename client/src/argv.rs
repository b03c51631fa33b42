//! What was typed, brought into the one form that the parser takes.
//!
//! Long options may have one dash or two (`-format=json`, `--format json`), as in Vault. Called as `vault` or
//! `bao`, the program is the same.

/// Short options that are really short.
const SHORT: [&str; 2] = ["-h", "-V"];

/// Gives every long option two dashes. What follows `--` belongs to somebody else and is left alone.
pub(crate) fn rewrite(args: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut ours = true;
    args.into_iter()
        .enumerate()
        .map(|(at, arg)| {
            ours = ours && arg != "--";
            let name = arg.strip_prefix('-').unwrap_or_default();
            let is_long = name.starts_with(|it: char| it.is_ascii_alphabetic());
            match at > 0 && ours && is_long && !SHORT.contains(&arg.as_str()) {
                true => format!("-{arg}"),
                false => arg,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        assert_eq!(rewrite(typed.split(' ').map(str::to_owned)).join(" "), expected);
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        check("secret server -dev -config=x", "secret server --dev --config=x");
        check("secret get --field a -format json b", "secret get --field a --format json b");
        check("secret put a b=-5 -", "secret put a b=-5 -");
        check("secret -h", "secret -h");
        check("secret run -env -- cmd -x", "secret run --env -- cmd -x");
        check("secret write a n=1 -3", "secret write a n=1 -3");
    }
}
