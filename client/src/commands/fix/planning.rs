//! The plan of each file: which names are free for it, what comes in the place of its credentials, and whether the result
//! holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use strongroom_fix::{Apart, File, Options, Plan, Together};
use strongroom_scan::{Finding, Wanted, plain};
use zeroize::Zeroizing;

use super::{Work, beside::Neighbours, copies::Copies, folder, renamed, replace::Original, shelf::Shelf};
use crate::failure::Failure;

/// One file, where it lies, and what is in it.
struct Found {
    file: Original,
    folder: String,
    findings: Vec<Finding>,
    /// What the options leave where it stands.
    ignored: Vec<Finding>,
}

/// The plans of all files in which something was found. Each knows what those before it take.
pub(super) async fn planned(
    files: Vec<Original>,
    wanted: &Wanted,
    options: &Options,
    shelf: &mut Shelf<'_>,
) -> Result<Vec<Work>, Failure> {
    let found: Vec<Found> =
        files.into_iter().map(|it| Found::of(it, wanted)).filter(|it| !it.findings.is_empty()).collect();
    let apart = told_apart(&found, options, shelf).await?;
    let fixed: BTreeSet<PathBuf> = found.iter().map(|it| PathBuf::from(it.file.place())).collect();
    let (mut works, mut neighbours) = (Vec::new(), Neighbours::default());
    for (found, apart) in found.into_iter().zip(apart) {
        let (place, text) = (PathBuf::from(found.file.place()), &found.file.text);
        let siblings = folder::siblings(&place, text, &fixed);
        let env_files = folder::env_files(&place, text, &siblings);
        let options = Options { apart, siblings, env_files, ..options.clone() };
        works.push(work(found, &options, shelf, &mut neighbours).await?);
    }
    Ok(works)
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

async fn work(
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
    plan.notes.extend(renamed::notes(shelf, &plan, &wished, &options.mount).await);
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
