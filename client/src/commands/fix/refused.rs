//! What stops a fix before anything is stored, and what helps.

use serde_json::Value;

use super::{Fix, Work, access};
use crate::{context::Context, failure::Failure};

const NO_LOGIN: &str = "`secret setup nomad` or `secret setup kubernetes` makes it; on a laptop without a cluster `secret \
                        auth enable -path=jwt-nomad jwt` does. -jwt-path and -kubernetes-path name another";
const NO_ROLE: &str = "a role's name is of letters, digits, `_`, `-` and `.`, with none of the last two at its ends: name \
                       another in the job's vault block, or fix without -apply and make a role of another name";
const NO_RIGHT: &str = "`secret policy stock fixer` prints the policy that a fix needs; docs/fixing.md tells what each path \
                        is for";

/// A refusal has the hint that helps here.
pub(super) fn explained(failure: Failure) -> Failure {
    if failure.is_denied() { failure.hint(NO_RIGHT) } else { failure }
}

/// With `-apply`: whether the logins are there, and can have the roles.
pub(super) async fn check(cx: &Context, works: &[Work], mount: &str, args: &Fix) -> Result<(), Failure> {
    let grants = access::grants(works, mount, args);
    let checked = access::check(cx, &grants).await;
    checked.map_err(|it| match it.message() {
        message if message.starts_with("there is no login") => it.hint(NO_LOGIN),
        _ => it.within("sys/auth"),
    })?;
    let all = access::as_json(&grants);
    let roles = all.iter().filter_map(|it| it.get("roles")?.as_array()).flatten();
    let mut paths = roles.filter_map(|it| it.get("path").and_then(Value::as_str));
    match paths.find(|it| !is_name(it.rsplit('/').next().unwrap_or_default())) {
        Some(path) => Err(Failure::new(format!("{path} cannot be: nothing was changed")).hint(NO_ROLE)),
        None => Ok(()),
    }
}

/// What the server takes for the name of a role.
fn is_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(is_word)
        && name.ends_with(is_word)
        && name.chars().all(|c| is_word(c) || "-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_called_as_the_server_takes_it() {
        for name in ["a", "_", "a-b.c", "shop.staging.web", "a..b"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "-a", "a-", ".a", "a b", "ä", "a*"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
