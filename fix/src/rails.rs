//! What Rails passes through ERB before it reads it: `database.yml` and its neighbours.
//!
//! The value comes from a file that the injector writes: `secret run` says in `SECRETS_DIR` where its tmpfs is,
//! `secret inject` writes to `/run/secrets`.

use strongroom_scan::{Finding, Layer};

use crate::{
    Edit, File, Options, Plan, Reference,
    home::Home,
    layout::line_around,
    moved::{self, Cure},
    render::percent,
};

pub(crate) fn plan(file: &File<'_>, home: &Home, findings: &[Finding], options: &Options) -> Plan {
    let cure = |it: &Finding| Ok(Cure::new((), stored(file.text, it)));
    let edit = |finding: &Finding, (), reference: &Reference| Ok(edit(file.text, finding, reference));
    let mut plan = moved::plan(home, findings, options, cure, edit);
    plan.settle(home.policy());
    if !plan.edits.is_empty() {
        let maps: Vec<String> = plan.entries.iter().map(|it| map(&it.reference, options)).collect();
        plan.notes.push(format!(
            "start Rails with `secret run {} -- bin/rails server`, or write the files with `mkdir -p /run/secrets && secret inject --to /run/secrets {}`",
            maps.iter().map(|it| format!("--map {it}")).collect::<Vec<_>>().join(" "),
            maps.join(" "),
        ));
        if maps.len() > 1 {
            plan.notes.push("Rails reads the whole file: the secrets of all its environments must be there, whichever it runs in (docs/fixing.md has a way out)".to_owned());
        }
    }
    plan
}

/// `PATH#FIELD=NAME`, as `secret run` and `secret inject` take it.
fn map(reference: &Reference, options: &Options) -> String {
    format!("{}/{}#{}={}", options.mount, reference.path, reference.field, name(reference))
}

fn name(reference: &Reference) -> String {
    reference.field.to_ascii_lowercase()
}

/// The value, or the percent escapes that Ruby would not write in the same way.
fn stored(text: &str, finding: &Finding) -> String {
    let (raw, value) = (finding.span.of(text), finding.value.expose());
    let is_other = finding.layers.contains(&Layer::Percent) && raw != value && percent(value) != raw;
    if is_other { raw.to_owned() } else { value.to_owned() }
}

fn edit(text: &str, finding: &Finding, reference: &Reference) -> Edit {
    let read = format!(
        "File.read(File.join(ENV.fetch(\"SECRETS_DIR\", \"/run/secrets\"), \"{}\"))",
        name(reference)
    );
    let (raw, value) = (finding.span.of(text), finding.value.expose());
    if let Some(span) = whole_scalar(text, finding) {
        // As JSON it is a string of YAML, whatever is in it.
        return Edit { span, text: format!("<%= {read}.to_json %>") };
    }
    let written = if finding.layers.contains(&Layer::Percent) && raw != value && percent(value) == raw {
        format!("<%= ERB::Util.url_encode({read}) %>")
    } else {
        format!("<%= {read} %>")
    };
    Edit { span: finding.span, text: written }
}

/// The value with its quotes, where it is all that the key has.
fn whole_scalar(text: &str, finding: &Finding) -> Option<strongroom_hcl::Span> {
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
    is_whole.then(|| strongroom_hcl::Span { start: finding.span.start - by, end: finding.span.end + by })
}
