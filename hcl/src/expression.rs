//! Expressions in native syntax: literals become values, everything else is read to its extent.

use crate::cursor::{Cursor, Newlines};
use crate::operand::Role;
use crate::{Error, ErrorKind, Expr, ExprKind, ObjectEntry, Span, TemplatePart};

/// The longer of two operators with one beginning comes first.
const OPERATORS: [&str; 13] = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%"];

impl Cursor<'_> {
    /// Operands and the operators between them.
    ///
    /// No precedence is worked out, since an expression with an operator is opaque, and so the
    /// conditional's `?` and `:` are operators like the others, only counted.
    pub(crate) fn expression(&mut self, newlines: Newlines) -> Result<Expr, Error> {
        let start = self.pos;
        let mut mark = self.mark();
        let first = self.operand(newlines)?;
        let mut compound = false;
        let mut open_conditionals = 0_usize;
        loop {
            let end = self.pos;
            self.skip_blank(newlines)?;
            let operator = if self.take("?") {
                open_conditionals += 1;
                "?"
            } else if open_conditionals > 0 && self.take(":") {
                open_conditionals -= 1;
                ":"
            } else if let Some(operator) = OPERATORS.iter().find(|operator| self.take(operator)) {
                operator
            } else {
                if open_conditionals > 0 {
                    return Err(self.expected("`:`"));
                }
                self.pos = end;
                break;
            };
            if !compound {
                self.note(mark, &first, Role::Outcome);
            }
            compound = true;
            if decides(operator) {
                self.compared(mark);
            }
            mark = self.mark();
            self.skip_blank(newlines)?;
            self.recorded(Role::Outcome, |cursor| cursor.operand(newlines))?;
            if compares(operator) {
                self.compared(mark);
            }
        }
        Ok(if compound { self.opaque(start) } else { first })
    }

    fn operand(&mut self, newlines: Newlines) -> Result<Expr, Error> {
        let start = self.pos;
        let mark = self.mark();
        let negative = |cursor: &Self| {
            cursor.peek() == Some(b'-') && cursor.byte(cursor.pos + 1).is_some_and(|it| it.is_ascii_digit())
        };
        while !negative(self) && (self.take("!") || self.take("-")) {
            self.skip_blank(newlines)?;
        }
        let unary = self.pos > start;
        let first = match self.peek() {
            Some(b'"') => {
                let parts = self.quoted()?;
                Expr { kind: text_or_template(parts), span: self.span_from(start) }
            }
            Some(b'<') if self.sees("<<") => {
                let parts = self.heredoc()?;
                Expr { kind: text_or_template(parts), span: self.span_from(start) }
            }
            Some(b'[') => self.nested(Self::list)?,
            Some(b'{') => self.nested(Self::object)?,
            Some(b'(') => self.nested(Self::parenthesis)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        self.note(mark, &first, Role::Outcome);
        if self.postfix(&first, newlines)? || unary {
            return Ok(self.opaque(start));
        }
        self.unnote(mark, &first);
        Ok(first)
    }

    /// `.name`, `.0`, `.*`, `[index]`, `[*]` and `(arguments)`, as many as there are; whether there was one.
    fn postfix(&mut self, of: &Expr, newlines: Newlines) -> Result<bool, Error> {
        let mut callable = of.kind == ExprKind::Opaque && begins_name(of.span.of(self.text));
        let mut followed = false;
        loop {
            let end = self.pos;
            self.skip_blank(newlines)?;
            match self.peek() {
                Some(b'.') if !self.sees("...") => {
                    self.pos += 1;
                    self.skip_blank(newlines)?;
                    let attribute = self.take("*")
                        || !self.take_while(|byte| byte.is_ascii_digit()).is_empty()
                        || !self.identifier().is_empty();
                    if !attribute {
                        return Err(self.expected("an attribute's name"));
                    }
                }
                Some(b'[') => self.nested(|cursor| {
                    cursor.pos += 1;
                    cursor.skip_blank(Newlines::Blank)?;
                    if !cursor.take("*") {
                        cursor.recorded(Role::Index, |cursor| cursor.expression(Newlines::Blank))?;
                    }
                    cursor.skip_blank(Newlines::Blank)?;
                    if cursor.take("]") { Ok(()) } else { Err(cursor.expected("`]`")) }
                })?,
                Some(b'(') if callable => {
                    self.called(of.span, |cursor| cursor.nested(Self::arguments))?;
                }
                _ => {
                    self.pos = end;
                    return Ok(followed);
                }
            }
            callable = false;
            followed = true;
        }
    }

    fn arguments(&mut self) -> Result<(), Error> {
        self.pos += 1;
        for argument in 0.. {
            self.skip_blank(Newlines::Blank)?;
            if self.take(")") {
                break;
            }
            self.recorded(Role::Argument(argument), |cursor| cursor.expression(Newlines::Blank))?;
            self.skip_blank(Newlines::Blank)?;
            self.take("...");
            self.skip_blank(Newlines::Blank)?;
            if !self.take(",") && self.peek() != Some(b')') {
                return Err(self.expected("`,` or `)`"));
            }
        }
        Ok(())
    }

    fn parenthesis(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        self.pos += 1;
        self.skip_blank(Newlines::Blank)?;
        self.recorded(Role::Outcome, |cursor| cursor.expression(Newlines::Blank))?;
        self.skip_blank(Newlines::Blank)?;
        if !self.take(")") {
            return Err(self.expected("`)`"));
        }
        Ok(self.opaque(start))
    }

    fn list(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        self.pos += 1;
        self.skip_blank(Newlines::Blank)?;
        if self.sees_for() {
            return self.comprehension(start, "]");
        }
        let mut items = Vec::new();
        loop {
            self.skip_blank(Newlines::Blank)?;
            if self.take("]") {
                return Ok(Expr { kind: ExprKind::List(items), span: self.span_from(start) });
            }
            items.push(self.expression(Newlines::Blank)?);
            self.skip_blank(Newlines::Blank)?;
            if !self.take(",") && self.peek() != Some(b']') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        self.pos += 1;
        self.skip_blank(Newlines::Blank)?;
        if self.sees_for() {
            return self.comprehension(start, "}");
        }
        let mut entries = Vec::new();
        loop {
            self.skip_blank(Newlines::Blank)?;
            if self.take("}") {
                return Ok(Expr { kind: ExprKind::Object(entries), span: self.span_from(start) });
            }
            if self.at_end() {
                return Err(self.expected("`}`"));
            }
            entries.push(self.entry()?);
            self.skip_blank(Newlines::Blank)?;
            self.take(",");
        }
    }

    fn entry(&mut self) -> Result<ObjectEntry, Error> {
        let key = self.expression(Newlines::End)?;
        let name = self.entry_name(&key);
        self.skip_blank(Newlines::End)?;
        let value = if self.take("=") || self.take(":") {
            self.skip_blank(Newlines::Blank)?;
            self.expression(Newlines::End)?
        } else if name.is_some() {
            self.entry_block()?
        } else {
            return Err(self.expected("`=` or `:`"));
        };
        Ok(ObjectEntry { name, key, value })
    }

    /// The rest of an HCL 1 block within an object, behind its kind: `{ ... }` or `"label" { ... }`.
    fn entry_block(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        if self.peek() == Some(b'{') {
            return self.nested(Self::object);
        }
        let Some(label) = self.key()? else {
            return Err(self.expected("`=` or `:`"));
        };
        self.skip_blank(Newlines::End)?;
        let value = self.nested(Self::entry_block)?;
        let kind = if label.quoted { ExprKind::String(label.name.clone()) } else { ExprKind::Opaque };
        let key = Expr { kind, span: label.span };
        let entry = ObjectEntry { name: Some(label.name), key, value };
        Ok(Expr { kind: ExprKind::Object(vec![entry]), span: self.span_from(start) })
    }

    fn entry_name(&self, key: &Expr) -> Option<String> {
        let source = key.span.of(self.text);
        let is_name = |source: &str| {
            begins_name(source) && source.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        match &key.kind {
            ExprKind::String(text) => Some(text.clone()),
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) => Some(source.to_owned()),
            ExprKind::Opaque if is_name(source) => Some(source.to_owned()),
            _ => None,
        }
    }

    /// Whether `for x` stands here, and not a name that happens to be `for`.
    fn sees_for(&self) -> bool {
        let Some(behind) = self.rest().strip_prefix("for") else { return false };
        let name = behind.trim_start();
        name.len() < behind.len() && begins_name(name)
    }

    /// `for k, v in collection : key => value... if condition`, up to its bracket.
    fn comprehension(&mut self, start: usize, close: &'static str) -> Result<Expr, Error> {
        self.pos += "for".len();
        loop {
            self.skip_blank(Newlines::Blank)?;
            if self.identifier().is_empty() {
                return Err(self.expected("a name"));
            }
            self.skip_blank(Newlines::Blank)?;
            if !self.take(",") {
                break;
            }
        }
        let after_names = self.pos;
        if self.identifier() != "in" {
            return Err(self.error(after_names, ErrorKind::Expected("`in`")));
        }
        self.skip_blank(Newlines::Blank)?;
        self.recorded(Role::Outcome, |cursor| cursor.expression(Newlines::Blank))?;
        self.skip_blank(Newlines::Blank)?;
        if !self.take(":") {
            return Err(self.expected("`:`"));
        }
        self.skip_blank(Newlines::Blank)?;
        self.recorded(Role::Outcome, |cursor| cursor.expression(Newlines::Blank))?;
        self.skip_blank(Newlines::Blank)?;
        if close == "}" {
            if !self.take("=>") {
                return Err(self.expected("`=>`"));
            }
            self.skip_blank(Newlines::Blank)?;
            self.recorded(Role::Outcome, |cursor| cursor.expression(Newlines::Blank))?;
            self.skip_blank(Newlines::Blank)?;
            self.take("...");
            self.skip_blank(Newlines::Blank)?;
        }
        if self.sees("if") {
            self.identifier();
            self.skip_blank(Newlines::Blank)?;
            self.recorded(Role::Compared, |cursor| cursor.expression(Newlines::Blank))?;
            self.skip_blank(Newlines::Blank)?;
        }
        if !self.take(close) {
            return Err(self.expected(if close == "]" { "`]`" } else { "`}`" }));
        }
        Ok(self.opaque(start))
    }

    fn number(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        self.take("-");
        let complete = if self.take("0x") || self.take("0X") {
            !self.take_while(|byte| byte.is_ascii_hexdigit()).is_empty()
        } else {
            self.decimal()
        };
        if !complete || self.rest().starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return Err(self.error(start, ErrorKind::Expected("a number")));
        }
        let written = self.slice(start, self.pos).to_owned();
        Ok(Expr { kind: ExprKind::Number(written), span: self.span_from(start) })
    }

    /// Digits, fraction and exponent; whether each of them that was begun has a digit.
    pub(crate) fn decimal(&mut self) -> bool {
        let digits = |cursor: &mut Self| !cursor.take_while(|byte| byte.is_ascii_digit()).is_empty();
        let mut complete = digits(self);
        if self.take(".") {
            complete &= digits(self);
        }
        if self.take("e") || self.take("E") {
            let _sign = self.take("+") || self.take("-");
            complete &= digits(self);
        }
        complete
    }

    fn word(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        let kind = match self.identifier() {
            "" => return Err(self.expected("a value")),
            "null" => ExprKind::Null,
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            _ => ExprKind::Opaque,
        };
        while self.take("::") {
            if self.identifier().is_empty() {
                return Err(self.expected("a function's name"));
            }
        }
        Ok(Expr { kind, span: self.span_from(start) })
    }

    fn opaque(&self, start: usize) -> Expr {
        Expr { kind: ExprKind::Opaque, span: Span { start, end: self.pos } }
    }
}

fn compares(operator: &str) -> bool {
    matches!(operator, "==" | "!=" | "<=" | ">=" | "<" | ">" | "&&" | "||")
}

/// Whether what stands before the operator is compared, or is a condition.
fn decides(operator: &str) -> bool {
    operator == "?" || compares(operator)
}

fn begins_name(source: &str) -> bool {
    source.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// One text if nothing is interpolated.
fn text_or_template(mut parts: Vec<TemplatePart>) -> ExprKind {
    match parts.as_mut_slice() {
        [] => ExprKind::String(String::new()),
        [TemplatePart::Literal(text, _)] => ExprKind::String(std::mem::take(text)),
        _ => ExprKind::Template(parts),
    }
}
