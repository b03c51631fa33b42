//! A SecretProviderClass that stands already: what it asks for, and where more comes in.
//!
//! It is read by its lines, as a fix writes it. What was arranged in another way is not completed but told of.

use std::ops::Range;

use strongroom_hcl::Edits;

use super::class::{Id, Item, keys, objects, written};
use crate::{
    layout::{line_end, with_line_ends},
    left::Why,
};

const FOREIGN: Why =
    ("it holds no SecretProviderClass of Strongroom", "move it away or rename it, and fix again");
const OTHERWISE: Why = (
    "its SecretProviderClass is arranged in another way than a fix does it",
    "move it away, fix again, and take over by hand what it had",
);
const OTHER_ROLE: Why = (
    "its SecretProviderClass logs in with another role",
    "move it away, fix again, and take over by hand what it had",
);

/// What a class has.
#[derive(Default)]
pub(super) struct There {
    pub(super) items: Vec<Item>,
    /// Objects of the Secret and their keys.
    keys: Vec<(String, String)>,
    keys_slot: Slot,
    objects_slot: Slot,
}

/// Where items of a list go.
#[derive(Default)]
struct Slot {
    at: usize,
    indent: usize,
}

/// A line that is no comment, and not empty.
struct Line<'t> {
    end: usize,
    indent: usize,
    text: &'t str,
}

impl There {
    /// The key under which the Secret has an object.
    fn key_of(&self, object: &str) -> Option<&str> {
        self.keys.iter().find(|(it, _)| it == object).map(|(_, key)| key.as_str())
    }

    /// The key under which the Secret has a value.
    pub(super) fn key_of_value(&self, path: &str, field: &str) -> Option<&str> {
        let item = self.items.iter().find(|it| it.path == path && it.field == field)?;
        self.key_of(&item.object)
    }

    /// Whether an object or a key has this name. Upper and lower case are one, as they are in [`Called`].
    ///
    /// [`Called`]: crate::called::Called
    pub(super) fn has(&self, name: &str) -> bool {
        let is_it = |it: &str| it.eq_ignore_ascii_case(name);
        self.items.iter().any(|it| is_it(&it.object))
            || self.keys.iter().any(|(object, key)| is_it(object) || is_it(key))
    }
}

/// The class of that name in a file; `None` if the file has others only.
pub(super) fn find(text: &str, id: &Id) -> Result<Option<There>, Why> {
    if text.contains("{{") {
        return Err(OTHERWISE);
    }
    let documents = documents(text);
    let of_ours = |lines: &&Vec<Line<'_>>| {
        value(lines, "kind") == Some("SecretProviderClass")
            && value(children(lines, "spec"), "provider") == Some("strongroom")
    };
    let ours: Vec<&Vec<Line<'_>>> = documents.iter().filter(of_ours).collect();
    if ours.is_empty() {
        return Err(FOREIGN);
    }
    let is_it = |lines: &&&Vec<Line<'_>>| {
        let metadata = children(lines, "metadata");
        let namespace = value(metadata, "namespace").unwrap_or("default");
        value(metadata, "name") == Some(&id.name) && namespace == id.namespace
    };
    ours.iter().find(is_it).map(|it| read(it, id)).transpose()
}

/// The file with all items in it that it has not yet.
pub(super) fn completed(text: &str, id: &Id, items: &[Item]) -> Result<String, Why> {
    let Some(there) = find(text, id)? else {
        let gap = if text.ends_with('\n') { "" } else { line_end(text) };
        let added = format!("---\n{}", written(id, items));
        return Ok(format!("{text}{gap}{}", with_line_ends(&added, text)));
    };
    let missing = |is_there: &dyn Fn(&Item) -> bool| -> Vec<Item> {
        items.iter().filter(|it| !is_there(it)).cloned().collect()
    };
    let lacking = missing(&|it| there.items.contains(it));
    let unkept = missing(&|it| there.key_of(&it.object).is_some());
    let mut edits = Edits::new(text);
    let indent = |slot: &Slot| " ".repeat(slot.indent);
    for (slot, added) in [
        (&there.keys_slot, keys(&unkept, &indent(&there.keys_slot))),
        (&there.objects_slot, objects(&lacking, &indent(&there.objects_slot))),
    ] {
        let mut added = with_line_ends(&added, text);
        if !added.is_empty() && slot.at == text.len() && !text.ends_with('\n') {
            added.insert_str(0, line_end(text));
        }
        edits.insert(slot.at, &added).map_err(|_| OTHERWISE)?;
    }
    Ok(edits.apply())
}

fn read(lines: &[Line<'_>], id: &Id) -> Result<There, Why> {
    let spec = children(lines, "spec");
    let parameters = children(spec, "parameters");
    if value(parameters, "roleName") != Some(id.role.as_str()) {
        return Err(OTHER_ROLE);
    }
    if !value(parameters, "objects").is_some_and(|it| it.starts_with('|')) {
        return Err(OTHERWISE);
    }
    let asked = children(parameters, "objects");
    let mut there = There { objects_slot: slot(asked)?, ..There::default() };
    for it in items(asked) {
        let (Some(object), Some(path), Some(field)) =
            (value_in(it, "objectName"), value_in(it, "secretPath"), value_in(it, "secretKey"))
        else {
            return Err(OTHERWISE);
        };
        there.items.push(Item { object: object.to_owned(), path: path.to_owned(), field: field.to_owned() });
    }
    let secrets = items(children(spec, "secretObjects"));
    let secret =
        secrets.into_iter().find(|it| value_in(it, "secretName") == Some(&id.name)).ok_or(OTHERWISE)?;
    let data = children_in(secret, "data");
    there.keys_slot = slot(data)?;
    for it in items(data) {
        let (Some(object), Some(key)) = (value_in(it, "objectName"), value_in(it, "key")) else {
            return Err(OTHERWISE);
        };
        there.keys.push((object.to_owned(), key.to_owned()));
    }
    Ok(there)
}

/// Behind a list's last item, as far in as its first.
fn slot(list: &[Line<'_>]) -> Result<Slot, Why> {
    match (list.first(), list.last()) {
        (Some(first), Some(last)) if is_item(first) => Ok(Slot { at: last.end, indent: first.indent }),
        _ => Err(OTHERWISE),
    }
}

fn documents(text: &str) -> Vec<Vec<Line<'_>>> {
    let mut documents = vec![Vec::new()];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let content = line.trim_end();
        let body = content.trim_start_matches(' ');
        if content == "---" || content.starts_with("--- ") {
            documents.push(Vec::new());
        } else if !body.is_empty()
            && !body.starts_with('#')
            && let Some(document) = documents.last_mut()
        {
            document.push(Line { end: at, indent: content.len() - body.len(), text: body });
        }
    }
    documents
}

/// The lines below a key of a mapping. A list may begin in the column of its key.
fn children<'l, 't>(lines: &'l [Line<'t>], key: &str) -> &'l [Line<'t>] {
    let column = lines.first().map_or(0, |it| it.indent);
    let Some(at) = lines.iter().position(|it| it.indent == column && is_key(it.text, key)) else {
        return &[];
    };
    below(lines, at, column)
}

/// The same for a mapping that is an item of a list.
fn children_in<'l, 't>(item: &'l [Line<'t>], key: &str) -> &'l [Line<'t>] {
    let column = item.first().map_or(0, column_in);
    match item.iter().position(|it| column_in(it) == column && is_key(without_dash(it.text), key)) {
        Some(at) => below(item, at, column),
        None => &[],
    }
}

fn below<'l, 't>(lines: &'l [Line<'t>], at: usize, column: usize) -> &'l [Line<'t>] {
    let rest = lines.get(at + 1..).unwrap_or(&[]);
    let is_below = |it: &Line<'_>| it.indent > column || (it.indent == column && is_item(it));
    let end = rest.iter().position(|it| !is_below(it)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or(&[])
}

/// The items of a list, each with its lines.
fn items<'l, 't>(list: &'l [Line<'t>]) -> Vec<&'l [Line<'t>]> {
    let column = list.first().map_or(0, |it| it.indent);
    let starts: Vec<usize> = (0..list.len())
        .filter(|at| list.get(*at).is_some_and(|it| it.indent == column && is_item(it)))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([list.len()]);
    let range = |(start, end): (&usize, usize)| -> Range<usize> { *start..end };
    starts.iter().zip(ends).filter_map(|it| list.get(range(it))).collect()
}

fn value<'t>(lines: &[Line<'t>], key: &str) -> Option<&'t str> {
    let column = lines.first().map_or(0, |it| it.indent);
    let line = lines.iter().find(|it| it.indent == column && is_key(it.text, key))?;
    Some(scalar(line.text))
}

fn value_in<'t>(item: &[Line<'t>], key: &str) -> Option<&'t str> {
    let column = item.first().map_or(0, column_in);
    let line = item.iter().find(|it| column_in(it) == column && is_key(without_dash(it.text), key))?;
    Some(scalar(line.text))
}

/// What stands behind the colon, without quotes and comments.
fn scalar(text: &str) -> &str {
    let value = text.split_once(':').map_or("", |(_, value)| value).trim();
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value.get(1..).and_then(|it| it.split(quote).next()).unwrap_or(""),
        _ => value.split(" #").next().unwrap_or("").trim_end(),
    }
}

fn is_key(text: &str, key: &str) -> bool {
    text.strip_prefix(key).is_some_and(|it| it.starts_with(':'))
}

fn is_item(line: &Line<'_>) -> bool {
    line.text == "-" || line.text.starts_with("- ")
}

fn without_dash(text: &str) -> &str {
    text.strip_prefix('-').map_or(text, |it| it.trim_start_matches(' '))
}

/// Where a line's key begins.
fn column_in(line: &Line<'_>) -> usize {
    line.indent + line.text.len() - without_dash(line.text).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(namespace: &str) -> Id {
        let text = |it: &str| it.to_owned();
        Id { name: text("web-strongroom"), namespace: text(namespace), role: text("web") }
    }

    fn item(object: &str, path: &str) -> Item {
        Item { object: object.to_owned(), path: format!("secret/data/{path}"), field: "A".to_owned() }
    }

    fn class(items: &[Item]) -> String {
        written(&id("default"), items)
    }

    #[track_caller]
    fn check(text: &str, namespace: &str, added: &[Item], expected: Result<&str, Why>) {
        let made = completed(text, &id(namespace), added);
        assert_eq!(made.as_deref().map_err(|it| *it), expected, "{text}");
        if let Ok(made) = made {
            let again = completed(&made, &id(namespace), added);
            assert_eq!(again.as_deref(), Ok(made.as_str()), "a second time changes nothing");
        }
    }

    #[test]
    fn a_class_gets_what_it_lacks_and_keeps_the_rest() {
        let (one, two) = ([item("A", "one")], [item("B", "two")]);
        let both = class(&[&one[..], &two].concat());
        check(&class(&one), "default", &two, Ok(&both));
        check(&both, "default", &[&two[..], &one].concat(), Ok(&both));
        let windows = |it: &str| it.replace('\n', "\r\n");
        check(&windows(&class(&one)), "default", &two, Ok(&windows(&both)));
        let bare = class(&one);
        check(bare.trim_end(), "default", &two, Ok(&both));
        // Comments, quotes, and a list in its key's column.
        let noted = bare
            .replace(
                "      data:\n        - objectName: A\n          key: A\n",
                "      data: # kept\n      - objectName: \"A\" # first\n        key: A\n\n",
            )
            .replace("secretKey: A\n", "secretKey: A\n      # last\n");
        let expected = noted
            .replace("        key: A\n", "        key: A\n      - objectName: B\n        key: B\n")
            .replace("secretKey: A\n", "secretKey: A\n      - objectName: B\n        secretPath: secret/data/two\n        secretKey: A\n");
        check(&noted, "default", &two, Ok(&expected));
    }

    #[test]
    fn a_class_of_another_namespace_comes_behind_it() {
        let there = class(&[item("A", "one")]);
        let other = written(&id("live"), &[item("B", "two")]);
        check(&there, "live", &[item("B", "two")], Ok(&format!("{there}---\n{other}")));
        let windows = there.replace('\n', "\r\n");
        let expected = format!("{windows}---\n{other}").replace("\r\n", "\n").replace('\n', "\r\n");
        check(&windows, "live", &[item("B", "two")], Ok(&expected));
    }

    #[test]
    fn what_somebody_else_wrote_is_not_touched() {
        let two = [item("B", "two")];
        let there = class(&[item("A", "one")]);
        check("kind: ConfigMap\nmetadata:\n  name: web-strongroom\n", "default", &two, Err(FOREIGN));
        check("", "default", &two, Err(FOREIGN));
        check(&there.replace("provider: strongroom", "provider: vault"), "default", &two, Err(FOREIGN));
        check(&there.replace("roleName: web", "roleName: their"), "default", &two, Err(OTHER_ROLE));
        check(&there.replace("objects: |", "objects: >"), "default", &two, Err(OTHERWISE));
        check(&there.replace("secretName: web", "secretName: x"), "default", &two, Err(OTHERWISE));
        check(&there.replace("name: web", "name: {{ x }}"), "default", &two, Err(OTHERWISE));
        check(&there.replace("        secretKey: A\n", ""), "default", &two, Err(OTHERWISE));
    }
}
