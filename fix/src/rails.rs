//! What Rails passes through ERB before it reads it, `database.yml` and its neighbours; and what it runs, its
//! environments and initializers.
//!
//! The value comes from a file that the injector writes: `secret run` says in `SECRETS_DIR` where its tmpfs is,
//! `secret inject` writes to `/run/secrets`.

mod ruby;

use std::collections::BTreeSet;

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Layer};

use crate::{
    Edit, File, Options, Plan, Reference,
    home::Home,
    inplace::indented,
    layout::{indentation, line_around},
    moved::{self, Cure},
    render::percent,
};
use ruby::Spot;

pub(crate) fn plan(file: &File<'_>, home: &Home, findings: &[Finding], options: &Options) -> Plan {
    let is_ruby = file.name.ends_with(".rb");
    let cure = |it: &Finding| {
        let spot = if is_ruby { Some(ruby::spot(file.text, it)?) } else { None };
        Ok(Cure::new(spot, stored(file.text, it)))
    };
    let edit = |finding: &Finding, spot: Option<Spot>, reference: &Reference| {
        Ok(match spot {
            Some(Spot::Whole(span)) => Edit { span, text: read(reference) },
            Some(Spot::Part(span)) => {
                Edit { span, text: format!("#{{{}}}", written(file.text, finding, reference)) }
            }
            None => edit(file.text, finding, reference),
        })
    };
    let mut plan = moved::plan(home, findings, options, cure, edit);
    plan.settle(home.policy());
    if !plan.edits.is_empty() {
        let maps: BTreeSet<String> = plan.entries.iter().map(|it| map(&it.reference, options)).collect();
        let maps: Vec<String> = maps.into_iter().collect();
        plan.notes.push(format!(
            "start Rails with `secret run {} -- bin/rails server`, or write the files with `mkdir -p /run/secrets && secret inject --to /run/secrets {}`: \
             one command has the maps of all its files that were fixed",
            maps.iter().map(|it| format!("--map {it}")).collect::<Vec<_>>().join(" "),
            maps.join(" "),
        ));
        // One of the environments' own files is read in that environment alone.
        if plan.entries.len() > 1 && !file.name.contains("environments/") {
            plan.notes.push("Rails reads the whole file: the secrets of all its environments must be there, whichever it runs in (docs/fixing.md has a way out)".to_owned());
        }
    }
    plan
}

/// `PATH=FOLDER`, as `secret run` and `secret inject` take it: they write each field to a file of its name.
fn map(reference: &Reference, options: &Options) -> String {
    format!("{}/{}={}", options.mount, reference.path, folder(reference))
}

/// No two files of an application share it: each has a `production.password`.
fn folder(reference: &Reference) -> &str {
    reference.path.strip_prefix("rails/").unwrap_or(&reference.path)
}

/// Of a value of several lines, how far those behind the first are indented.
fn indent_of(text: &str, finding: &Finding) -> Option<usize> {
    let raw = finding.span.of(text);
    let indent = raw.lines().nth(1).map(|it| indentation(it).len())?;
    (indented(finding.value.expose(), indent) == raw).then_some(indent)
}

/// The value, or what stands there if Ruby would not write it in the same way.
fn stored(text: &str, finding: &Finding) -> String {
    let (raw, value) = (finding.span.of(text), finding.value.expose());
    if raw.contains('\n') && indent_of(text, finding).is_none() {
        return raw.to_owned();
    }
    let is_other = finding.layers.contains(&Layer::Percent) && raw != value && percent(value) != raw;
    if is_other { raw.to_owned() } else { value.to_owned() }
}

/// What reads the file that the injector has written.
fn read(reference: &Reference) -> String {
    format!(
        "File.read(File.join(ENV.fetch(\"SECRETS_DIR\", \"/run/secrets\"), \"{}/{}\"))",
        folder(reference),
        reference.field
    )
}

/// The same as a part of a text, in the way that its place asks for.
fn written(text: &str, finding: &Finding, reference: &Reference) -> String {
    let (raw, value) = (finding.span.of(text), finding.value.expose());
    if finding.layers.contains(&Layer::Percent) && raw != value && percent(value) == raw {
        format!("ERB::Util.url_encode({})", read(reference))
    } else {
        read(reference)
    }
}

fn edit(text: &str, finding: &Finding, reference: &Reference) -> Edit {
    if let Some(indent) = indent_of(text, finding) {
        let spaces = " ".repeat(indent);
        return Edit {
            span: finding.span,
            text: format!("<%= {}.gsub(\"\\n\", \"\\n{spaces}\") %>", read(reference)),
        };
    }
    if let Some(span) = whole_scalar(text, finding) {
        // As JSON it is a string of YAML, whatever is in it.
        return Edit { span, text: format!("<%= {}.to_json %>", read(reference)) };
    }
    Edit { span: finding.span, text: format!("<%= {} %>", written(text, finding, reference)) }
}

/// The value with its quotes, where it is all that the key has.
fn whole_scalar(text: &str, finding: &Finding) -> Option<Span> {
    let line = line_around(text, finding.span.start);
    let before = text.get(line.start..finding.span.start)?;
    let behind = text.get(finding.span.end..line.end)?;
    let quote = ['"', '\''].into_iter().find(|it| before.ends_with(*it) && behind.starts_with(*it));
    let (before, behind) = match quote {
        Some(quote) => (before.strip_suffix(quote)?, behind.strip_prefix(quote)?),
        None => (before, behind),
    };
    let is_whole = before.trim_end().ends_with([':', '-'])
        && before.ends_with(' ')
        && (behind.trim().is_empty() || behind.trim_start().starts_with('#'));
    let by = usize::from(quote.is_some());
    is_whole.then(|| Span { start: finding.span.start - by, end: finding.span.end + by })
}
