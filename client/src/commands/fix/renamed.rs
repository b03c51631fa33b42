//! Renamed values: those that did not get the name that they have in the file, because the store has another value
//! under it.
//!
//! The file keeps what it had: that is the promise. But an old branch, or a copy from before a rotation, is often what
//! such a file is, and whoever fixes it must hear of it.

use strongroom_fix::{Entry, Plan, Reference};

use super::shelf::Shelf;

/// A line for each of them. `wished` is the plan as it would be with an empty store.
pub(super) async fn notes(shelf: &Shelf<'_>, plan: &Plan, wished: &Plan, mount: &str) -> Vec<String> {
    let mut notes = Vec::new();
    for entry in &plan.entries {
        let Some(wish) = wish(entry, wished).filter(|it| shelf.has_another(it)) else { continue };
        let full = |it: &Reference| format!("{mount}/{}#{}", it.path, it.field);
        let (name, own) = (full(&wish.reference), full(&entry.reference));
        notes.push(match shelf.earlier(&wish.reference, &entry.value).await {
            Some(version) => format!(
                "{name} has a newer value in the store: this file's is that of version {version}. It is kept as {own}, so \
                 that nothing changes; if the newer one is meant, let the file ask for {name}"
            ),
            None => format!("{name} has another value: this file's is kept as {own}"),
        });
    }
    notes
}

/// The entry as it would be, if it is another one.
fn wish<'a>(entry: &Entry, wished: &'a Plan) -> Option<&'a Entry> {
    let mut same = wished.entries.iter().filter(|it| it.value == entry.value);
    let first = same.clone().next();
    if same.any(|it| it.reference == entry.reference) { None } else { first }
}
