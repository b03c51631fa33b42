//! A secret within a template's data becomes an action, in the template's own delimiters.
//!
//! What the template writes stays the same, byte for byte where a pipeline can do that. Where the format has strings
//! with quotes, the action writes the quotes too, so that the next value may hold whatever it likes.

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Layer, Value};
use zeroize::Zeroizing;

use super::job::{Syntax, Template};
use super::line::is_variable;
use super::literal::Literal;
use super::value::{Stored, inner_layers, stored};
use crate::render::{Delimiters, Encoding, Step};

/// What is replaced, and what is stored for it.
#[derive(Clone, Debug)]
pub(super) struct Replaced {
    pub(super) span: Span,
    pub(super) stored: Stored,
}

/// None where the secret does not stand by itself.
pub(super) fn replaced(
    syntax: Syntax,
    template: &Template<'_>,
    literal: &Literal,
    finding: &Finding,
    text: &str,
) -> Option<Replaced> {
    let plain = stored(syntax, literal, finding, text)?;
    let before = literal.line_before(finding.span, text);
    let before = before.rsplit('\n').next().unwrap_or("");
    let behind = literal.line_behind(finding.span, text);
    let behind = behind.split('\n').next().unwrap_or("").trim_end_matches('\r');
    if meets_action(before, plain.raw.expose(), behind, &template.delimiters) {
        return None;
    }
    let quote = before.chars().last().filter(|it| behind.starts_with(*it) && matches!(it, '"' | '\''));
    let layer = inner_layers(syntax, &finding.layers).last().copied();

    let json = |stored: Stored, with_quotes: Option<char>| {
        let width = with_quotes.map_or(0, |it| literal.written_quote(it).len());
        let hint = if template.is_env {
            // Nomad's own reader takes the escapes of `toJSON` for all there is.
            ""
        } else if has_unicode_escapes(template.destination) {
            stored.value.expose()
        } else {
            // Other readers know the backslash before a quote, and no `\u0026` that the next value may need.
            "&"
        };
        let encoding = Encoding::one(Step::Json, hint);
        let span = Span { start: finding.span.start - width, end: finding.span.end + width };
        Replaced { span, stored: Stored { encoding, ..stored } }
    };
    if template.is_env {
        if let Some(value) = of_variable(before, behind, quote, &plain, finding) {
            return Some(json(Stored { value, ..plain }, quote));
        }
        if let Some(step) = of_part(before, &plain, &template.delimiters) {
            let encoding = plain.encoding.clone().then(step, plain.value.expose());
            return Some(Replaced { span: finding.span, stored: Stored { encoding, ..plain } });
        }
    } else if let Some(quote) = quote.filter(|it| is_whole_string(before, behind, *it)) {
        let decoded = finding.value.expose();
        let has_strings = match (quote, layer) {
            ('"', Some(Layer::Json | Layer::Toml | Layer::YamlDouble))
                if !is_powershell(template.destination) =>
            {
                is_json_for(plain.raw.expose(), decoded)
            }
            ('\'', Some(Layer::YamlSingle)) => true,
            // Without an escape in it, a string in quotes is known by the file's name.
            ('"', _) => {
                is_json_or_yaml(template.destination)
                    && plain.raw.expose() == decoded
                    && is_escape_free(decoded)
            }
            _ => false,
        };
        if has_strings {
            return Some(json(Stored { value: finding.value.clone(), ..plain }, Some(quote)));
        }
    } else if is_yaml(template.destination) && is_yaml_scalar(before, behind, plain.raw.expose()) {
        return Some(json(Stored { value: plain.raw.clone(), ..plain }, None));
    }
    let step = of_script(template.destination, layer).filter(|_| plain.encoding.is_plain());
    let encoding = match step {
        Some(step) => Encoding::one(step, plain.value.expose()),
        None => plain.encoding.clone(),
    };
    let is_same = *encoding.apply(plain.value.expose()) == plain.raw.expose();
    let encoding = if is_same { encoding } else { plain.encoding.clone() };
    Some(Replaced { span: finding.span, stored: Stored { encoding, ..plain } })
}

/// What keeps the next value a part of the word that it stands in. Elsewhere quotes may be those of another language.
fn of_script(destination: &str, layer: Option<Layer>) -> Option<Step> {
    let is_script = [".sh", ".bash"].iter().any(|it| destination.ends_with(it));
    match layer.filter(|_| is_script)? {
        Layer::ShellSingle => Some(Step::ShellSingle),
        Layer::ShellDouble => Some(Step::ShellDouble),
        _ => None,
    }
}

/// Whether a sign of the secret's belongs to an action: what the template writes there is not the secret.
fn meets_action(before: &str, raw: &str, behind: &str, delimiters: &Delimiters) -> bool {
    let line = Zeroizing::new([before, raw, behind].concat());
    let (start, end) = (before.len(), before.len() + raw.len());
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|it| it.find(&delimiters.left)).map(|it| from + it) {
        let inside = at + delimiters.left.len();
        let closed = line.get(inside..).and_then(|it| it.find(&delimiters.right));
        from = closed.map_or(line.len(), |it| inside + it + delimiters.right.len());
        if at < end && start < from {
            return true;
        }
    }
    false
}

/// Whether JSON takes `written` in quotes for `value`. YAML and TOML have these escapes as well.
fn is_json_for(written: &str, value: &str) -> bool {
    let document = Zeroizing::new(format!("{{\"x\":\"{written}\"}}"));
    strongroom_hcl::parse_json(&document)
        .is_ok_and(|it| it.view().attr("x").is_some_and(|it| it.as_str() == Ok(value)))
}

/// The value of a variable, where the secret is all of it.
fn of_variable(
    before: &str,
    behind: &str,
    quote: Option<char>,
    plain: &Stored,
    finding: &Finding,
) -> Option<Value> {
    let quotes = quote.map_or(0, char::len_utf8);
    let head = before.get(..before.len() - quotes)?.trim_end().strip_suffix('=')?.trim();
    let name = head.strip_prefix("export ").unwrap_or(head).trim();
    let tail = behind.get(quotes..)?.trim_start();
    let raw = plain.raw.expose();
    if raw.chars().any(char::is_control) || quote.is_none() && raw != raw.trim() {
        return None;
    }
    if !is_variable(name) || !(tail.is_empty() || tail.starts_with('#')) {
        return None;
    }
    match quote {
        Some('"') if plain.raw.expose().contains('\\') => {
            let value = finding.value.expose();
            Encoding::between(&[Layer::EnvDouble], value, plain.raw.expose()).map(|_| finding.value.clone())
        }
        Some(_) => Some(plain.raw.clone()),
        // Quotes may also begin in the middle of a value.
        None => (!plain.raw.expose().contains(['"', '\'', '#'])).then(|| plain.raw.clone()),
    }
}

/// How a part of a variable's value is written, so that the next one may have quotes and `#` in it. Nomad reads quotes
/// wherever they begin.
fn of_part(before: &str, plain: &Stored, delimiters: &Delimiters) -> Option<Step> {
    let (name, head) = before.split_once('=')?;
    let name = name.trim();
    let raw = plain.raw.expose();
    let is_odd =
        raw.contains(['"', '\'', '\\', '#']) || raw.chars().any(char::is_control) || raw != raw.trim();
    let is_known = is_variable(name.strip_prefix("export ").unwrap_or(name).trim());
    // Of the quotes within an action Nomad sees none.
    if is_odd || !is_known || head.contains(&delimiters.left) || plain.encoding.ends_in_percent() {
        return None;
    }
    match open_quote(head) {
        None => Some(Step::Json),
        Some('"') => Some(Step::JsonInner),
        Some(_) => None,
    }
}

/// The quote that is open at the end of a text.
fn open_quote(text: &str) -> Option<char> {
    let (mut open, mut is_escaped) = (None, false);
    for c in text.chars() {
        match open {
            _ if is_escaped => is_escaped = false,
            Some('"') if c == '\\' => is_escaped = true,
            Some(quote) if c == quote => open = None,
            None if matches!(c, '"' | '\'') => open = Some(c),
            _ => {}
        }
    }
    open
}

/// Not the middle one of three quotes.
fn is_whole_string(before: &str, behind: &str, quote: char) -> bool {
    let doubled: String = [quote, quote].iter().collect();
    !before.ends_with(&doubled) && !behind.starts_with(&doubled)
}

fn is_escape_free(value: &str) -> bool {
    !value.contains(['\\', '"']) && !value.chars().any(char::is_control)
}

fn is_yaml(destination: &str) -> bool {
    [".yml", ".yaml"].iter().any(|it| destination.ends_with(it))
}

/// What reads such a file takes `\u0026` in quotes for `&`.
fn has_unicode_escapes(destination: &str) -> bool {
    is_json_or_yaml(destination) || destination.ends_with(".toml")
}

/// There a backslash in quotes is nothing but a backslash.
fn is_powershell(destination: &str) -> bool {
    [".ps1", ".psm1", ".psd1"].iter().any(|it| destination.ends_with(it))
}

fn is_json_or_yaml(destination: &str) -> bool {
    destination.ends_with(".json") || is_yaml(destination)
}

/// A plain scalar that YAML reads as a string, all of it.
fn is_yaml_scalar(before: &str, behind: &str, raw: &str) -> bool {
    let in_flow = before.contains(['{', '[']);
    let tail = behind.trim_start();
    let ends = tail.is_empty() || behind.starts_with(" #") || in_flow && tail.starts_with([',', '}', ']']);
    let begins = before.ends_with(": ") || before.trim_start() == "- ";
    let word = raw.to_ascii_lowercase();
    let is_word =
        matches!(word.as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n");
    let is_number = word.starts_with("0x") || word.starts_with("0o") || word.parse::<f64>().is_ok();
    let is_text = word.starts_with(|c: char| c.is_ascii_alphabetic())
        || word.chars().filter(char::is_ascii_alphabetic).count() > 1;
    // An indicator at the beginning would have been read as one.
    let is_plain =
        !raw.starts_with(['!', '&', '*', '|', '>', '%', '@', '`', '"', '\'', '{', '[', '#', '?', '-']);
    // YAML takes neither a space at an end nor a comment for a part of it.
    let is_whole = raw == raw.trim() && !raw.contains(" #") && !raw.contains('\n');
    // Neither can a key begin with these.
    let is_entry = !before.trim_start().starts_with(['}', ']', ',', '%', '@', '`', '|', '>']);
    begins && is_entry && ends && !is_word && !is_number && is_text && is_plain && is_whole
}
