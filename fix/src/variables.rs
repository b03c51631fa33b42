//! Values that come from outside: the agent renders a file of variables, which comes before all others.
//!
//! `-var-file` is read after defaults, the environment and `*.auto.tfvars`, so a variable in it is what it says,
//! whatever else still stands somewhere. It is JSON: in its strings nothing is interpolated.

mod there;

use std::collections::BTreeMap;

use strongroom_hcl::{Body, Expr, ExprKind, Item, Span};

use crate::{
    Edit, File, Options, Plan, Reference, beside::Clash, layout::lines_around, located::Located, names::word,
    stem,
};

pub(crate) struct Variables<'t> {
    text: &'t str,
    is_values: bool,
    body: &'t Body,
    /// For each variable its value's expression, and what in it comes out of the store.
    taken: BTreeMap<String, Taken<'t>>,
    declared: Vec<String>,
}

#[derive(Default)]
struct Taken<'t> {
    value: Option<&'t Expr>,
    references: Vec<(Span, Reference)>,
}

impl<'t> Variables<'t> {
    /// `is_values`: the file gives variables their values; else it declares them.
    pub(crate) fn new(file: &File<'t>, body: &'t Body, is_values: bool) -> Self {
        Self { text: file.text, is_values, body, taken: BTreeMap::new(), declared: Vec::new() }
    }

    /// Takes a value out of the file. `None` if the variable's whole value cannot be told.
    pub(crate) fn take(&mut self, located: &Located<'t>, reference: &Reference) -> Option<Edit> {
        let attribute = located.attribute?;
        let literal = located.literal()?;
        let name = self.name_of(located)?;
        let is_provider = located.kinds().next() == Some("provider");
        let value = if is_provider { literal } else { &attribute.value };
        can_be_told(value).then_some(())?;
        let taken = self.taken.entry(name.clone()).or_default();
        taken.value = Some(value);
        taken.references.push((literal.span, reference.clone()));
        Some(if is_provider {
            self.declared.push(name.clone());
            Edit { span: literal.span, text: format!("var.{name}") }
        } else if !located.is_whole_value() {
            Edit { span: literal.span, text: "null".to_owned() }
        } else if self.is_values {
            Edit {
                span: attribute.span,
                text: format!("# {name}: from the store, see the file of variables"),
            }
        } else {
            Edit { span: lines_around(self.text, attribute.span), text: String::new() }
        })
    }

    /// Variables that the file has not yet.
    pub(crate) fn declared(&self) -> &[String] {
        &self.declared
    }

    /// Those of the file's own declarations that do not say that they are sensitive.
    pub(crate) fn open(&self) -> Vec<&str> {
        let view = self.body.view();
        let blocks = view.blocks("variable", 1).unwrap_or_default();
        let is_taken = |name: &str| self.taken.contains_key(name);
        let is_open = |it: &strongroom_hcl::BlockView<'_>| {
            is_taken(it.label(0)) && it.body.bool("sensitive").ok().flatten() != Some(true)
        };
        let names: Vec<String> =
            blocks.iter().filter(|it| is_open(it)).map(|it| it.label(0).to_owned()).collect();
        self.taken.keys().map(String::as_str).filter(|it| names.iter().any(|name| name == it)).collect()
    }

    /// Puts the file of variables beside, or completes it, and says how it is used; `command` takes `-var-file`.
    pub(crate) fn put_beside(
        &self,
        plan: &mut Plan,
        name: &str,
        options: &Options,
        command: &str,
    ) -> Result<(), Clash> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let variables: Vec<(&str, String)> = self
            .taken
            .iter()
            .filter_map(|(name, taken)| {
                Some((name.as_str(), rendered(taken.value?, &taken.references, self.text, options)))
            })
            .collect();
        let out = format!("/run/secrets/{}.json", stem(name));
        let folder = name.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        // What comes later wins, so the file's other values stay what they are.
        let first = if self.is_values && !is_read_anyway(name) {
            format!(" -var-file={}", word(name))
        } else {
            String::new()
        };
        let name = format!("{}.variables.json.tpl", stem(name));
        plan.notes.push(format!(
            "render the variables with `secret agent -token-file=TOKEN -exit-after-auth -template {}`, then `{command}{first} -var-file={}{}`",
            word(&format!("{folder}{name}:{out}")),
            word(&out),
            // What is built stands last.
            if command == "packer build" { " ." } else { "" },
        ));
        let mut kept = Vec::new();
        plan.put_beside(name.clone(), options, |text| match text {
            Some(text) => {
                let completed = there::completed(text, &variables, self.is_values)?;
                kept = completed.kept;
                Ok(completed.text)
            }
            None => Ok(there::written(&variables)),
        })?;
        plan.notes.extend(kept.iter().map(|it| {
            format!("{name} gives the variable {it} another value already, which comes before this default: it stays")
        }));
        Ok(())
    }

    /// The variable's name. The `vault` provider gets a new one, which is declared in the file.
    fn name_of(&self, located: &Located<'t>) -> Option<String> {
        if self.is_values {
            return located.attribute.map(|it| it.key.name.clone());
        }
        match located.kinds().next()? {
            "variable" => located.blocks.first()?.labels.first().map(|it| it.name.clone()),
            _ => {
                let name = format!("vault_{}", located.attribute?.key.name);
                let is_free = !self.body.items.iter().any(|it| {
                    matches!(it, Item::Block(block) if block.kind.name == "variable" && block.labels.first().is_some_and(|it| it.name == name))
                });
                is_free.then_some(name)
            }
        }
    }
}

/// Whether a file of values is read without being named.
fn is_read_anyway(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file == "terraform.tfvars" || [".auto.tfvars", ".auto.pkrvars.hcl"].iter().any(|it| file.ends_with(it))
}

/// All that a literal means: of a variable the whole value is stored, though the secret may be a part of it.
pub(crate) fn whole(located: &Located<'_>) -> Option<String> {
    match &located.literal()?.kind {
        ExprKind::String(text) | ExprKind::Number(text) => Some(text.clone()),
        _ => None,
    }
}

/// Whether a value is made of literals alone.
fn can_be_told(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => true,
        ExprKind::List(items) => items.iter().all(can_be_told),
        ExprKind::Object(entries) => entries.iter().all(|it| it.name.is_some() && can_be_told(&it.value)),
        ExprKind::Template(_) | ExprKind::Opaque => false,
    }
}

fn rendered(value: &Expr, references: &[(Span, Reference)], text: &str, options: &Options) -> String {
    if let Some((_, reference)) = references.iter().find(|(span, _)| *span == value.span) {
        let path = strongroom_hcl::quote_json(&reference.data_path(&options.mount));
        let field = strongroom_hcl::quote_json(&reference.field);
        return format!(
            "{{{{ with secret {path} }}}}{{{{ index .Data.data {field} | toJSON }}}}{{{{ end }}}}"
        );
    }
    let within = |it: &Expr| rendered(it, references, text, options);
    match &value.kind {
        ExprKind::Null => "null".to_owned(),
        ExprKind::Bool(it) => it.to_string(),
        ExprKind::Number(it) => it.clone(),
        ExprKind::String(it) => strongroom_hcl::quote_json(it),
        ExprKind::List(items) => format!("[{}]", items.iter().map(within).collect::<Vec<_>>().join(", ")),
        ExprKind::Object(entries) => {
            let fields = entries.iter().filter_map(|it| {
                Some(format!("{}: {}", strongroom_hcl::quote_json(it.name.as_deref()?), within(&it.value)))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Template(_) | ExprKind::Opaque => value.span.of(text).to_owned(),
    }
}
