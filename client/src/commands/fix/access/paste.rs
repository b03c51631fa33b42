//! Policies and roles as commands to paste, beside what the server has of them: pasted, they take nothing from anybody.

use serde_json::{Value, json};
use strongroom_scan::plain;

use super::{Grant, role, there::There};
use crate::{
    commands::wish::{State, Wish},
    context::Context,
    failure::Failure,
    output::{Format, line},
};

/// What the server tells of what it has.
struct Server<'a> {
    cx: &'a Context,
    /// It did not answer, and is not asked again.
    is_away: bool,
}

pub(in crate::commands::fix) async fn show(cx: &Context, grants: &[Grant]) -> Result<(), Failure> {
    if cx.output.format != Format::Table {
        return Ok(());
    }
    let mut server = Server { cx, is_away: false };
    for grant in grants {
        let policy = server.found(&Wish::policy(&grant.policy, "")).await;
        let mut lines = vec![policy_lines(grant, &There::of(policy.as_ref()))];
        for (path, fields) in &grant.roles {
            let wish = Wish::new(path, fields.clone());
            let found = server.found(&wish).await;
            lines.push(role_lines(&wish, fields, found));
        }
        line(lines.concat().trim_end())?;
    }
    Ok(())
}

impl Server<'_> {
    /// What is there; nothing too where this token may not see it.
    async fn found(&mut self, wish: &Wish) -> Option<Value> {
        if self.is_away {
            return None;
        }
        let found = wish.found(&self.cx.client).await;
        self.is_away = found.as_ref().is_err_and(|it| it.is_transient);
        found.ok().flatten()
    }
}

fn policy_lines(grant: &Grant, there: &There) -> String {
    let (name, missing) = (&grant.policy, there.missing(grant));
    if let Some((path, by)) = there.denied(grant) {
        let by = plain(&by);
        return format!(
            "\n# The policy {name} is there and denies {path} (its rule for \"{by}\"): take that out first.\n"
        );
    }
    if missing.is_empty() {
        return format!("\n# The policy {name} is there, and has these rules.\n");
    }
    if there.is_json() {
        let rules: String = missing.lines().map(|it| format!("#   {it}\n")).collect();
        return format!(
            "\n# The policy {name} is there in JSON, and lacks these rules: add them to it.\n{rules}"
        );
    }
    let (why, whole) = match there.text.trim_end() {
        "" => ("and nothing else", missing),
        there => ("with the rules that are there: these stay", format!("{there}\n\n{missing}")),
    };
    let mut end = "EOF".to_owned();
    while whole.lines().any(|it| it == end) {
        end.push('_');
    }
    format!(
        "\n# What {name} may read, {why} (-apply writes it):\nsecret policy write {name} - <<'{end}'\n{whole}{end}\n"
    )
}

fn role_lines(wish: &Wish, fields: &Value, there: Option<Value>) -> String {
    let path = &wish.path;
    let Some(there) = there else { return written(path, fields) };
    let policies = role::completed(&there, fields).filter(|_| role::is_theirs_alone(&there, fields));
    match (wish.compare(&there), policies) {
        (_, Some(policies)) => {
            let gains = written(path, &json!({ "token_policies": policies }));
            format!("# {path}: is there, lacks the policy, and keeps the rest of what it has:\n{gains}")
        }
        (State::Same | State::Absent, None) => format!("# {path}: is there, as it is to be.\n"),
        (State::Other(fields), None) => format!(
            "# {path}: is there, and differs in {}: `secret read {path}` shows whether it is the same workload's.\n",
            fields.join(", ")
        ),
    }
}

fn written(path: &str, fields: &Value) -> String {
    format!("secret write {path} - <<'EOF'\n{fields:#}\nEOF\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_whatever_it_looks_like() {
        let rule = |path: &str| format!("path \"{path}\" {{\n  capabilities = [\"read\"]\n}}\n");
        let rules = format!("{}{}", rule("a"), rule("b"));
        let mut grant = Grant { policy: "p".to_owned(), rules: Vec::new(), roles: Default::default() };
        grant.allow("a", "read", false);
        grant.allow("b", "read", true);
        let there = |text: &str| There::of(Some(&json!({ "policy": text })));
        let all = policy_lines(&grant, &there(""));
        assert!(all.contains("nothing else") && all.ends_with(&format!("<<'EOF'\n{rules}EOF\n")), "{all}");
        let some = policy_lines(&grant, &there(&format!("/* theirs\nEOF\n*/\n{}", rule("a"))));
        let expected = format!("<<'EOF_'\n/* theirs\nEOF\n*/\n{}\n{}EOF_\n", rule("a"), rule("b"));
        assert!(some.ends_with(&expected), "{some}");
        // An exact rule beside the pattern would take away what that allows.
        for text in [rules, format!("{}{}", rule("a"), rule("*"))] {
            assert!(!policy_lines(&grant, &there(&text)).contains("secret policy write"), "{text}");
        }
        let denies = there("path \"b\" { capabilities = [\"deny\"] }");
        let told = "\n# The policy p is there and denies b (its rule for \"b\"): take that out first.\n";
        assert_eq!(policy_lines(&grant, &denies), told);
        let in_json = policy_lines(&grant, &there(r#"{"path": {"a": {"capabilities": ["read"]}}}"#));
        assert!(in_json.contains("in JSON") && !in_json.contains("secret policy write"), "{in_json}");
        assert!(in_json.ends_with("#   path \"b\" {\n#     capabilities = [\"read\"]\n#   }\n"), "{in_json}");
    }
}
