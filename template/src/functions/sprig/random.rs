//! What nobody can guess. The host gives the randomness, if it allows these at all.

use super::super::Parameter::Int;
use super::super::given::{count, int};
use super::super::{Function, takes};
use crate::error::{ErrorKind, Outcome, refuse};
use crate::host::Refusal;
use crate::interpreter::Interpreter;
use crate::text::Sink;
use crate::value::Value;
use zeroize::Zeroizing;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const DIGITS: &[u8] = b"0123456789";

pub(in crate::functions) const ALL: &[Function] = &[
    takes("sprig_randAlpha", &[Int], |run, name, given| chosen(run, name, count(given, 0, name)?, LETTERS)),
    takes("sprig_randAlphaNum", &[Int], |run, name, given| {
        chosen(run, name, count(given, 0, name)?, LETTERS_AND_DIGITS)
    }),
    takes("sprig_randAscii", &[Int], |run, name, given| {
        let all: Vec<u8> = (b' '..=b'~').collect();
        chosen(run, name, count(given, 0, name)?, &all)
    }),
    takes("sprig_randBytes", &[Int], |run, name, given| {
        let mut bytes = Zeroizing::new(vec![0; count(given, 0, name)?.min(1 << 20)]);
        fill(run, name, &mut bytes)?;
        super::super::encode::encode(&data_encoding::BASE64, &bytes)
    }),
    takes("sprig_randInt", &[Int, Int], |run, name, given| {
        let span = u64::try_from(int(given, 1).saturating_sub(int(given, 0))).ok().filter(|it| *it > 0);
        let Some(span) = span else { return refuse(name, "bounds that cross") };
        // Whole multiples of the span alone, so that no number comes oftener than another.
        let limit = u64::MAX - u64::MAX % span;
        loop {
            run.step()?;
            let mut bytes = [0; 8];
            fill(run, name, &mut bytes)?;
            let drawn = u64::from_ne_bytes(bytes);
            if drawn < limit {
                let offset = i64::try_from(drawn % span).unwrap_or(0);
                return Ok(Value::int(int(given, 0).saturating_add(offset)));
            }
        }
    }),
    takes("sprig_randNumeric", &[Int], |run, name, given| chosen(run, name, count(given, 0, name)?, DIGITS)),
    takes("sprig_uuidv4", &[], |run, name, _| {
        let mut bytes = [0; 16];
        fill(run, name, &mut bytes)?;
        let mut number = u128::from_be_bytes(bytes);
        number = (number & !(0xf << 76)) | (4 << 76);
        number = (number & !(0b11 << 62)) | (0b10 << 62);
        let hex = format!("{number:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        Ok(Value::text(&[part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")))
    }),
];

fn fill(run: &mut Interpreter<'_, '_>, name: &str, buffer: &mut [u8]) -> Outcome<()> {
    run.host.random(buffer).map_err(|it| match it {
        Refusal::NotAllowed => ErrorKind::NotAllowed { function: name.to_owned() },
        Refusal::Failed(why) => ErrorKind::Outside { function: name.to_owned(), why },
    })
}

fn chosen(run: &mut Interpreter<'_, '_>, name: &str, count: usize, alphabet: &[u8]) -> Outcome<Value> {
    let mut sink = Sink::new();
    let limit = 256 - 256 % alphabet.len();
    while sink.len() < count {
        run.step()?;
        let mut buffer = Zeroizing::new([0; 64]);
        fill(run, name, buffer.as_mut())?;
        let fair = buffer.iter().map(|it| usize::from(*it)).filter(|it| *it < limit);
        for it in fair.take(count - sink.len()) {
            sink.push(alphabet.get(it % alphabet.len()..).and_then(|it| it.get(..1)).unwrap_or_default())?;
        }
    }
    Ok(Value::Text(sink.text()))
}
