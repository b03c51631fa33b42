//! New values: random text by rules.

use std::collections::BTreeSet;

use strongroom_sdk::SecretString;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Nobody guesses this much. Less is for whoever gives a value with -value-from.
const LEAST_BITS: f64 = 64.0;
/// A byte chooses among so many characters at most.
const MOST_CHARACTERS: usize = 256;
/// Drawn values that miss a class are thrown away; rules that are met this rarely are a mistake.
const TRIES: usize = 10_000;

/// In the help.
pub(super) const HEADING: &str = "The new value";

/// What a value is made of. The default is understood everywhere without quoting.
#[derive(Debug, clap::Args)]
pub(crate) struct Rules {
    /// How many characters
    #[arg(long, value_name = "N", default_value = "32", value_parser = length, help_heading = HEADING)]
    length: u16,
    /// Which characters; at least one of each class is there
    #[arg(
        long,
        value_name = "CLASS,...",
        value_delimiter = ',',
        default_value = "lower,upper,digits",
        help_heading = HEADING
    )]
    chars: Vec<Class>,
    /// Symbols to use, with or without the class: the class alone has -._~, which need no quoting
    #[arg(long, value_name = "CHARACTERS", help_heading = HEADING)]
    symbols: Option<String>,
    /// Characters that are not to be used, such as 0O1lI
    #[arg(long, value_name = "CHARACTERS", default_value = "", hide_default_value = true, help_heading = HEADING)]
    exclude: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Class {
    Lower,
    Upper,
    Digits,
    Hex,
    Symbols,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Digits => "digits",
            Self::Hex => "hex",
            Self::Symbols => "symbols",
        }
    }

    fn characters(self) -> &'static str {
        match self {
            Self::Lower => "abcdefghijklmnopqrstuvwxyz",
            Self::Upper => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Digits => "0123456789",
            Self::Hex => "0123456789abcdef",
            Self::Symbols => "-._~",
        }
    }
}

fn length(text: &str) -> Result<u16, &'static str> {
    let length = text.parse().ok().filter(|it| (1..=4096).contains(it));
    length.ok_or("a number from 1 to 4096")
}

/// Rules that can be met.
#[derive(Debug)]
pub(super) struct Generator {
    length: u16,
    names: Vec<&'static str>,
    classes: Vec<BTreeSet<char>>,
    /// Of all classes.
    all: Vec<char>,
}

impl Generator {
    pub(super) fn new(rules: &Rules) -> Result<Self, Failure> {
        let mut wanted: Vec<Class> = Vec::new();
        let symbols = rules.symbols.is_some().then_some(Class::Symbols);
        for class in rules.chars.iter().copied().chain(symbols) {
            if !wanted.contains(&class) {
                wanted.push(class);
            }
        }
        let mut classes = Vec::new();
        for class in &wanted {
            let characters = match (class, &rules.symbols) {
                (Class::Symbols, Some(symbols)) => symbols,
                (class, _) => class.characters(),
            };
            let left: BTreeSet<char> = characters.chars().filter(|it| !rules.exclude.contains(*it)).collect();
            if left.is_empty() {
                return Err(Failure::new(format!("no character is left of the class {}", class.name())));
            }
            if left.iter().any(|it| it.is_control()) {
                return Err(Failure::new("a value has no control characters"));
            }
            classes.push(left);
        }
        let all: Vec<char> = classes.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
        if all.len() > MOST_CHARACTERS {
            return Err(Failure::new(format!("{MOST_CHARACTERS} different characters are the most")));
        }
        let names = wanted.into_iter().map(Class::name).collect();
        let generator = Self { length: rules.length, names, classes, all };
        if generator.bits() < LEAST_BITS {
            return Err(Failure::new(format!("{}: that can be guessed", generator.described()))
                .hint("64 bits are the least: make it longer; -value-from takes any value"));
        }
        Ok(generator)
    }

    /// What it makes, in a few words.
    pub(super) fn described(&self) -> String {
        format!("{} characters of {} ({:.0} bits)", self.length, self.names.join(", "), self.bits().floor())
    }

    // Rule 11
    /// Each value that meets the rules is as likely as any other.
    pub(super) fn value(&self) -> Result<SecretString, Failure> {
        let mut random = Random::default();
        for _ in 0..TRIES {
            let mut text = Zeroizing::new(String::with_capacity(usize::from(self.length) * 4));
            for _ in 0..self.length {
                text.push(random.one_of(&self.all)?);
            }
            if self.is_met_by(&text) {
                return Ok(SecretString::new(text.as_str()));
            }
        }
        Err(Failure::new("these rules are hardly ever met: make the value longer"))
    }

    /// Each class is there. A symbol in front would be an option, a comment or a home directory to somebody.
    fn is_met_by(&self, text: &str) -> bool {
        let has_plain = self.all.iter().any(char::is_ascii_alphanumeric);
        let begins_well = text.starts_with(|it: char| it.is_ascii_alphanumeric()) || !has_plain;
        begins_well && self.classes.iter().all(|class| text.chars().any(|it| class.contains(&it)))
    }

    fn bits(&self) -> f64 {
        // There are 256 at most.
        let different = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        f64::from(different).log2() * f64::from(self.length)
    }
}

/// The system's randomness, some of it at a time.
#[derive(Default)]
struct Random {
    bytes: Zeroizing<Vec<u8>>,
}

impl Random {
    const BUFFER: usize = 256;

    /// Without a bias: bytes above the last whole multiple are thrown away.
    fn one_of(&mut self, characters: &[char]) -> Result<char, Failure> {
        let count = characters.len().clamp(1, MOST_CHARACTERS);
        let fair = MOST_CHARACTERS - MOST_CHARACTERS % count;
        loop {
            let byte = usize::from(self.byte()?);
            if let Some(chosen) = characters.get(byte % count).filter(|_| byte < fair) {
                return Ok(*chosen);
            }
        }
    }

    fn byte(&mut self) -> Result<u8, Failure> {
        if self.bytes.is_empty() {
            self.bytes.resize(Self::BUFFER, 0);
            if getrandom::fill(&mut self.bytes).is_err() {
                self.bytes.clear();
            }
        }
        self.bytes.pop().ok_or_else(|| Failure::new("there is no randomness"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(length: u16, chars: &[Class], symbols: Option<&str>, exclude: &str) -> Rules {
        let symbols = symbols.map(str::to_owned);
        Rules { length, chars: chars.to_vec(), symbols, exclude: exclude.to_owned() }
    }

    const PLAIN: &[Class] = &[Class::Lower, Class::Upper, Class::Digits];

    /// Many values, all of which have that length, only these characters, and one of each class.
    #[track_caller]
    fn check(rules: &Rules, only: &str, each: &[&str]) {
        let generator = Generator::new(rules).unwrap();
        for _ in 0..300 {
            let value = generator.value().unwrap();
            let value = value.expose();
            assert_eq!(value.chars().count(), usize::from(rules.length), "{value}");
            assert!(value.chars().all(|it| only.contains(it)), "{value}");
            assert!(each.iter().all(|class| value.chars().any(|it| class.contains(it))), "{value}");
        }
    }

    #[test]
    fn a_value_keeps_the_rules() {
        let (lower, upper, digits) =
            (Class::Lower.characters(), Class::Upper.characters(), Class::Digits.characters());
        let plain = [lower, upper, digits].concat();
        check(&rules(32, PLAIN, None, ""), &plain, &[lower, upper, digits]);
        // So short that a class is missing more often than not.
        check(&rules(11, PLAIN, Some("!"), ""), &format!("{plain}!"), &[lower, upper, digits, "!"]);
        check(&rules(40, &[Class::Hex], None, ""), "0123456789abcdef", &[]);
        check(&rules(24, &[Class::Digits], None, "01"), "23456789", &["23456789"]);
        check(&rules(64, &[Class::Symbols], None, ""), "-._~", &["-._~"]);
        check(&rules(16, &[Class::Lower], Some("äß€"), ""), &format!("{lower}äß€"), &[lower, "äß€"]);
        let begins = Generator::new(&rules(16, PLAIN, Some("-~#"), "")).unwrap();
        assert!((0..300).all(|_| !begins.value().unwrap().expose().starts_with(['-', '~', '#'])));
    }

    #[test]
    fn rules_that_cannot_be_met_or_are_too_weak_are_refused() {
        for (rules, why) in [
            (rules(32, &[Class::Digits], None, "0123456789"), "no character is left of the class digits"),
            (rules(32, PLAIN, Some("!"), "!"), "no character is left of the class symbols"),
            (rules(32, PLAIN, Some("\n"), ""), "a value has no control characters"),
            (
                rules(10, PLAIN, None, ""),
                "10 characters of lower, upper, digits (59 bits): that can be guessed",
            ),
            (rules(19, &[Class::Digits], None, ""), "19 characters of digits (63 bits): that can be guessed"),
            (
                rules(4096, &[Class::Symbols], Some("!"), ""),
                "4096 characters of symbols (0 bits): that can be guessed",
            ),
        ] {
            assert_eq!(Generator::new(&rules).unwrap_err().message(), why);
        }
        assert!(length("0").is_err() && length("4097").is_err() && length("x").is_err());
        assert_eq!(length("4096"), Ok(4096));
    }

    // Rule 11
    #[test]
    fn each_character_is_as_likely_as_any_other() {
        // 62 does not divide 256: a remainder alone would prefer the first eight characters by a quarter.
        let generator = Generator::new(&rules(4096, PLAIN, None, "")).unwrap();
        let mut counts = std::collections::BTreeMap::<char, f64>::new();
        for _ in 0..50 {
            for character in generator.value().unwrap().expose().chars() {
                *counts.entry(character).or_default() += 1.0;
            }
        }
        let expected = 4096.0 * 50.0 / 62.0;
        // Of some 3,300 each: six times the deviation that chance has.
        let off: Vec<_> =
            counts.iter().filter(|(_, it)| (*it - expected).abs() > 6.0 * expected.sqrt()).collect();
        assert!(counts.len() == 62 && off.is_empty(), "{off:?}");
        assert_ne!(generator.value().unwrap().expose(), generator.value().unwrap().expose());
    }
}
