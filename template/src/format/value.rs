//! A value by a verb.

use super::{Spec, number, pad, quote};
use crate::error::{ErrorKind, Outcome};
use crate::limits::VALUE_DEPTH;
use crate::secret;
use crate::text::{Sink, runes};
use crate::time;
use crate::value::{List, Map, Nil, Value};

pub(super) fn write(sink: &mut Sink, value: &Value, spec: Spec, depth: u32) -> Outcome<()> {
    if depth > VALUE_DEPTH {
        return Err(ErrorKind::TooDeep { limit: VALUE_DEPTH });
    }
    if spec.verb == 'T' {
        return pad(sink, value.type_name().as_bytes(), spec);
    }
    match value {
        Value::Nil(Nil::Pointer(name)) if spec.sharp_v => {
            pad(sink, format!("({name})(nil)").as_bytes(), spec)
        }
        Value::Nil(Nil::Pointer(_)) if spec.verb == 'v' => pad(sink, b"<nil>", spec),
        Value::Nil(_) if spec.verb != 'v' && depth == 0 => bad_verb(sink, value, spec, depth),
        Value::Nil(_) if spec.sharp_v && depth > 0 => sink.push_str("interface {}(nil)"),
        Value::Nil(_) if depth > 0 => sink.push_str("<nil>"),
        Value::Nil(_) => pad(sink, b"<nil>", spec),
        Value::Bool(it) => match spec.verb {
            't' | 'v' => pad(sink, if *it { "true" } else { "false" }.as_bytes(), spec),
            _ => bad_verb(sink, value, spec, depth),
        },
        Value::Int(it, _) => {
            if number::integer(sink, it.unsigned_abs(), *it < 0, spec, false)? {
                Ok(())
            } else {
                bad_verb(sink, value, spec, depth)
            }
        }
        Value::Uint(it, _) => {
            if number::integer(sink, *it, false, spec, true)? {
                Ok(())
            } else {
                bad_verb(sink, value, spec, depth)
            }
        }
        Value::Float(it) => {
            if number::float(sink, *it, spec)? {
                Ok(())
            } else {
                bad_verb(sink, value, spec, depth)
            }
        }
        Value::Text(it) | Value::Number(it) => text(sink, it.bytes(), value, spec, depth),
        Value::List(it) => list(sink, value, it, spec, depth),
        Value::Map(it) => map(sink, value, it, spec, depth),
        Value::Time(seconds, nanos) => {
            let text = time::format(*seconds, *nanos, &"2006-01-02 15:04:05.999999999 -0700 MST".into())?;
            self::text(sink, text.bytes(), value, spec, depth)
        }
        Value::Certificate(_) => write_struct(sink, value, spec, depth),
        // An address of Go's memory. Nobody can want it, so that any will do.
        Value::Loop(..) | Value::Scratch(_) => pad(sink, b"0xc000000000", spec),
        Value::Secret(_) | Value::Auth(_) | Value::WrapInfo(_) if depth > 0 => {
            pad(sink, b"0xc000000000", spec)
        }
        Value::Secret(_) | Value::Auth(_) | Value::WrapInfo(_) => {
            sink.push_str("&")?;
            write_struct(sink, value, spec, depth)
        }
    }
}

/// A struct without the `&` of a pointer to it.
pub(super) fn write_struct(sink: &mut Sink, value: &Value, spec: Spec, depth: u32) -> Outcome<()> {
    if spec.sharp_v {
        sink.push_str(value.type_name().trim_start_matches('*'))?;
    }
    sink.push_str("{")?;
    for (at, (name, field)) in secret::fields(value).unwrap_or_default().into_iter().enumerate() {
        if at > 0 {
            sink.push_str(if spec.sharp_v { ", " } else { " " })?;
        }
        if spec.plus_v || spec.sharp_v {
            sink.push_str(name)?;
            sink.push_str(":")?;
        }
        write(sink, &field, spec, depth + 1)?;
    }
    sink.push_str("}")
}

fn text(sink: &mut Sink, bytes: &[u8], value: &Value, spec: Spec, depth: u32) -> Outcome<()> {
    let cut = |bytes: &[u8]| -> usize {
        spec.precision.map_or(bytes.len(), |most| runes(bytes).take(most).map(|(_, piece)| piece.len()).sum())
    };
    match spec.verb {
        'v' if spec.sharp_v => {
            let mut quoted = Sink::new();
            quote::quoted(&mut quoted, bytes, false)?;
            pad(sink, quoted.bytes(), spec)
        }
        's' | 'v' => pad(sink, bytes.get(..cut(bytes)).unwrap_or_default(), spec),
        'q' => {
            let bytes = bytes.get(..cut(bytes)).unwrap_or_default();
            let mut quoted = Sink::new();
            if spec.sharp && quote::can_be_raw(bytes) {
                quoted.push_str("`")?;
                quoted.push(bytes)?;
                quoted.push_str("`")?;
            } else {
                quote::quoted(&mut quoted, bytes, spec.plus)?;
            }
            pad(sink, quoted.bytes(), spec)
        }
        'x' | 'X' => {
            let upper = spec.verb == 'X';
            let bytes =
                bytes.get(..spec.precision.unwrap_or(bytes.len()).min(bytes.len())).unwrap_or_default();
            let prefix = if upper { "0X" } else { "0x" };
            let mut hex = Sink::new();
            for (at, it) in bytes.iter().enumerate() {
                if at > 0 && spec.space {
                    hex.push_str(" ")?;
                }
                if spec.sharp && (at == 0 || spec.space) {
                    hex.push_str(prefix)?;
                }
                hex.push_str(&if upper { format!("{it:02X}") } else { format!("{it:02x}") })?;
            }
            pad(sink, hex.bytes(), spec)
        }
        _ => bad_verb(sink, value, spec, depth),
    }
}

fn list(sink: &mut Sink, value: &Value, list: &List, spec: Spec, depth: u32) -> Outcome<()> {
    if spec.sharp_v {
        sink.push_str(value.type_name())?;
        if list.is_nil {
            return sink.push_str("(nil)");
        }
    }
    sink.push_str(if spec.sharp_v { "{" } else { "[" })?;
    for (at, it) in list.items.iter().enumerate() {
        if at > 0 {
            sink.push_str(if spec.sharp_v { ", " } else { " " })?;
        }
        write(sink, it, spec, depth + 1)?;
    }
    sink.push_str(if spec.sharp_v { "}" } else { "]" })
}

fn map(sink: &mut Sink, value: &Value, map: &Map, spec: Spec, depth: u32) -> Outcome<()> {
    if spec.sharp_v {
        sink.push_str(value.type_name())?;
        if map.is_nil {
            return sink.push_str("(nil)");
        }
    }
    sink.push_str(if spec.sharp_v { "{" } else { "map[" })?;
    for (at, (key, it)) in map.entries.borrow().iter().enumerate() {
        if at > 0 {
            sink.push_str(if spec.sharp_v { ", " } else { " " })?;
        }
        write(sink, &key.value(), spec, depth + 1)?;
        sink.push_str(":")?;
        write(sink, it, spec, depth + 1)?;
    }
    sink.push_str(if spec.sharp_v { "}" } else { "]" })
}

/// `%!d(string=a)`.
fn bad_verb(sink: &mut Sink, value: &Value, spec: Spec, depth: u32) -> Outcome<()> {
    sink.push_str("%!")?;
    sink.push_char(spec.verb)?;
    sink.push_str("(")?;
    if value.is_absent() {
        sink.push_str("<nil>")?;
    } else {
        sink.push_str(value.type_name())?;
        sink.push_str("=")?;
        write(sink, value, Spec { verb: 'v', ..spec }, depth)?;
    }
    sink.push_str(")")
}
