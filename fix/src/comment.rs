//! A credential in a comment: it is taken out, and the comment says where it went.

use strongroom_scan::Finding;

use crate::{
    Edit, Entry, Options, Reference,
    names::{Names, Want, is_part},
};

/// Where values from comments go: no workload is allowed to read them.
pub(crate) const SCOPE: &str = "comments";

/// What a file's comments give away.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) edits: Vec<Edit>,
    pub(crate) entries: Vec<Entry>,
}

/// Takes the findings out of their comments. `place` is the job's or the file's; a value that is stored already
/// (`stored`) is not stored again.
pub(crate) fn take<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    place: &[String],
    stored: &[Entry],
    options: &Options,
) -> Taken {
    let mut taken = Taken::default();
    let findings: Vec<&Finding> = findings.collect();
    let wants: Vec<Want<'_>> = findings
        .iter()
        .map(|it| Want {
            owner: vec![],
            within: vec![SCOPE],
            key: &it.key,
            is_part: is_part(it),
            value: it.value.expose(),
        })
        .collect();
    // What is stored already is not free.
    let live = stored.iter().map(|it| {
        let Reference { path, field } = it.reference.clone();
        ((path, field), it.value.clone())
    });
    let taken_too =
        Options { taken: options.taken.clone().into_iter().chain(live).collect(), ..options.clone() };
    let names = Names::new(place, &wants, &taken_too);
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
