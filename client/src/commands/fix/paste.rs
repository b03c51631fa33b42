//! Policies and roles as commands to paste, beside what the server has of them: pasted, they take nothing from anybody.

use serde_json::Value;

use super::access::{self, Grant};
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

pub(super) async fn show(cx: &Context, grants: &[Grant]) -> Result<(), Failure> {
    if cx.output.format != Format::Table {
        return Ok(());
    }
    let mut server = Server { cx, is_away: false };
    for grant in grants {
        let grant = std::slice::from_ref(grant);
        let mut there = Vec::new();
        for it in access::as_json(grant) {
            there.extend(server.look(&it).await);
        }
        match there.as_slice() {
            [] => access::show(cx, grant)?,
            there => there.iter().try_for_each(|it| line(it))?,
        }
    }
    Ok(())
}

impl Server<'_> {
    /// The commands for a policy and its roles, if the server has one of these.
    async fn look(&mut self, grant: &Value) -> Option<String> {
        let text = |name: &str| grant.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, rules) = (text("policy"), text("rules"));
        let policy = self.found(&Wish::policy(name, "")).await;
        let policy = policy.as_ref().and_then(|it| it.get("policy")).and_then(Value::as_str);
        let mut is_there = policy.is_some();
        let mut lines = vec![policy_lines(name, rules, policy.unwrap_or_default())];
        for role in grant.get("roles").and_then(Value::as_array).into_iter().flatten() {
            let (Some(path), Some(fields)) = (role.get("path").and_then(Value::as_str), role.get("fields"))
            else {
                continue;
            };
            let wish = Wish::new(path, fields.clone());
            let found = self.found(&wish).await;
            is_there |= found.is_some();
            lines.push(role_lines(path, fields, found.map(|it| wish.compare(&it))));
        }
        is_there.then(|| lines.concat().trim_end().to_owned())
    }

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

fn policy_lines(name: &str, rules: &str, there: &str) -> String {
    // One rule a path, and its head is what another fix has written.
    let is_missing = |rule: &&str| rule.split('{').next().is_some_and(|head| !there.contains(head));
    let missing: String = rules.split_inclusive("}\n").filter(is_missing).collect();
    if missing.is_empty() {
        return format!("\n# The policy {name} is there, and has these rules.\n");
    }
    let (why, whole) = match there.trim_end() {
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

fn role_lines(path: &str, fields: &Value, state: Option<State>) -> String {
    match state {
        None | Some(State::Absent) => format!("secret write {path} - <<'EOF'\n{fields:#}\nEOF\n"),
        Some(State::Same) => format!("# {path}: is there, as it is to be.\n"),
        Some(State::Other(fields)) => format!(
            "# {path}: is there, and differs in {}: `secret read {path}` shows whether it is the same workload's.\n",
            fields.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_whatever_it_looks_like() {
        let rule = |path: &str| format!("path \"{path}\" {{\n  capabilities = [\"read\"]\n}}\n");
        let rules = format!("{}{}", rule("a"), rule("b"));
        let all = policy_lines("p", &rules, "");
        assert!(all.contains("nothing else") && all.ends_with(&format!("<<'EOF'\n{rules}EOF\n")), "{all}");
        let some = policy_lines("p", &rules, &format!("# theirs\nEOF\n{}", rule("a")));
        let expected = format!("<<'EOF_'\n# theirs\nEOF\n{}\n{}EOF_\n", rule("a"), rule("b"));
        assert!(some.ends_with(&expected), "{some}");
        assert!(!policy_lines("p", &rules, &rules).contains("secret policy write"));
    }
}
