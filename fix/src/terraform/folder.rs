//! What all files of a folder say together: Terraform reads them as one.

use std::collections::BTreeSet;

use strongroom_hcl::{Attribute, Block, Body, Item, Span};

use super::version;
use crate::{Edit, File, Options, layout::line_end};

pub(super) struct Folder<'t> {
    own: Part<'t>,
    others: Vec<Part<'t>>,
}

struct Part<'t> {
    name: &'t str,
    text: &'t str,
    body: Body,
}

/// The folder's own `vault` provider, when that asks some other server than VAULT_ADDR names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Vault {
    /// It says how it logs in, so VAULT_TOKEN is not for it.
    pub(super) has_login: bool,
}

/// Outputs that show what a data source reads: Terraform refuses those that do not say that they are sensitive.
#[derive(Default)]
pub(super) struct Outputs {
    pub(super) edits: Vec<Edit>,
    /// Those that a person must change: `NAME (FILE)`.
    pub(super) elsewhere: Vec<String>,
}

impl<'t> Folder<'t> {
    pub(super) fn of(file: &File<'t>, body: &Body, options: &'t Options) -> Self {
        let others = options.siblings.iter().filter_map(|it| {
            let body = strongroom_hcl::parse(&it.text).ok()?;
            Some(Part { name: &it.name, text: &it.text, body })
        });
        let own = Part { name: file.name, text: file.text, body: body.clone() };
        Self { own, others: others.collect() }
    }

    pub(super) fn vault(&self) -> Option<Vault> {
        let asks_another =
            |it: &&Block| attribute(it, "alias").is_none() && attribute(it, "address").is_some();
        let provider = self.vaults().find(asks_another)?;
        let is_login = |it: &Item| match it {
            Item::Attribute(it) => it.key.name == "token",
            Item::Block(it) => it.kind.name.starts_with("auth_login"),
        };
        Some(Vault { has_login: provider.body.items.iter().any(is_login) })
    }

    /// Whether a `vault` provider of that alias is there, elsewhere than in the file beside that is made for it.
    pub(super) fn has_alias(&self, alias: &str, beside: &str) -> bool {
        self.parts().any(|it| it.name != beside && gives_alias(it.text, alias))
    }

    /// Whether no Terraform that may read the folder has `ephemeral`.
    pub(super) fn has_no_ephemeral(&self) -> bool {
        self.blocks("terraform").any(|(_, it)| {
            it.body.view().str("required_version").ok().flatten().is_some_and(version::is_before_ephemeral)
        })
    }

    /// `locals` are those that come from a data source, and `places` where else one is referred to.
    pub(super) fn outputs(&self, locals: BTreeSet<String>, places: &[Span]) -> Outputs {
        let locals = self.closed(locals);
        let mut outputs = Outputs::default();
        for (part, block) in self.blocks("output") {
            let is_own = std::ptr::eq(part, &self.own);
            let Some(value) = attribute(block, "value") else { continue };
            let has_place = |it: &Span| value.span.start <= it.start && it.end <= value.span.end;
            let shows = uses(value, part.text, &locals) || (is_own && places.iter().any(has_place));
            let said = block.body.view().bool("sensitive").ok().flatten();
            match said {
                Some(true) => {}
                _ if !shows => {}
                None if is_own => outputs.edits.extend(sensitive(block, value, part.text)),
                _ => {
                    let name = block.labels.first().map_or("", |it| it.name.as_str());
                    outputs.elsewhere.push(format!("{name} ({})", part.name));
                }
            }
        }
        outputs
    }

    /// With those that are made of them.
    fn closed(&self, mut locals: BTreeSet<String>) -> BTreeSet<String> {
        loop {
            let before = locals.len();
            for (part, block) in self.blocks("locals") {
                for it in attributes(block) {
                    if uses(it, part.text, &locals) {
                        locals.insert(it.key.name.clone());
                    }
                }
            }
            if locals.len() == before {
                return locals;
            }
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Part<'t>> {
        std::iter::once(&self.own).chain(&self.others)
    }

    fn vaults(&self) -> impl Iterator<Item = &Block> {
        let is_vault = |it: &&Block| it.labels.first().is_some_and(|it| it.name == "vault");
        self.blocks("provider").map(|(_, it)| it).filter(is_vault)
    }

    fn blocks<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = (&'s Part<'t>, &'s Block)> {
        self.parts().flat_map(move |part| {
            part.body.items.iter().filter_map(move |it| match it {
                Item::Block(it) if it.kind.name == kind => Some((part, it)),
                _ => None,
            })
        })
    }
}

/// Whether a block of the text is the `vault` provider of that alias.
pub(super) fn gives_alias(text: &str, alias: &str) -> bool {
    strongroom_hcl::parse(text).is_ok_and(|body| {
        let is_it = |it: &Block| it.kind.name == "provider" && is_text(it, "alias", alias);
        body.items.iter().any(|it| matches!(it, Item::Block(it) if is_it(it)))
    })
}

fn attributes(block: &Block) -> impl Iterator<Item = &Attribute> {
    block.body.items.iter().filter_map(|it| match it {
        Item::Attribute(it) => Some(it),
        Item::Block(_) => None,
    })
}

fn attribute<'b>(block: &'b Block, name: &str) -> Option<&'b Attribute> {
    attributes(block).find(|it| it.key.name == name)
}

fn is_text(block: &Block, name: &str, text: &str) -> bool {
    block.body.view().str(name).ok().flatten() == Some(text)
}

/// Whether a value names one of the local values.
fn uses(value: &Attribute, text: &str, locals: &BTreeSet<String>) -> bool {
    let value = value.value.span.of(text);
    value.match_indices("local.").any(|(at, it)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let is_whole = !value.get(..at).unwrap_or("").ends_with(is_part);
        let rest = value.get(at + it.len()..).unwrap_or("");
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c)).unwrap_or(rest.len());
        is_whole && rest.get(..end).is_some_and(|it| locals.contains(it))
    })
}

/// `sensitive = true` behind the value. A block on one line takes one attribute only, so it gets lines.
fn sensitive(block: &Block, value: &Attribute, text: &str) -> Vec<Edit> {
    let eol = line_end(text);
    let line = text.get(..block.span.start).map_or(0, |it| it.rfind('\n').map_or(0, |it| it + 1));
    let indent = " ".repeat(block.span.start - line);
    let added = format!("{eol}{indent}  sensitive = true");
    if block.span.of(text).contains('\n') {
        return vec![Edit { span: Span { start: value.span.end, end: value.span.end }, text: added }];
    }
    let head = Span { start: block.body.span.start, end: value.span.start };
    let sign = Span { start: value.key.span.end, end: value.value.span.start };
    let tail = Span { start: value.span.end, end: block.body.span.end };
    vec![
        Edit { span: head, text: format!("{eol}{indent}  ") },
        Edit { span: sign, text: "     = ".to_owned() },
        Edit { span: tail, text: format!("{added}{eol}{indent}") },
    ]
}
