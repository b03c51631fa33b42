//! Integers and floats by a verb. Each answers whether the verb is one for it.

use super::{Spec, pad, quote};
use crate::error::{Outcome, refuse};
use crate::number::format_float;
use crate::text::Sink;

pub(super) fn integer(
    sink: &mut Sink,
    magnitude: u64,
    negative: bool,
    spec: Spec,
    unsigned: bool,
) -> Outcome<bool> {
    let digits = match spec.verb {
        'v' if spec.sharp_v && unsigned => format!("{magnitude:x}"),
        'v' | 'd' => magnitude.to_string(),
        'b' => format!("{magnitude:b}"),
        'o' | 'O' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        'c' => {
            let it = u32::try_from(magnitude).ok().filter(|_| !negative).and_then(char::from_u32);
            pad(sink, it.unwrap_or(char::REPLACEMENT_CHARACTER).to_string().as_bytes(), spec)?;
            return Ok(true);
        }
        'q' => {
            let it = u32::try_from(magnitude).ok().filter(|_| !negative).and_then(char::from_u32);
            let mut quoted = Sink::new();
            quote::quoted_char(&mut quoted, it.unwrap_or(char::REPLACEMENT_CHARACTER), spec.plus)?;
            pad(sink, quoted.bytes(), spec)?;
            return Ok(true);
        }
        'U' => {
            pad(sink, format!("U+{magnitude:04X}").as_bytes(), Spec { zero: false, ..spec })?;
            return Ok(true);
        }
        _ => return Ok(false),
    };
    if spec.precision == Some(0) && magnitude == 0 {
        pad(sink, b"", Spec { zero: false, ..spec })?;
        return Ok(true);
    }
    let sign = match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    let prefix = match spec.verb {
        'O' => "0o",
        'v' if spec.sharp_v && unsigned => "0x",
        'b' if spec.sharp => "0b",
        'o' if spec.sharp && !digits.starts_with('0') => "0",
        'x' if spec.sharp => "0x",
        'X' if spec.sharp => "0X",
        _ => "",
    };
    let zeros = match (spec.precision, spec.width) {
        (Some(precision), _) => precision.saturating_sub(digits.len()),
        (None, Some(width)) if spec.zero && !spec.minus => width.saturating_sub(digits.len() + sign.len()),
        _ => 0,
    };
    let text = format!("{sign}{prefix}{}{digits}", "0".repeat(zeros));
    pad(sink, text.as_bytes(), Spec { zero: false, ..spec })?;
    Ok(true)
}

pub(super) fn float(sink: &mut Sink, value: f64, spec: Spec) -> Outcome<bool> {
    let text = match spec.verb {
        'v' => format_float(value, 'g', spec.precision),
        'g' => format_float(value, 'g', spec.precision),
        'G' => format_float(value, 'g', spec.precision).to_uppercase(),
        'e' => format_float(value, 'e', Some(spec.precision.unwrap_or(6))),
        'E' => format_float(value, 'e', Some(spec.precision.unwrap_or(6))).to_uppercase(),
        'f' | 'F' => format_float(value, 'f', Some(spec.precision.unwrap_or(6))),
        'b' | 'x' | 'X' => {
            return refuse("printf", "floats in binary or hexadecimal are not part of this engine");
        }
        _ => return Ok(false),
    };
    if spec.sharp && spec.verb != 'v' {
        return refuse("printf", "the flag # of floats is not part of this engine");
    }
    let (sign, digits) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => ("-", rest),
        (None, Some(rest)) => ("+", rest),
        (None, None) if spec.plus => ("+", text.as_str()),
        (None, None) if spec.space => (" ", text.as_str()),
        (None, None) => ("", text.as_str()),
    };
    let zeros = match spec.width {
        Some(width) if spec.zero && !spec.minus && value.is_finite() => {
            width.saturating_sub(digits.len() + sign.len())
        }
        _ => 0,
    };
    pad(sink, format!("{sign}{}{digits}", "0".repeat(zeros)).as_bytes(), Spec { zero: false, ..spec })?;
    Ok(true)
}
