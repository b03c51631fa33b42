//! How a policy file looks: two spaces for each level, one space around `=`, no spaces at the end of a line.
//!
//! Line by line, and nothing is moved to another line: comments and the order of things stay.

/// The text in that layout. Laying out twice changes nothing more.
pub(super) fn laid_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut heredoc: Option<String> = None;
    let mut blank = true;
    for line in text.lines() {
        if let Some(end) = &heredoc {
            out.push_str(line);
            out.push('\n');
            if line.trim() == end {
                heredoc = None;
            }
            continue;
        }
        let line = line.trim();
        if line.is_empty() {
            // One empty line is a paragraph; more are none.
            if !blank {
                out.push('\n');
            }
            blank = true;
            continue;
        }
        blank = false;
        let scanned = Scanned::of(line);
        let indent = depth.saturating_sub(scanned.closes_first);
        out.push_str(&"  ".repeat(indent));
        out.push_str(&scanned.text);
        out.push('\n');
        depth = depth.saturating_add(scanned.opens).saturating_sub(scanned.closes);
        heredoc = scanned.heredoc;
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

/// A line without its indentation, and what it does to those that follow.
struct Scanned {
    text: String,
    opens: usize,
    closes: usize,
    /// Brackets that are closed before anything else stands in the line.
    closes_first: usize,
    /// The word that ends a heredoc which begins here.
    heredoc: Option<String>,
}

impl Scanned {
    fn of(line: &str) -> Self {
        let mut it = Self { text: String::new(), opens: 0, closes: 0, closes_first: 0, heredoc: None };
        let mut chars = line.chars().peekable();
        let mut quoted = false;
        while let Some(c) = chars.next() {
            if quoted {
                it.text.push(c);
                match c {
                    '\\' => it.text.extend(chars.next()),
                    '"' => quoted = false,
                    _ => {}
                }
                continue;
            }
            match c {
                '#' => {
                    it.text.push(c);
                    it.text.extend(chars.by_ref());
                }
                '/' if matches!(chars.peek(), Some('/' | '*')) => {
                    it.text.push(c);
                    it.text.extend(chars.by_ref());
                }
                '"' => {
                    quoted = true;
                    it.text.push(c);
                }
                '<' if chars.peek() == Some(&'<') => {
                    let rest: String = std::iter::once(c).chain(chars.by_ref()).collect();
                    it.heredoc = Some(rest.trim_start_matches(['<', '-']).trim().to_owned());
                    it.text.push_str(&rest);
                }
                '{' | '[' => {
                    it.opens += 1;
                    it.text.push(c);
                }
                '}' | ']' => {
                    if it.opens == it.closes && it.text.chars().all(|it| matches!(it, '}' | ']' | ' ')) {
                        it.closes_first += 1;
                    }
                    it.closes += 1;
                    it.text.push(c);
                }
                '=' => {
                    it.space();
                    it.text.push_str("= ");
                }
                c if c.is_whitespace() => it.space(),
                c => it.text.push(c),
            }
        }
        it.text.truncate(it.text.trim_end().len());
        it
    }

    fn space(&mut self) {
        if !self.text.ends_with(' ') && !self.text.is_empty() {
            self.text.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        assert_eq!(laid_out(given), expected);
        assert_eq!(laid_out(expected), expected, "laying out twice changes nothing");
    }

    #[test]
    fn a_policy_is_laid_out() {
        check(
            "path   \"a  b\"   { capabilities=[\"list\"] }",
            "path \"a  b\" { capabilities = [\"list\"] }\n",
        );
        check(
            "# who = all\n\n\n\npath \"a\" {\n      capabilities=[\n\"read\",\n  ]\n # why\n}\n\n",
            "# who = all\n\npath \"a\" {\n  capabilities = [\n    \"read\",\n  ]\n  # why\n}\n",
        );
        check("a = <<EOT\n  as   it=is\nEOT\nb=1", "a = <<EOT\n  as   it=is\nEOT\nb = 1\n");
        check("\"x=\\\"{\" = { // } {\n}", "\"x=\\\"{\" = { // } {\n}\n");
    }
}
