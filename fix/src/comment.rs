//! A credential in a comment: it is taken out, and the comment says where it went.

use strongroom_scan::Finding;

use crate::{Edit, Entry, Options, Reference};

/// Where values from comments go: no workload is allowed to read them.
const SCOPE: &str = "comments";

/// What a file's comments give away.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) edits: Vec<Edit>,
    pub(crate) entries: Vec<Entry>,
}

/// Takes the findings out of their comments. `name` is the job's or the file's; a value that is stored already
/// (`stored`) is not stored again.
pub(crate) fn take<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    name: &str,
    stored: &[Entry],
    options: &Options,
) -> Taken {
    let mut taken = Taken::default();
    let findings: Vec<&Finding> = findings.collect();
    let wants: Vec<crate::Want<'_>> = findings
        .iter()
        .map(|it| crate::Want { scope: vec![name, SCOPE], key: &it.key, value: it.value.expose() })
        .collect();
    // What is stored already is not free.
    let live = stored.iter().map(|it| {
        let Reference { path, field } = it.reference.clone();
        ((path, field), it.value.clone())
    });
    let taken_too =
        Options { taken: options.taken.clone().into_iter().chain(live).collect(), ..options.clone() };
    let names = crate::Names::new(&wants, &taken_too);
    for (at, finding) in findings.iter().enumerate() {
        let known = stored.iter().chain(&taken.entries).find(|it| it.value == finding.value);
        let reference = match (known, names.of(at)) {
            (Some(entry), _) => entry.reference.clone(),
            (None, Some(reference)) => {
                let entry = Entry { reference: reference.clone(), value: finding.value.clone() };
                taken.entries.push(entry);
                reference.clone()
            }
            (None, None) => continue,
        };
        taken.edits.push(Edit { span: finding.span, text: moved(&reference, options) });
    }
    taken
}

/// What stands in the comment instead. No scanner takes it for a value. The field is said too: files whose comments had
/// different values must not become the same text, by which `-undo` finds what they were.
fn moved(reference: &Reference, options: &Options) -> String {
    format!("<moved to {}/{}#{}>", options.mount, reference.path, reference.field)
}
