//! The files of templates with `env = true`, as Nomad reads them.
//!
//! A line is `KEY=value`, perhaps with `export` before it. `#` begins a comment wherever it is not quoted; quotes begin
//! and end anywhere in the value; double quotes have the escapes of JSON; control characters are refused.

use std::collections::BTreeMap;

pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut all = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = pair(line).map_err(|it| format!("line {} of an env file: {it}", at + 1))?;
        all.insert(name, value);
    }
    Ok(all)
}

fn pair(line: &str) -> Result<(String, String), String> {
    let (key, value) = line.split_once('=').ok_or("no `=`")?;
    let key = key.trim();
    let key = if key.len() > "export ".len() { key.strip_prefix("export ").unwrap_or(key) } else { key };
    let begins = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins || !key.chars().all(|c| c.is_ascii_alphanumeric() || "_./".contains(c)) {
        return Err("a name that is none".to_owned());
    }
    Ok((key.to_owned(), unquoted(value.trim())?))
}

fn unquoted(value: &str) -> Result<String, String> {
    let mut plain = String::new();
    // Up to here it stays if a comment begins.
    let mut significant = 0;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            c if u32::from(c) < 32 && c != '\t' => return Err("a control character".to_owned()),
            '#' => {
                plain.truncate(significant);
                return Ok(plain);
            }
            '\'' => {
                let rest = chars.as_str();
                let (quoted, behind) = rest.split_once('\'').ok_or("an open quote")?;
                plain.push_str(quoted);
                chars = behind.chars();
                significant = plain.len();
            }
            '"' => {
                double(&mut chars, &mut plain)?;
                significant = plain.len();
            }
            ' ' | '\t' => plain.push(c),
            c => {
                plain.push(c);
                significant = plain.len();
            }
        }
    }
    Ok(plain)
}

fn double(chars: &mut std::str::Chars<'_>, into: &mut String) -> Result<(), String> {
    loop {
        match chars.next().ok_or("an open quote")? {
            '"' => return Ok(()),
            '\\' => {
                let escape = chars.next().ok_or("an open escape")?;
                into.push(match escape {
                    '"' | '\\' | '/' => escape,
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => {
                        let digits: String = chars.by_ref().take(4).collect();
                        let code = u32::from_str_radix(&digits, 16).map_err(|it| it.to_string())?;
                        char::from_u32(code).ok_or("half of a pair")?
                    }
                    _ => return Err("an escape that is none".to_owned()),
                });
            }
            c if u32::from(c) < 32 => return Err("a control character".to_owned()),
            c => into.push(c),
        }
    }
}
