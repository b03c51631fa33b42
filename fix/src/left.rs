//! What stays in a file, why, and what a person can do about it.

use strongroom_scan::{Finding, Obstacle};

use crate::{File, Left, Options, Plan, comment, home::Home};

/// A reason and the nearest way.
pub(crate) type Why = (&'static str, &'static str);

pub(crate) const EXPRESSION: Why = (
    "not every use of it is a plain one: no rewrite in place keeps the meaning for certain",
    "give the task the value as a variable of its own, and use that instead of the expression",
);
pub(crate) const UNKNOWN: Why = (
    "nothing puts a reference in where it stands",
    "move it to a variable of the task or to a template, and fix again",
);
/// The nearest way where there is no task.
const PLAIN_REFERENCE: &str =
    "store it by hand, and let one plain reference take the place of the whole expression";
/// What stands in a program or a script, where there is no task to give it to.
const IN_PROGRAM: Why = (
    UNKNOWN.0,
    "let the program read it from its environment, with no default, and start that with `secret run --env --map PATH#FIELD=NAME -- COMMAND`",
);
/// What Terraform and Compose read as JSON too.
const TERRAFORM_JSON: Why = (
    "Terraform's files in JSON are not rewritten",
    "write it in a `.tf` or `.tfvars` file instead, and fix that one",
);
const COMPOSE_JSON: Why = (
    "Compose files in JSON are not rewritten",
    "write it as YAML (`docker compose -f FILE config --no-interpolate`), and fix that one",
);
pub(crate) const UNPARSED: Why = (
    "the file is not whole until another tool has rendered it, or does not parse",
    "render it first and fix what comes out, or let that tool read the value from the store",
);

/// A finding that stays, for its own obstacle or for `why`.
pub(crate) fn left(finding: usize, it: &Finding, why: Option<Why>) -> Left {
    let (reason, nearest) = match it.obstacle {
        Some(obstacle) => (obstacle.reason(), nearest(obstacle)),
        None => why.unwrap_or(UNKNOWN),
    };
    because(finding, (reason, nearest))
}

/// The same in a file that has no tasks.
pub(crate) fn left_without_task(finding: usize, it: &Finding, why: Why) -> Left {
    let left = left(finding, it, Some(why));
    if left.nearest == EXPRESSION.1 { Left { nearest: PLAIN_REFERENCE.to_owned(), ..left } } else { left }
}

/// A finding that stays for `why`, whatever else is in its way.
pub(crate) fn because(finding: usize, why: Why) -> Left {
    Left { finding, reason: why.0.to_owned(), nearest: why.1.to_owned() }
}

/// A file in which nothing puts references in: all stays, but for what stands in comments.
pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    let json = in_json(file);
    plan_with(file, findings, options, |at, it| {
        json.map_or_else(|| left_in_program(at, it), |why| left(at, it, Some(why)))
    })
}

/// The same, with what `stays` says of each.
pub(crate) fn plan_with(
    file: &File<'_>,
    findings: &[Finding],
    options: &Options,
    stays: impl Fn(usize, &Finding) -> Left,
) -> Plan {
    // A file that another tool has to render is left to it.
    let is_taken = |it: &&Finding| it.commented && it.obstacle != Some(Obstacle::Unparsed);
    let commented = findings.iter().filter(is_taken);
    let home = Home::of_file("file", file, options);
    let taken = comment::take(commented, home.path(), &[], options);
    let rest = findings.iter().enumerate().filter(|(_, it)| !is_taken(it));
    Plan {
        edits: taken.edits,
        entries: taken.entries,
        left: rest.map(|(at, it)| stays(at, it)).collect(),
        ..Plan::default()
    }
}

/// A file that is not touched at all: nothing is to be changed rather than something wrong.
pub(crate) fn all(findings: &[Finding], why: Why) -> Plan {
    let left = findings.iter().enumerate().map(|(at, it)| left(at, it, Some(why)));
    Plan { left: left.collect(), ..Plan::default() }
}

/// Why it is left, if the file is JSON that would be rewritten in its other syntax.
fn in_json(file: &File<'_>) -> Option<Why> {
    let name = file.name.rsplit('/').next().unwrap_or(file.name).to_ascii_lowercase();
    let has = |key: &str| file.text.contains(&format!("\"{key}\""));
    if name.ends_with(".tf.json") || name.ends_with(".tfvars.json") {
        return Some(TERRAFORM_JSON);
    }
    let is_compose = name.ends_with(".json") && has("services") && (has("image") || has("build"));
    is_compose.then_some(COMPOSE_JSON)
}

fn left_in_program(finding: usize, it: &Finding) -> Left {
    let left = left(finding, it, Some(IN_PROGRAM));
    match it.obstacle {
        Some(Obstacle::Expression) => Left { nearest: IN_PROGRAM.1.to_owned(), ..left },
        _ => left,
    }
}

fn nearest(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::AgentConfiguration => {
            "render the file with `secret agent` before the agent starts, or set its environment variable"
        }
        Obstacle::Artifact => {
            "fix with the style `secret` where the cluster has Nomad 1.11, or fetch it in a prestart task"
        }
        Obstacle::Backend => "`-backend-config=FILE` with a file that `secret agent` renders",
        Obstacle::BuildArgument => "a secret of the build (`--mount=type=secret`) instead of an argument",
        Obstacle::Expression => EXPRESSION.1,
        Obstacle::Meta => "let the task read it from its environment or a file, and fix that",
        Obstacle::Registered => "a check without a credential, or a script that reads it from a file",
        Obstacle::Sidecar => {
            "run what needs it as a task of the group, which may have a template, and fix that"
        }
        Obstacle::Tag => "keep it in a file that the reader of the tag has (a middleware's `usersFile`)",
        Obstacle::Unparsed => UNPARSED.1,
        Obstacle::Volume => "create the volume with a specification that `secret agent` renders",
    }
}
