//! Functions of HCL that a credential can be followed through, and expressions taken apart.

use super::line::Part;
use super::shared::{Bit, Sum};

/// The functions whose results still show the secret as it is.
pub(super) fn apply(function: &str, arguments: Vec<Sum>) -> Option<Sum> {
    let mut arguments = arguments.into_iter();
    match function {
        "concat" => {
            let mut all = Vec::new();
            for it in arguments {
                let Sum::List(items) = it else { return None };
                all.extend(items);
            }
            Some(Sum::List(all))
        }
        "format" => {
            let template = plain(&arguments.next()?)?;
            let mut bits = Vec::new();
            let mut pieces = template.split("%s");
            bits.extend(literal_format(pieces.next()?)?);
            for piece in pieces {
                let Sum::Text(argument) = arguments.next()? else { return None };
                bits.extend(argument);
                bits.extend(literal_format(piece)?);
            }
            arguments.next().is_none().then_some(Sum::Text(bits))
        }
        "join" => {
            let separator = plain(&arguments.next()?)?;
            let mut bits = Vec::new();
            for list in arguments {
                let Sum::List(items) = list else { return None };
                for item in items {
                    let Sum::Text(item) = item else { return None };
                    if !bits.is_empty() && !separator.is_empty() {
                        bits.push(Bit::Other(Part::Text(separator.clone())));
                    }
                    bits.extend(item);
                }
            }
            Some(Sum::Text(bits))
        }
        "merge" => {
            let mut all: Vec<(String, Sum)> = Vec::new();
            for it in arguments {
                let Sum::Map(entries) = it else { return None };
                for (name, value) in entries {
                    all.retain(|it| it.0 != name);
                    all.push((name, value));
                }
            }
            Some(Sum::Map(all))
        }
        _ => None,
    }
}

/// The rest of a format, without further verbs.
fn literal_format(piece: &str) -> Option<Option<Bit>> {
    let unescaped = piece.replace("%%", "\u{0}");
    if unescaped.contains('%') {
        return None;
    }
    let text = unescaped.replace('\u{0}', "%");
    Some((!text.is_empty()).then_some(Bit::Other(Part::Text(text))))
}

fn plain(sum: &Sum) -> Option<String> {
    let Sum::Text(bits) = sum else { return None };
    let mut plain = String::new();
    for bit in bits {
        let Bit::Other(Part::Text(text)) = bit else { return None };
        plain.push_str(text);
    }
    Some(plain)
}

/// `name(arguments)`, all of it.
pub(super) fn call(written: &str) -> Option<(&str, &str)> {
    let (name, rest) = written.split_once('(')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let arguments = rest.strip_suffix(')')?;
    // `f(x)(y)` and `f(x) + g(y)` end in a parenthesis too.
    let mut depth = 0_i32;
    let closes = arguments.chars().any(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0
    });
    (is_name && !closes).then_some((name, arguments))
}

/// `var.x.a[0]["b"]`: the root, and the steps behind it.
pub(super) fn traversal(written: &str) -> Option<(String, Vec<String>)> {
    let is_step =
        |it: &str| !it.is_empty() && it.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let normal = written.replace("[\"", ".").replace("\"]", "").replace('[', ".").replace(']', "");
    let mut steps = normal.split('.');
    let kind = steps.next().filter(|it| matches!(*it, "local" | "var"))?;
    let name = steps.next().filter(|it| is_step(it))?;
    let rest: Vec<String> = steps.map(str::to_owned).collect();
    rest.iter().all(|it| is_step(it)).then(|| (format!("{kind}.{name}"), rest))
}
