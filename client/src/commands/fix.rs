//! `secret fix`: credentials leave the files, go into the store, and references stay in their place.
//!
//! In this order, for each file: the plan and its diff, the question, the values into the store, what may read them, the
//! original into the store, the files beside it, and last the file itself. Whatever fails before leaves the file as it was.

mod access;
mod ask;
mod attributes;
mod beside;
mod copies;
mod diff;
mod files;
mod folder;
mod fresh;
mod kept;
mod planning;
mod refused;
mod renamed;
mod replace;
mod shelf;
mod tell;
mod undo;

use std::path::PathBuf;

use strongroom_fix::{Options, Plan, Style};
use strongroom_scan::{Finding, Severity, Wanted, plain};
use zeroize::Zeroizing;

use self::{
    ask::{is_agreed, question},
    copies::Copies,
    replace::Original,
    shelf::Shelf,
    tell::Told,
};
use crate::{
    context::Context,
    failure::Failure,
    output::{Format, note},
};

/// The exit status when something was found that stays in its file.
const LEFT: u8 = 1;
/// The exit status when a file could not be fixed, and is as it was.
const FAILED: u8 = 2;

#[derive(Debug, clap::Args)]
#[command(
    override_usage = "secret fix [OPTIONS] <PATH>...",
    after_help = "Examples:
  secret fix app.nomad.hcl                shows what would change, and asks
  secret fix -dry-run .                   shows it for all files below here, and changes nothing
  secret fix -dry-run -summary .          one line a file
  secret fix -yes -apply app.nomad.hcl    without a question; writes the policy and the role too
  secret fix -style=secret app.nomad.hcl  with `secret` blocks (Nomad 1.11), for artifacts too
  secret fix -prefix=default/app app.nomad.hcl
  secret fix -undo app.nomad.hcl          the file as it was

Below a directory ignore files are respected: an ignored `.env` is named, and must be given by name.
docs/fixing.md tells what becomes of each kind of file, and what to do next.

Exit status 0: fixed, or nothing to do. 1: findings are left and explained, or the answer was no.
2: failed, or typed wrongly; the file that is named is unchanged."
)]
pub(crate) struct Fix {
    /// Files, and directories with all that is below them
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
    /// Show what would change, and change nothing: neither files nor store
    #[arg(long, conflicts_with = "undo")]
    dry_run: bool,
    /// One line a file, instead of diffs, places and what to do next
    #[arg(long)]
    summary: bool,
    /// Only what is at least so severe
    #[arg(long, value_name = "SEVERITY", value_parser = Severity::ALL.map(Severity::name))]
    severity: Option<String>,
    /// Leave defaults that everyone knows, or what stands in comments, where they are
    #[arg(long, value_name = "WHAT,...", value_delimiter = ',', value_parser = ["weak", "commented"])]
    ignore: Vec<String>,
    /// Stands before the paths in the store instead of the job's or the file's name
    #[arg(long, value_name = "PATH", value_parser = prefix)]
    prefix: Option<String>,
    /// How a Nomad job gets its values: `vault` and `template` blocks, or `secret` blocks
    #[arg(long, value_name = "STYLE", default_value = "template", value_parser = ["template", "secret"])]
    style: String,
    /// Write the policies and the roles of logins too
    #[arg(long)]
    apply: bool,
    /// Where Nomad's tasks log in
    #[arg(long, value_name = "MOUNT", default_value = "jwt-nomad")]
    jwt_path: String,
    /// Where service accounts of Kubernetes log in
    #[arg(long, value_name = "MOUNT", default_value = "kubernetes")]
    kubernetes_path: String,
    /// Put the files back as they were; what is in the store stays there
    #[arg(long, conflicts_with_all = ["apply", "prefix", "style", "summary", "severity", "ignore"])]
    undo: bool,
}

/// One file, what is in it, and what is to be done.
struct Work {
    file: Original,
    findings: Vec<Finding>,
    plan: Plan,
    fixed: Zeroizing<String>,
    copies: Copies,
}

/// Where the paths of the store begin. It becomes part of a policy, where some characters mean more than themselves.
fn prefix(typed: &str) -> Result<String, &'static str> {
    let prefix = typed.trim_matches('/');
    let is_name = |it: &str| {
        it.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !it.chars().all(|c| c == '.')
    };
    if prefix.split('/').all(is_name) {
        return Ok(prefix.to_owned());
    }
    Err("names of letters, digits, `-`, `_` and `.`, with `/` between them, such as default/app")
}

pub(crate) async fn fix(cx: &Context, args: Fix) -> Result<u8, Failure> {
    if args.paths.is_empty() {
        return Err(Failure::new("which files? only what is named is changed")
            .hint("`secret fix -dry-run .` shows what would change below this directory; `secret fix -help`, the rest")
            .code(FAILED));
    }
    if args.undo {
        let done = undo::undo(cx, &args.paths, args.yes).await;
        return done.map_err(|it| refused::explained(it).code(FAILED));
    }
    fix_all(cx, &args).await.map_err(|it| refused::explained(it).code(FAILED))
}

async fn fix_all(cx: &Context, args: &Fix) -> Result<u8, Failure> {
    let options = args.options(cx);
    let mount = options.mount.as_str();
    let mut shelf = Shelf::new(cx, args.dry_run);
    let (files, is_unread) = files::files(&args.paths, args.dry_run)?;
    let works = planning::planned(files, &args.wanted(), &options, &mut shelf).await?;
    works.iter().filter(|it| it.is_change()).try_for_each(|it| it.refuse_irreplaceable(args.dry_run))?;
    show(cx, &works, args.summary)?;
    let is_offered = !args.dry_run && works.iter().any(Work::is_change);
    let is_wanted = is_offered && (args.yes || is_agreed(&question(&works, mount))?);
    // Whoever said no has what was found in the files still.
    let is_refused = is_offered && !is_wanted;
    if is_refused && cx.output.format == Format::Table {
        return Ok(LEFT);
    }
    let (done, failed) = match is_wanted {
        true => carry_out_all(cx, &works, &mut shelf, (args, mount)).await?,
        false => (works.as_slice(), None),
    };
    let grants = access::grants(done, mount, args);
    let told = Told {
        is_done: is_wanted,
        is_dry: args.dry_run,
        is_failed: failed.is_some(),
        is_short: args.summary,
        works: done,
        mount,
        grants: &grants,
    };
    tell_all(cx, &told, args.apply).await?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    Ok(if is_refused || is_unread || works.iter().any(Work::leaves_some) { LEFT } else { 0 })
}

/// What would change and what stays: before the question.
fn show(cx: &Context, works: &[Work], is_short: bool) -> Result<(), Failure> {
    if is_short {
        return tell::in_short(cx, works);
    }
    if cx.output.format == Format::Table {
        works.iter().try_for_each(Work::show)?;
    }
    tell::left(cx, works)
}

/// Fixes one file after another. Answers those that were gone through, and what ended it if these are not all: what was
/// done before it must still be told, for the next run finds nothing there, and would say no policy for it.
async fn carry_out_all<'a>(
    cx: &Context,
    works: &'a [Work],
    shelf: &mut Shelf<'_>,
    (args, mount): (&Fix, &str),
) -> Result<(&'a [Work], Option<Failure>), Failure> {
    // Files whose jobs share a role are granted together: it is made for all of them.
    let grants = if args.apply { access::grants(works, mount, args) } else { Vec::new() };
    if args.apply {
        access::check(cx, &grants).await?;
    }
    for (at, work) in works.iter().enumerate().filter(|(_, it)| it.is_change()) {
        if let Err(failure) = carry_out(cx, work, shelf, &grants).await {
            return Ok((works.get(..at).unwrap_or_default(), Some(failure)));
        }
    }
    Ok((works, None))
}

/// Where everything is, who may read it, and what to do next.
async fn tell_all(cx: &Context, told: &Told<'_>, is_applied: bool) -> Result<(), Failure> {
    tell::what(cx, told)?;
    let is_written = told.is_done && is_applied;
    if !told.is_short && !is_written && told.works.iter().any(Work::is_change) {
        access::show(cx, told.grants).await?;
    }
    tell::next(cx, told);
    Ok(())
}

impl Fix {
    fn options(&self, cx: &Context) -> Options {
        Options {
            mount: cx.default_mount().to_owned(),
            prefix: self.prefix.clone(),
            style: if self.style == "secret" { Style::Secret } else { Style::Template },
            ..Options::default()
        }
    }

    /// As `secret scan` takes these options.
    fn wanted(&self) -> Wanted {
        let ignores = |what: &str| self.ignore.iter().any(|it| it == what);
        Wanted {
            severity: self.severity.as_deref().and_then(Severity::of),
            not_weak: ignores("weak"),
            not_commented: ignores("commented"),
            ..Wanted::default()
        }
    }
}

impl Work {
    fn show(&self) -> Result<(), Failure> {
        diff::show(&self.file.name, &self.file.text, &self.findings, &self.fixed)?;
        self.plan.beside.iter().try_for_each(|it| {
            let path = diff::as_typed(&self.file.name, &self.file.beside(&it.name));
            diff::show_beside(&path, it.before.as_deref(), &it.text)
        })
    }

    /// How many credentials leave the file.
    fn moved(&self) -> usize {
        self.findings.len().saturating_sub(self.plan.left.len())
    }

    fn is_change(&self) -> bool {
        !self.plan.edits.is_empty()
    }

    /// Whether something that was found stays in the file, or a copy of what was moved.
    fn leaves_some(&self) -> bool {
        !self.plan.left.is_empty() || self.copies.count() > 0
    }

    /// What would stop the fix halfway stops it before anything is stored.
    fn refuse_irreplaceable(&self, is_dry: bool) -> Result<(), Failure> {
        let checked = self.file.refuse_other_names().and_then(|()| self.file.refuse_unwritable());
        match checked.map_err(|it| it.within("nothing was changed")) {
            // It is worth knowing, and so is the rest.
            Err(failure) if is_dry => {
                note(&failure.report().unwrap_or_default());
                Ok(())
            }
            checked => checked,
        }
    }
}

/// Store first, file last. A failure tells what was done before it: a second run goes on from there.
async fn carry_out(
    cx: &Context,
    work: &Work,
    shelf: &mut Shelf<'_>,
    grants: &[access::Grant],
) -> Result<(), Failure> {
    let name = plain(&work.file.name);
    let failed = |done: &str| {
        let what = format!("{name} is left as it was{done}");
        move |it: Failure| it.within(&what).or_hint("run it again when that is mended: it goes on from there")
    };
    shelf.put(&work.plan.entries).await.map_err(failed("; not all of its values are stored"))?;
    access::apply(cx, grants, work)
        .await
        .map_err(failed("; its values are stored, and not all that is to read them is written"))?;
    let done = failed(if grants.is_empty() {
        "; its values are stored"
    } else {
        "; its values are stored, and what is to read them is written"
    });
    let last = async {
        shelf.keep(&work.file, &work.fixed, &work.plan).await?;
        for it in &work.plan.beside {
            beside::write(&work.file.beside(&it.name), it.before.as_deref(), &it.text)?;
        }
        work.file.replace(&work.fixed)
    };
    last.await.map_err(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_means_itself_in_a_policy() {
        for (typed, expected) in [("default/shop", "default/shop"), ("/a-b_c.d/", "a-b_c.d")] {
            assert_eq!(prefix(typed).unwrap(), expected);
        }
        for typed in [
            "",
            "/",
            "a//b",
            "+/a",
            "a/+",
            "a*",
            "{{identity.entity.id}}",
            "a/../b",
            "a b",
            "a\"b",
            "a\nb",
            "büro",
        ] {
            assert!(prefix(typed).is_err(), "{typed}");
        }
    }
}
