//! Fields between colons, a line each: `pgpass`, `htpasswd`, and what `chpasswd` and `shadow` take.

use super::{actions, lines::Lines};
use crate::{At, Finder, Layer, Text};

pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let mut lines = Lines::new(&text);
    while let Some(line) = lines.next_line() {
        if lines.byte(line.start, line.end) == Some(b'#') {
            lines.tell_comment(finder, &at.key(""), line, b"#");
            continue;
        }
        let Some(start) = lines.behind_actions(line.clone()) else { continue };
        let colons = colons(&lines, start..line.end);
        let field = |from: usize, to: Option<&usize>| from + 1..to.copied().unwrap_or(line.end);
        let part = match colons.as_slice() {
            [] => continue,
            // host:port:database:user:password
            [first, second, _, last, ..] if is_port(lines.str(first + 1..*second)) => field(*last, None),
            // Oxidized's list of devices, `name:address:model:user:password`
            [first, second, _, last] if is_address(lines.str(first + 1..*second)) => field(*last, None),
            // user:hash:..., of many fields
            [first, second, _, _, ..] => field(*first, Some(second)),
            [first, ..] => field(*first, None),
        };
        let value = lines.str(part.clone());
        let name = match colons.len() {
            _ if value.starts_with(['$', '{']) => "htpasswd",
            4.. => "pgpass",
            _ => "password",
        };
        let value = text.slice(part).within(Layer::Bare);
        if value.has_literal() && !matches!(value.as_str(), "x" | "*" | "!" | "!!") {
            finder.value(&at.key(name), value);
        }
    }
}

fn is_port(field: &str) -> bool {
    field == "*" || !field.is_empty() && field.bytes().all(|it| it.is_ascii_digit())
}

fn is_address(field: &str) -> bool {
    field.split('.').count() >= 3
        && field.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'.' | b'-'))
}

/// The first four colons that are neither escaped nor in an action.
fn colons(lines: &Lines<'_, '_>, line: std::ops::Range<usize>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = line.start;
    while at < line.end && found.len() < 4 {
        match (lines.hole(at), lines.bytes.get(at)) {
            (Some(hole), _) => at = hole,
            (_, Some(b'\\')) => at += 2,
            (_, byte) => {
                found.extend((byte == Some(&b':')).then_some(at));
                at += 1;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::{
        Place::Attribute,
        brought::{brought, values},
    };

    #[test]
    fn the_last_field_is_the_secret() {
        values(
            "pgpass",
            "# a\n*:5432:b:c:d'e:f\ng\\:h:1:j:k:l\n",
            &[("pgpass", Attribute, None, "d'e:f"), ("pgpass", Attribute, None, "l")],
        );
        values(
            "passwd",
            "a:x:0:0:b:/c:/d\ne:$6$f:1:2:3:4:::\ng:h\n",
            &[("htpasswd", Attribute, None, "$6$f"), ("password", Attribute, None, "h")],
        );
        values("router.db", "sw:10.8.0.2:ios:a:b-7\n", &[("pgpass", Attribute, None, "b-7")]);
        values(".htpasswd", "a:$apr1$b\nc\nd:{{ .E }}\n", &[("htpasswd", Attribute, None, "$apr1$b")]);
        for file in [":", "\\", "a:\\", "é:é\\é", ":\n::::"] {
            brought("pgpass", file);
        }
    }
}
