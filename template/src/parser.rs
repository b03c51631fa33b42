//! From tokens to a tree.
//!
//! Names are checked here: of functions, and of variables as far as their scope is seen from the text. Whether the
//! called templates exist shows when they are called, as in Go.

use std::collections::BTreeMap;

use crate::Options;
use crate::ast::{Branch, Command, Node, NodeKind, Operand, OperandKind, Pipe, Tree};
use crate::error::ErrorKind;
use crate::functions;
use crate::lexer::{Kind, Token, tokens};
use crate::limits::NESTING;
use crate::number::Number;

type Wrong = (usize, ErrorKind);
type Parsed<T> = Result<T, Wrong>;

pub(crate) fn parse(source: &str, options: &Options) -> Parsed<Tree> {
    let tokens = tokens(source, &options.delimiters)?;
    let mut parser = Parser {
        tokens,
        denied: &options.denied,
        next: 0,
        scope: vec!["$".to_owned()],
        templates: BTreeMap::new(),
        loops: 0,
        nesting: 0,
    };
    let mut nodes = Vec::new();
    loop {
        if parser.peek().kind == Kind::End {
            break;
        }
        if parser.opens("define") {
            parser.define()?;
            continue;
        }
        match parser.node()? {
            Item::Node(node) => nodes.push(node),
            Item::Closing(closing) => {
                return Err((closing.at, ErrorKind::Syntax("an else or end that belongs to nothing")));
            }
        }
    }
    parser.add(String::new(), nodes, 0)?;
    Ok(Tree { templates: parser.templates })
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    denied: &'a [String],
    next: usize,
    scope: Vec<String>,
    templates: BTreeMap<String, Vec<Node>>,
    /// How many `range` are open.
    loops: u32,
    nesting: u32,
}

enum Item {
    Node(Node),
    Closing(Closing),
}

/// `{{end}}`, or `{{else}}` whose action is read on by who opened the block.
struct Closing {
    at: usize,
    is_else: bool,
}

/// What a pipeline is read for.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Purpose {
    Command,
    Parentheses,
    Range,
}

const END: Token<'static> = Token { kind: Kind::End, text: "", at: usize::MAX };

impl<'a> Parser<'a> {
    fn peek_at(&self, ahead: usize) -> Token<'a> {
        self.tokens.get(self.next + ahead).copied().unwrap_or(Token { at: self.end(), ..END })
    }

    fn end(&self) -> usize {
        self.tokens.last().map_or(0, |it| it.at)
    }

    fn peek(&self) -> Token<'a> {
        self.peek_at(0)
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn skip_space(&mut self) {
        while self.peek().kind == Kind::Space {
            self.next += 1;
        }
    }

    fn fail<T>(&self, why: &'static str) -> Parsed<T> {
        Err((self.peek().at.min(self.end()), ErrorKind::Syntax(why)))
    }

    fn expect(&mut self, kind: Kind, why: &'static str) -> Parsed<Token<'a>> {
        self.skip_space();
        if self.peek().kind == kind { Ok(self.take()) } else { self.fail(why) }
    }

    /// Whether an action with this word stands here.
    fn opens(&self, word: &str) -> bool {
        let skipped = usize::from(self.peek_at(1).kind == Kind::Space);
        let token = self.peek_at(1 + skipped);
        self.peek().kind == Kind::LeftDelimiter && token.kind == Kind::Word && token.text == word
    }

    fn add(&mut self, name: String, nodes: Vec<Node>, at: usize) -> Parsed<()> {
        let old = self.templates.get(&name);
        if old.is_none_or(|it| is_empty(it)) {
            self.templates.insert(name, nodes);
        } else if !is_empty(&nodes) {
            return Err((at, ErrorKind::Syntax("a template that is defined twice")));
        }
        Ok(())
    }

    // ---------------------------------------------------------------- nodes

    fn define(&mut self) -> Parsed<()> {
        let at = self.take().at;
        self.skip_space();
        self.take();
        let name = self.template_name()?;
        self.expect(Kind::RightDelimiter, "a define takes a name and nothing else")?;
        self.template(name, at)
    }

    /// The body of `define` or `block`, with variables and loops of its own.
    fn template(&mut self, name: String, at: usize) -> Parsed<()> {
        let scope = std::mem::replace(&mut self.scope, vec!["$".to_owned()]);
        let loops = std::mem::take(&mut self.loops);
        let (nodes, closing) = self.list()?;
        if closing.is_else {
            return Err((closing.at, ErrorKind::Syntax("an else that belongs to nothing")));
        }
        self.scope = scope;
        self.loops = loops;
        self.add(name, nodes, at)
    }

    fn template_name(&mut self) -> Parsed<String> {
        self.skip_space();
        let token = self.take();
        let name = match token.kind {
            Kind::Text | Kind::RawText => unquote(token.text),
            _ => None,
        };
        name.and_then(|it| String::from_utf8(it).ok())
            .ok_or((token.at, ErrorKind::Syntax("the name of a template is a string")))
    }

    /// Nodes up to `{{end}}` or `{{else`.
    fn list(&mut self) -> Parsed<(Vec<Node>, Closing)> {
        self.nesting += 1;
        if self.nesting > NESTING {
            return Err((self.peek().at, ErrorKind::TooDeep { limit: NESTING }));
        }
        let mut nodes = Vec::new();
        loop {
            if self.peek().kind == Kind::End {
                return self.fail("a block without its end");
            }
            match self.node()? {
                Item::Node(node) => nodes.push(node),
                Item::Closing(closing) => {
                    self.nesting -= 1;
                    return Ok((nodes, closing));
                }
            }
        }
    }

    fn node(&mut self) -> Parsed<Item> {
        let token = self.peek();
        if token.kind == Kind::Outside {
            self.next += 1;
            return Ok(Item::Node(Node { at: token.at, kind: NodeKind::Text(token.text.to_owned()) }));
        }
        self.expect(Kind::LeftDelimiter, "text or an action belongs here")?;
        self.skip_space();
        let at = self.peek().at;
        let word = if self.peek().kind == Kind::Word { self.peek().text } else { "" };
        let kind = match word {
            "block" => self.block()?,
            "break" | "continue" => self.leave_loop(word == "break")?,
            "define" => return self.fail("a define belongs to the outermost level"),
            "else" | "end" => {
                self.next += 1;
                if word == "end" {
                    self.expect(Kind::RightDelimiter, "an end takes nothing")?;
                }
                return Ok(Item::Closing(Closing { at, is_else: word == "else" }));
            }
            "if" => NodeKind::If(self.branch("if")?),
            "range" => NodeKind::Range(self.branch("range")?),
            "template" => {
                self.next += 1;
                let name = self.template_name()?;
                NodeKind::Template { name, argument: self.optional_pipe()? }
            }
            "with" => NodeKind::With(self.branch("with")?),
            _ => NodeKind::Action(self.pipe(Purpose::Command)?),
        };
        Ok(Item::Node(Node { at, kind }))
    }

    fn optional_pipe(&mut self) -> Parsed<Option<Pipe>> {
        self.skip_space();
        if self.peek().kind == Kind::RightDelimiter {
            self.next += 1;
            return Ok(None);
        }
        self.pipe(Purpose::Command).map(Some)
    }

    fn block(&mut self) -> Parsed<NodeKind> {
        let at = self.take().at;
        let name = self.template_name()?;
        let argument = self.pipe(Purpose::Command)?;
        self.template(name.clone(), at)?;
        Ok(NodeKind::Template { name, argument: Some(argument) })
    }

    fn leave_loop(&mut self, breaks: bool) -> Parsed<NodeKind> {
        self.next += 1;
        if self.loops == 0 {
            return self.fail("break and continue belong into a range");
        }
        self.expect(Kind::RightDelimiter, "break and continue take nothing")?;
        Ok(if breaks { NodeKind::Break } else { NodeKind::Continue })
    }

    /// From the word of `if`, `range` or `with` to its end.
    fn branch(&mut self, word: &str) -> Parsed<Branch> {
        self.next += 1;
        let scope = self.scope.len();
        let pipe = self.pipe(if word == "range" { Purpose::Range } else { Purpose::Command })?;
        self.loops += u32::from(word == "range");
        let (body, closing) = self.list()?;
        self.loops -= u32::from(word == "range");
        let otherwise = if closing.is_else { Some(self.otherwise(word)?) } else { None };
        self.scope.truncate(scope);
        Ok(Branch { pipe, body, otherwise })
    }

    /// Behind `{{else`: `if` and `with` may go on in the same action, and share the end.
    fn otherwise(&mut self, word: &str) -> Parsed<Vec<Node>> {
        self.skip_space();
        let next = self.peek();
        if word != "range" && next.kind == Kind::Word && next.text == word {
            self.nesting += 1;
            if self.nesting > NESTING {
                return Err((next.at, ErrorKind::TooDeep { limit: NESTING }));
            }
            let branch = self.branch(word)?;
            self.nesting -= 1;
            let kind = if word == "if" { NodeKind::If(branch) } else { NodeKind::With(branch) };
            return Ok(vec![Node { at: next.at, kind }]);
        }
        self.expect(Kind::RightDelimiter, "an else takes nothing")?;
        let (nodes, closing) = self.list()?;
        if closing.is_else {
            return Err((closing.at, ErrorKind::Syntax("a second else")));
        }
        Ok(nodes)
    }

    // ------------------------------------------------------------ pipelines

    /// A pipeline and what ends it.
    fn pipe(&mut self, purpose: Purpose) -> Parsed<Pipe> {
        self.skip_space();
        let at = self.peek().at;
        let (variables, assigns) = self.declaration(purpose)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            self.skip_space();
            let token = self.peek();
            let ends = if purpose == Purpose::Parentheses { Kind::RightParen } else { Kind::RightDelimiter };
            if token.kind == ends {
                self.next += 1;
                break;
            }
            let command = self.command()?;
            let constant = matches!(
                command.first.kind,
                OperandKind::Bool(_)
                    | OperandKind::Dot
                    | OperandKind::Nil
                    | OperandKind::Number(_)
                    | OperandKind::Text(_)
            );
            if constant && !commands.is_empty() {
                return Err((
                    command.first.at,
                    ErrorKind::Syntax("only a function or a field can take what is piped"),
                ));
            }
            commands.push(command);
        }
        if commands.is_empty() {
            return Err((at, ErrorKind::Syntax("an action without a value")));
        }
        Ok(Pipe { at, assigns, variables, commands })
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    fn declaration(&mut self, purpose: Purpose) -> Parsed<(Vec<String>, bool)> {
        let start = self.next;
        let mut names = Vec::new();
        loop {
            self.skip_space();
            let token = self.peek();
            if token.kind != Kind::Variable {
                break;
            }
            self.next += 1;
            names.push(token.text.to_owned());
            self.skip_space();
            match self.peek().kind {
                Kind::Comma if purpose == Purpose::Range && names.len() == 1 => self.next += 1,
                Kind::Comma => return self.fail("too many variables"),
                kind @ (Kind::Declare | Kind::Assign) => {
                    self.next += 1;
                    let assigns = kind == Kind::Assign;
                    for name in &names {
                        if !assigns {
                            self.scope.push(name.clone());
                        } else if !self.scope.contains(name) {
                            return Err((token.at, ErrorKind::UnknownVariable(name.clone())));
                        }
                    }
                    return Ok((names, assigns));
                }
                // `{{range $a, $b}}` declares without a value, which is an error of its own.
                _ => break,
            }
        }
        if names.len() > 1 {
            return self.fail("two variables without a value");
        }
        self.next = start;
        Ok((Vec::new(), false))
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut operands = Vec::new();
        loop {
            self.skip_space();
            if let Some(operand) = self.operand()? {
                operands.push(operand);
            }
            let token = self.peek();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelimiter | Kind::RightParen => break,
                Kind::Pipe => {
                    self.next += 1;
                    break;
                }
                Kind::End => return self.fail("an action without an end"),
                _ => return self.fail("an operand does not belong here"),
            }
        }
        if operands.is_empty() {
            return self.fail("an empty command");
        }
        let first = operands.remove(0);
        Ok(Command { first, arguments: operands })
    }

    /// A term and the fields that hang on it.
    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let Some(mut operand) = self.term()? else {
            return Ok(None);
        };
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            fields.push(self.take().text.trim_start_matches('.').to_owned());
        }
        if fields.is_empty() {
            return Ok(Some(operand));
        }
        match &mut operand.kind {
            OperandKind::Field(all) | OperandKind::Variable(_, all) => all.append(&mut fields),
            OperandKind::Function(_) | OperandKind::Pipe(_) | OperandKind::Chain(..) => {
                let at = operand.at;
                operand = Operand { at, kind: OperandKind::Chain(Box::new(operand), fields) };
            }
            _ => return self.fail("a constant has no fields"),
        }
        Ok(Some(operand))
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let token = self.peek();
        let at = token.at;
        let wrong = |why| (at, ErrorKind::Syntax(why));
        let kind = match token.kind {
            Kind::Word => match token.text {
                "true" => OperandKind::Bool(true),
                "false" => OperandKind::Bool(false),
                "nil" => OperandKind::Nil,
                "block" | "break" | "continue" | "define" | "else" | "end" | "if" | "range" | "template"
                | "with" => {
                    return self.fail("a word of the language where an operand belongs");
                }
                name if self.denied.iter().any(|it| it == name) => {
                    return Err((at, ErrorKind::NotAllowed { function: name.to_owned() }));
                }
                name if functions::find(name).is_some() => OperandKind::Function(name.to_owned()),
                name => return Err((at, ErrorKind::UnknownFunction(name.to_owned()))),
            },
            Kind::Dot => OperandKind::Dot,
            Kind::Variable => {
                if !self.scope.iter().any(|it| it == token.text) {
                    return Err((at, ErrorKind::UnknownVariable(token.text.to_owned())));
                }
                OperandKind::Variable(token.text.to_owned(), Vec::new())
            }
            Kind::Field => OperandKind::Field(vec![token.text.trim_start_matches('.').to_owned()]),
            Kind::Number => OperandKind::Number(Number::literal(token.text).ok_or(wrong("not a number"))?),
            Kind::Char => {
                OperandKind::Number(Number::char(character(token.text).ok_or(wrong("not a character"))?))
            }
            Kind::Text | Kind::RawText => {
                OperandKind::Text(unquote(token.text).ok_or(wrong("a string with a wrong escape"))?)
            }
            Kind::LeftParen => {
                self.next += 1;
                self.nesting += 1;
                if self.nesting > NESTING {
                    return Err((at, ErrorKind::TooDeep { limit: NESTING }));
                }
                let pipe = self.pipe(Purpose::Parentheses)?;
                self.nesting -= 1;
                return Ok(Some(Operand { at, kind: OperandKind::Pipe(Box::new(pipe)) }));
            }
            _ => return Ok(None),
        };
        self.next += 1;
        Ok(Some(Operand { at, kind }))
    }
}

/// Blanks alone: such a template may be defined again.
fn is_empty(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| matches!(&node.kind, NodeKind::Text(text) if text.trim().is_empty()))
}

/// The bytes of a string literal with its quotes. None for a wrong escape.
fn unquote(text: &str) -> Option<Vec<u8>> {
    if let Some(raw) = text.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.replace('\r', "").into_bytes());
    }
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(first) = rest.chars().next() {
        if first != '\\' {
            bytes.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
            rest = rest.get(first.len_utf8()..)?;
            continue;
        }
        let (escape, after) = escape(rest, '"')?;
        match escape {
            Escape::Byte(it) => bytes.push(it),
            Escape::Char(it) => bytes.extend_from_slice(it.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = after;
    }
    Some(bytes)
}

/// The code point of a character literal with its quotes.
fn character(text: &str) -> Option<u32> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let (value, rest) = if inner.starts_with('\\') {
        let (escape, rest) = escape(inner, '\'')?;
        match escape {
            Escape::Byte(it) => (u32::from(it), rest),
            Escape::Char(it) => (u32::from(it), rest),
        }
    } else {
        let first = inner.chars().next()?;
        (u32::from(first), inner.get(first.len_utf8()..)?)
    };
    rest.is_empty().then_some(value)
}

enum Escape {
    Byte(u8),
    Char(char),
}

/// The escape at the start of `text`, and what is behind it.
fn escape(text: &str, quote: char) -> Option<(Escape, &str)> {
    let kind = text.get(1..)?.chars().next()?;
    let rest = text.get(1 + kind.len_utf8()..)?;
    let simple = |it: char| Some((Escape::Char(it), rest));
    match kind {
        'a' => simple('\x07'),
        'b' => simple('\x08'),
        'f' => simple('\x0c'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\x0b'),
        '\\' => simple('\\'),
        it if it == quote => simple(it),
        'x' => Some((Escape::Byte(u8::from_str_radix(rest.get(..2)?, 16).ok()?), rest.get(2..)?)),
        'u' => Some((
            Escape::Char(char::from_u32(u32::from_str_radix(rest.get(..4)?, 16).ok()?)?),
            rest.get(4..)?,
        )),
        'U' => Some((
            Escape::Char(char::from_u32(u32::from_str_radix(rest.get(..8)?, 16).ok()?)?),
            rest.get(8..)?,
        )),
        '0'..='7' => {
            let value = u16::from_str_radix(text.get(1..4)?, 8).ok()?;
            Some((Escape::Byte(u8::try_from(value).ok()?), text.get(4..)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wrong(source: &str) {
        assert!(parse(source, &Options::default()).is_err(), "{source}");
    }

    #[track_caller]
    fn right(source: &str) {
        assert!(parse(source, &Options::default()).is_ok(), "{source}");
    }

    #[test]
    fn a_function_may_be_denied() {
        let denied = Options { denied: vec!["toUpper".to_owned()], ..Options::default() };
        assert!(parse("{{ \"a\" | toLower }}", &denied).is_ok());
        assert!(parse("{{ if false }}{{ toUpper \"a\" }}{{ end }}", &denied).is_err());
    }

    #[test]
    fn blocks_close_and_nest() {
        right("{{ if true }}a{{ else if false }}b{{ else }}c{{ end }}");
        right("{{ with 1 }}a{{ else with 2 }}b{{ end }}");
        right("{{ range $i, $x := loop 3 }}{{ if $i }}{{ continue }}{{ end }}{{ break }}{{ else }}{{ end }}");
        right("{{ define \"a\" }}{{ end }}{{ block \"b\" . }}{{ end }}{{ template \"a\" }}");
        for source in [
            "{{ if true }}",
            "{{ end }}",
            "{{ else }}",
            "{{ if true }}{{ else }}{{ else }}{{ end }}",
            "{{ break }}",
            "{{ if }}{{ end }}",
        ] {
            wrong(source);
        }
        wrong("{{ if true }}{{ define \"a\" }}{{ end }}{{ end }}");
        wrong("{{ define \"a\" }}1{{ end }}{{ define \"a\" }}2{{ end }}");
        right("{{ define \"a\" }} {{ end }}{{ define \"a\" }}2{{ end }}");
    }

    #[test]
    fn variables_live_in_their_block() {
        right("{{ $x := 1 }}{{ if $x }}{{ $x = 2 }}{{ end }}{{ $x }}");
        wrong("{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}");
        wrong("{{ $x = 1 }}");
        wrong("{{ $x, $y := 1 }}");
        wrong("{{ define \"a\" }}{{ $x }}{{ end }}{{ $x := 1 }}");
    }

    #[test]
    fn pipelines_end_in_something_that_can_take_a_value() {
        right("{{ 1 | printf \"%d\" | len }}");
        right("{{ (printf \"%d\" 1).x }}");
        for source in [
            "{{ }}",
            "{{ 1 | 2 }}",
            "{{ | len }}",
            "{{ nothing 1 }}",
            "{{ 1.x }}",
            "{{ \"a\".x }}",
            "{{ .a.(b) }}",
            "{{ \"\\q\" }}",
            "{{ () }}",
        ] {
            wrong(source);
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let many = 100_000;
        wrong(&format!("{{{{ {}1{} }}}}", "(".repeat(many), ")".repeat(many)));
        wrong(&"{{ if 1 }}".repeat(many));
        wrong(&format!("{{{{ if 1 }}}}{}", "{{ else if 1 }}".repeat(many)));
    }

    #[test]
    fn literals_are_unquoted_as_in_go() {
        assert_eq!(unquote(r#""a\n\x41\101é\"""#), Some("a\nAAé\"".as_bytes().to_vec()));
        assert_eq!(unquote("`a\\n`"), Some(b"a\\n".to_vec()));
        assert_eq!(unquote(r#""\'""#), None);
        assert_eq!(character("'a'"), Some(97));
        assert_eq!(character(r"'\''"), Some(39));
        assert_eq!(character("'ab'"), None);
    }
}
