//! `print`, `println`, `printf` and what an action writes: Go's `fmt`.

mod number;
mod quote;
mod value;

pub(crate) use quote::{is_print, quoted};

use crate::error::{ErrorKind, Outcome, refuse};
use crate::text::{Sink, Text, runes};
use crate::value::{Kind, Nil, Value};

/// What stands between `%` and the verb, and the verb.
#[derive(Clone, Copy, Default)]
struct Spec {
    verb: char,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// `%+v` and `%#v` mean something of their own.
    plus_v: bool,
    sharp_v: bool,
}

const PLAIN: Spec = Spec {
    verb: 'v',
    minus: false,
    plus: false,
    sharp: false,
    space: false,
    zero: false,
    width: None,
    precision: None,
    plus_v: false,
    sharp_v: false,
};

/// The widest field and the longest precision, as in Go.
const MOST: usize = 1_000_000;

/// What an action writes: pointers are followed, nothing is `<no value>`.
pub(crate) fn print(value: &Value, sink: &mut Sink) -> Outcome<()> {
    match value {
        Value::Nil(Nil::Absent | Nil::Any) => sink.push_str("<no value>"),
        Value::Loop(..) => Err(ErrorKind::NotPrintable(value.type_name())),
        Value::Secret(_) | Value::Auth(_) | Value::WrapInfo(_) => value::write_struct(sink, value, PLAIN, 0),
        _ => value::write(sink, value, PLAIN, 0),
    }
}

/// `print`: a blank stands between two that are no strings.
pub(crate) fn sprint(values: &[Value]) -> Outcome<Text> {
    let mut sink = Sink::new();
    let mut after_text = true;
    for (at, it) in values.iter().enumerate() {
        let is_text = it.kind() == Kind::Text;
        if at > 0 && !is_text && !after_text {
            sink.push_str(" ")?;
        }
        value::write(&mut sink, it, PLAIN, 0)?;
        after_text = is_text;
    }
    Ok(sink.text())
}

/// `println`.
pub(crate) fn sprintln(values: &[Value]) -> Outcome<Text> {
    let mut sink = Sink::new();
    for (at, it) in values.iter().enumerate() {
        if at > 0 {
            sink.push_str(" ")?;
        }
        value::write(&mut sink, it, PLAIN, 0)?;
    }
    sink.push_str("\n")?;
    Ok(sink.text())
}

/// One value as `%v` writes it.
pub(crate) fn plain(value: &Value) -> Outcome<Text> {
    match value {
        Value::Text(it) => Ok(it.clone()),
        _ => sprint(std::slice::from_ref(value)),
    }
}

/// `printf`. What does not fit is told in the text, in Go's manner, and is no error.
pub(crate) fn sprintf(format: &Text, values: &[Value]) -> Outcome<Text> {
    let mut printer = Printer {
        rest: format.bytes(),
        values,
        next: 0,
        reordered: false,
        good_index: true,
        sink: Sink::new(),
    };
    while let Some(at) = printer.rest.iter().position(|it| *it == b'%') {
        let (before, rest) = printer.rest.split_at(at);
        printer.sink.push(before)?;
        printer.rest = rest.get(1..).unwrap_or_default();
        printer.directive()?;
    }
    printer.sink.push(printer.rest)?;
    printer.extra()?;
    Ok(printer.sink.text())
}

struct Printer<'a> {
    rest: &'a [u8],
    values: &'a [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
    sink: Sink,
}

impl Printer<'_> {
    /// From behind the `%` to behind the verb.
    fn directive(&mut self) -> Outcome<()> {
        let mut spec = PLAIN;
        self.good_index = true;
        while let Some(flag) = self.rest.first() {
            match flag {
                b'#' => spec.sharp = true,
                b'0' => spec.zero = true,
                b'+' => spec.plus = true,
                b'-' => spec.minus = true,
                b' ' => spec.space = true,
                _ => break,
            }
            self.skip(1);
        }
        let mut after_index = self.index();
        if self.rest.first() == Some(&b'*') {
            self.skip(1);
            match self.star() {
                Some(width) => {
                    spec.minus |= width < 0;
                    spec.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => self.sink.push_str("%!(BADWIDTH)")?,
            }
            after_index = false;
        } else {
            spec.width = self.count()?;
            // `%[3]2d` is wrong.
            if after_index && spec.width.is_some() {
                self.good_index = false;
            }
        }
        if self.rest.first() == Some(&b'.') {
            self.skip(1);
            if after_index {
                self.good_index = false;
            }
            after_index = self.index();
            if self.rest.first() == Some(&b'*') {
                self.skip(1);
                match self.star() {
                    Some(precision) => spec.precision = usize::try_from(precision).ok(),
                    None => self.sink.push_str("%!(BADPREC)")?,
                }
                after_index = false;
            } else {
                spec.precision = Some(self.count()?.unwrap_or(0));
            }
        }
        if !after_index {
            self.index();
        }
        self.verb(spec)
    }

    fn verb(&mut self, mut spec: Spec) -> Outcome<()> {
        let Some((verb, piece)) = runes(self.rest).next() else {
            return self.sink.push_str("%!(NOVERB)");
        };
        self.skip(piece.len());
        let verb = verb.unwrap_or(char::REPLACEMENT_CHARACTER);
        spec.verb = verb;
        if verb == '%' {
            return self.sink.push_str("%");
        }
        let told = |sink: &mut Sink, what: &str| {
            sink.push_str("%!")?;
            sink.push_char(verb)?;
            sink.push_str(what)
        };
        if !self.good_index {
            return told(&mut self.sink, "(BADINDEX)");
        }
        let Some(value) = self.values.get(self.next) else {
            return told(&mut self.sink, "(MISSING)");
        };
        self.next += 1;
        if verb == 'v' {
            spec.sharp_v = std::mem::take(&mut spec.sharp);
            spec.plus_v = std::mem::take(&mut spec.plus);
        }
        value::write(&mut self.sink, value, spec, 0)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// A decimal count, as far as it goes.
    fn count(&mut self) -> Outcome<Option<usize>> {
        let digits = self.rest.iter().take_while(|it| it.is_ascii_digit()).count();
        let text = self.rest.get(..digits).and_then(|it| std::str::from_utf8(it).ok()).unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        let count = text.parse().ok().filter(|it| *it <= MOST);
        self.skip(digits);
        count.map_or_else(|| refuse("printf", "a width or precision that is too large"), |it| Ok(Some(it)))
    }

    /// A width or precision that is an argument.
    fn star(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        let given = match value {
            Value::Int(it, _) => Some(*it),
            Value::Uint(it, _) => i64::try_from(*it).ok(),
            _ => None,
        };
        given.filter(|it| it.unsigned_abs() <= MOST as u64)
    }

    /// `[n]`, which chooses the next argument; whether it stood here.
    fn index(&mut self) -> bool {
        if self.rest.first() != Some(&b'[') {
            return false;
        }
        self.reordered = true;
        let Some(end) = self.rest.iter().position(|it| *it == b']') else {
            self.good_index = false;
            self.skip(1);
            return false;
        };
        let text = self.rest.get(1..end).and_then(|it| std::str::from_utf8(it).ok());
        let index: Option<usize> = text.and_then(|it| it.parse().ok());
        self.skip(end + 1);
        match index.and_then(|it| it.checked_sub(1)).filter(|it| *it < self.values.len()) {
            Some(index) => self.next = index,
            None => self.good_index = false,
        }
        true
    }

    /// What was given and not asked for.
    fn extra(&mut self) -> Outcome<()> {
        let extra = self.values.get(self.next..).unwrap_or_default();
        if self.reordered || extra.is_empty() {
            return Ok(());
        }
        self.sink.push_str("%!(EXTRA ")?;
        for (at, it) in extra.iter().enumerate() {
            if at > 0 {
                self.sink.push_str(", ")?;
            }
            self.sink.push_str(it.type_name())?;
            if !it.is_absent() {
                self.sink.push_str("=")?;
                value::write(&mut self.sink, it, PLAIN, 0)?;
            }
        }
        self.sink.push_str(")")
    }
}

/// The text with its padding.
fn pad(sink: &mut Sink, text: &[u8], spec: Spec) -> Outcome<()> {
    let width = spec.width.unwrap_or(0).saturating_sub(runes(text).count());
    if spec.minus {
        sink.push(text)?;
        return sink.repeat(b" ", width);
    }
    sink.repeat(if spec.zero { b"0" } else { b" " }, width)?;
    sink.push(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Key, Uint};

    #[track_caller]
    fn check(format: &str, values: &[Value], expected: &str) {
        let found =
            sprintf(&format.into(), values).map(|it| String::from_utf8_lossy(it.bytes()).into_owned());
        assert_eq!(found, Ok(expected.to_owned()), "{format}");
    }

    fn map() -> Value {
        Value::map(
            [("b", Value::int(2)), ("a", Value::Nil(Nil::Any))]
                .into_iter()
                .map(|(key, it)| (Key::Text(key.into()), it))
                .collect(),
        )
    }

    #[test]
    fn texts() {
        let text = Value::text("héllo");
        check(
            "%s|%8s|%-8s|%.2s",
            &[text.clone(), text.clone(), text.clone(), text.clone()],
            "héllo|   héllo|héllo   |hé",
        );
        check("%q %x %X", &[text.clone(), text.clone(), text], "\"héllo\" 68c3a96c6c6f 68C3A96C6C6F");
        check("%d", &[Value::text("a")], "%!d(string=a)");
        check("%d %s", &[Value::Number("5".into()), Value::Number("5".into())], "%!d(json.Number=5) 5");
    }

    // Rust's formatting ends at 65,535 digits, and with a panic.
    #[test]
    fn a_long_precision_is_filled_with_zeros() {
        let zeros = "0".repeat(80_001);
        check("%.80001f", &[Value::Float(1.5)], &format!("1.5{}", &zeros[1..]));
        check("%.80001e", &[Value::Float(1.5)], &format!("1.5{}e+00", &zeros[1..]));
        check("%.80001g|%.80001v", &[Value::Float(1.5), Value::Float(1.0)], "1.5|1");
    }

    #[test]
    fn numbers() {
        check(
            "%d|%5d|%-5d|%05d|%+d|%x|%#x|%o|%b|%c|%q|%U",
            &(0..12).map(|_| Value::int(65)).collect::<Vec<_>>(),
            "65|   65|65   |00065|+65|41|0x41|101|1000001|A|'A'|U+0041",
        );
        check(
            "%v|%.2f|%8.3f|%e|%g|%f",
            &(0..6).map(|_| Value::Float(3.5)).collect::<Vec<_>>(),
            "3.5|3.50|   3.500|3.500000e+00|3.5|3.500000",
        );
        check("%s %t", &[Value::int(1), Value::Bool(true)], "%!s(int=1) true");
        check("%#v %v", &[Value::Uint(65, Uint::Uint8), Value::Uint(65, Uint::Uint8)], "0x41 65");
        check(
            "%06d|%6.2f|%+.1e",
            &[Value::int(-12), Value::Float(-1.0), Value::Float(12345.0)],
            "-00012| -1.00|+1.2e+04",
        );
    }

    #[test]
    fn nothing_lists_and_maps() {
        check("%v %s %T", &[Value::ABSENT, Value::ABSENT, Value::ABSENT], "<nil> %!s(<nil>) <nil>");
        check(
            "%v %+v %#v",
            &[map(), map(), map()],
            "map[a:<nil> b:2] map[a:<nil> b:2] map[string]interface {}{\"a\":interface {}(nil), \"b\":2}",
        );
        let list = Value::texts(["x".into(), "y z".into()]);
        check(
            "%v %q %s %#v %T",
            &[list.clone(), list.clone(), list.clone(), list.clone(), list],
            "[x y z] [\"x\" \"y z\"] [x y z] []string{\"x\", \"y z\"} []string",
        );
    }

    #[test]
    fn what_does_not_fit_is_told() {
        check("%d", &[], "%!d(MISSING)");
        check("a", &[Value::int(1), Value::ABSENT], "a%!(EXTRA int=1, <nil>)");
        check("%", &[], "%!(NOVERB)");
        check("100%% %z", &[Value::int(1)], "100% %!z(int=1)");
        check("%[2]d %[1]d", &[Value::int(1), Value::int(2)], "2 1");
        check("%[3]d", &[Value::int(1)], "%!d(BADINDEX)");
        check(
            "%*d|%-*d|%.*f",
            &[Value::int(4), Value::int(1), Value::int(4), Value::int(1), Value::int(1), Value::Float(2.0)],
            "   1|1   |2.0",
        );
    }

    #[test]
    fn blanks_stand_between_what_is_no_text() {
        let found =
            |values: &[Value]| sprint(values).map(|it| String::from_utf8_lossy(it.bytes()).into_owned());
        assert_eq!(
            found(&[Value::int(1), Value::int(2), Value::text("a"), Value::int(3)]),
            Ok("1 2a3".to_owned())
        );
        assert_eq!(found(&[Value::text("a"), Value::text("b")]), Ok("ab".to_owned()));
    }
}
