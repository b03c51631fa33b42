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
mod moved;
mod refused;
mod replace;
mod shelf;
mod tell;
mod undo;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use strongroom_fix::{Apart, File, Options, Plan, Style, Together};
use strongroom_scan::{Finding, Severity, Wanted, plain};
use zeroize::Zeroizing;

use self::{
    ask::{is_agreed, question},
    beside::Neighbours,
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

/// One file, where it lies, and what is in it.
struct Found {
    file: Original,
    folder: String,
    findings: Vec<Finding>,
    /// What the options leave where it stands.
    ignored: Vec<Finding>,
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
    let options = Options {
        mount: cx.default_mount().to_owned(),
        prefix: args.prefix.clone(),
        style: if args.style == "secret" { Style::Secret } else { Style::Template },
        ..Options::default()
    };
    let mut shelf = Shelf::new(cx, args.dry_run);
    let (mut works, mut neighbours) = (Vec::new(), Neighbours::default());
    let (files, is_unread) = files::files(&args.paths, args.dry_run)?;
    let wanted = args.wanted();
    let found: Vec<Found> =
        files.into_iter().map(|it| Found::of(it, &wanted)).filter(|it| !it.findings.is_empty()).collect();
    let apart = told_apart(&found, &options, &mut shelf).await?;
    let fixed: BTreeSet<PathBuf> = found.iter().map(|it| PathBuf::from(it.file.place())).collect();
    for (found, apart) in found.into_iter().zip(apart) {
        let (place, text) = (PathBuf::from(found.file.place()), &found.file.text);
        let siblings = folder::siblings(&place, text, &fixed);
        let env_files = folder::env_files(&place, text, &siblings);
        let options = Options { apart, siblings, env_files, ..options.clone() };
        works.push(planned(found, &options, &mut shelf, &mut neighbours).await?);
    }
    let changed = works.iter().filter(|it| it.is_change()).count();
    works.iter().filter(|it| it.is_change()).try_for_each(|it| it.refuse_irreplaceable(args.dry_run))?;
    if args.summary {
        tell::in_short(cx, &works)?;
    } else {
        if cx.output.format == Format::Table {
            works.iter().try_for_each(Work::show)?;
        }
        tell::left(cx, &works)?;
    }
    let left = works.iter().any(|it| !it.plan.left.is_empty() || it.copies.count() > 0) || is_unread;
    let is_wanted =
        changed > 0 && !args.dry_run && (args.yes || is_agreed(&question(&works, &options.mount))?);
    if changed > 0 && !args.dry_run && !is_wanted && cx.output.format == Format::Table {
        return Ok(LEFT);
    }
    // Files whose jobs share a role are granted together: it is made for all of them.
    let granted = if args.apply { access::grants(&works, &options.mount, args) } else { Vec::new() };
    if is_wanted && args.apply {
        access::check(cx, &granted).await?;
    }
    let mut failed = None;
    if is_wanted {
        for (at, work) in works.iter().enumerate().filter(|(_, it)| it.is_change()) {
            if let Err(error) = carry_out(cx, work, &mut shelf, &granted).await {
                failed = Some((at, error));
                break;
            }
        }
    }
    // What was done before it must still be told: the next run finds nothing there, and would say no policy for it.
    let failed = failed.map(|(at, error)| {
        works.truncate(at);
        error
    });
    let grants = access::grants(&works, &options.mount, args);
    let (is_done, is_dry, mount) = (is_wanted, args.dry_run, options.mount.as_str());
    let told = Told {
        is_done,
        is_dry,
        is_failed: failed.is_some(),
        is_short: args.summary,
        works: &works,
        mount,
        grants: &grants,
    };
    tell::what(cx, &told)?;
    if changed > 0 && !args.summary && !(is_wanted && args.apply) {
        access::show(cx, &grants).await?;
    }
    tell::next(cx, &told);
    if let Some(error) = failed {
        return Err(error);
    }
    // Whoever said no has what was found in the files still.
    Ok(if left || (changed > 0 && !args.dry_run && !is_wanted) { LEFT } else { 0 })
}

impl Fix {
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

impl Found {
    fn of(file: Original, wanted: &Wanted) -> Self {
        let all = strongroom_scan::scan(&file.name, &file.text);
        let (findings, ignored) = all.into_iter().partition(|it| wanted.wants_finding(it));
        Self { folder: folder::folder(Path::new(&file.place())), file, findings, ignored }
    }

    fn as_file(&self) -> File<'_> {
        File { name: &self.file.name, text: &self.file.text, folder: &self.folder }
    }
}

/// How far each file's paths must be told from those of the others, and from what the store has.
async fn told_apart(
    found: &[Found],
    options: &Options,
    shelf: &mut Shelf<'_>,
) -> Result<Vec<Apart>, Failure> {
    let files = found.iter().map(|it| (it.as_file(), it.findings.as_slice()));
    let mut together = Together::new(files, options);
    loop {
        shelf.look(together.paths()).await?;
        if !together.part(&shelf.taken()) {
            return Ok(together.apart());
        }
    }
}

async fn planned(
    found: Found,
    options: &Options,
    shelf: &mut Shelf<'_>,
    neighbours: &mut Neighbours,
) -> Result<Work, Failure> {
    let plan = plan_of(&found, options, shelf, neighbours).await;
    let plan = plan.map_err(|it| it.within(&plain(&found.file.name)))?;
    let Found { file, findings, ignored, .. } = found;
    let fixed = applied(&file.name, &file.text, &plan)?;
    check(&file, (&findings, &ignored), &fixed, &plan)?;
    neighbours.take(&file, &plan);
    let copies = Copies::of(&file.name, &file.text, &findings, &plan, &fixed);
    Ok(Work { file, findings, plan, fixed, copies })
}

/// Plans twice: which names are free, and what stands beside, is known when it is known which are wanted.
async fn plan_of(
    found: &Found,
    options: &Options,
    shelf: &mut Shelf<'_>,
    neighbours: &Neighbours,
) -> Result<Plan, Failure> {
    let (file, findings) = (found.as_file(), found.findings.as_slice());
    let now =
        |taken, beside| strongroom_fix::plan(&file, findings, &Options { taken, beside, ..options.clone() });
    let first = now(shelf.taken(), BTreeMap::new());
    shelf.look(first.entries.iter().map(|it| it.reference.path.as_str())).await?;
    let beside = neighbours.of(&found.file, &first);
    let mut plan = now(shelf.taken(), beside);
    let wished =
        strongroom_fix::plan(&file, findings, &Options { apart: Apart::default(), ..options.clone() });
    plan.notes.extend(moved::notes(shelf, &plan, &wished, &options.mount).await);
    shelf.reserve(&plan.entries);
    Ok(plan)
}

fn applied(name: &str, text: &str, plan: &Plan) -> Result<Zeroizing<String>, Failure> {
    plan.apply(text).map(Zeroizing::new).map_err(|error| spoiled(name, &error.to_string()))
}

/// What must be true of a rewritten file, whatever the rewriting did: it still parses, and what was moved is gone.
fn check(
    file: &Original,
    (findings, ignored): (&[Finding], &[Finding]),
    fixed: &str,
    plan: &Plan,
) -> Result<(), Failure> {
    let is_hcl = strongroom_scan::Format::of(&file.name, &file.text) == strongroom_scan::Format::Hcl;
    if is_hcl && strongroom_hcl::parse(&file.text).is_ok() && strongroom_hcl::parse(fixed).is_err() {
        return Err(spoiled(&file.name, "it would not parse any more"));
    }
    let still = strongroom_scan::scan(&file.name, fixed);
    for entry in &plan.entries {
        let count =
            |found: &mut dyn Iterator<Item = &Finding>| found.filter(|it| it.value == entry.value).count();
        let left = plan.left.iter().filter_map(|it| findings.get(it.finding));
        let left = count(&mut left.chain(ignored));
        if count(&mut still.iter()) > left {
            return Err(spoiled(&file.name, "a credential that was moved would still stand in it"));
        }
    }
    Ok(())
}

fn spoiled(name: &str, why: &str) -> Failure {
    Failure::new(format!("{name} is left as it is: {why}"))
        .hint("this is a defect of `secret fix`; the file without its secrets makes a good report")
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
