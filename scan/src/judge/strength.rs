//! Whether a text looks made by chance or for a password, for names that do not say enough.

/// Shorter texts may be anything.
const SHORTEST_RANDOM: usize = 16;
const SHORTEST_MIXED: usize = 8;
/// What needs no name is longer.
pub(super) const SHORTEST_KEY: usize = 32;
/// Longer ones are documents.
const LONGEST_MIXED: usize = 128;

/// How many bytes of each class a text has.
#[derive(Clone, Copy, Debug, Default)]
struct Classes {
    lower: usize,
    upper: usize,
    digits: usize,
    /// `-_.~+/=` and the like.
    joints: usize,
    others: usize,
    spaces: usize,
    /// How often the class of a letter or digit is another one than before.
    turns: usize,
    hex: usize,
    vowels: usize,
}

impl Classes {
    fn of(text: &str) -> Self {
        let mut it = Self::default();
        let mut before = None;
        for byte in text.bytes() {
            let class = match byte {
                b'a'..=b'z' => Some(0_u8),
                b'A'..=b'Z' => Some(1),
                b'0'..=b'9' => Some(2),
                _ => None,
            };
            match class {
                Some(0) => it.lower += 1,
                Some(1) => it.upper += 1,
                Some(_) => it.digits += 1,
                None if byte.is_ascii_whitespace() => it.spaces += 1,
                None if matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=' | b':') => {
                    it.joints += 1
                }
                None => it.others += 1,
            }
            if class.is_some() && before.is_some() && class != before {
                it.turns += 1;
            }
            before = class.or(before);
            it.hex += usize::from(byte.is_ascii_hexdigit());
            it.vowels += usize::from(matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u'));
        }
        it
    }

    fn letters(&self) -> usize {
        self.lower + self.upper
    }
}

/// Drawn by chance: hex, base32, base62, base64 or a UUID, long enough to say so.
pub(super) fn is_random(text: &str) -> bool {
    if text.len() < SHORTEST_RANDOM || text.len() > 4096 {
        return false;
    }
    let it = Classes::of(text);
    let (letters, signs) = (it.letters(), it.letters() + it.digits);
    if it.spaces > 0 || it.others > 0 || it.joints * 4 > text.len() || distinct(text) < 7 {
        return false;
    }
    if it.hex == text.len() && (it.lower == 0 || it.upper == 0) {
        return it.digits >= 2 && letters >= 2;
    }
    if is_uuid(text) {
        return true;
    }
    if it.digits == 0 && it.joints == 0 && (it.lower == 0 || it.upper == 0) {
        // Letters alone: random ones have too few vowels to be spoken.
        return it.vowels * 4 < letters;
    }
    if it.digits == 0 {
        return it.lower > 0 && it.upper > 0 && it.turns * 3 >= signs && it.vowels * 3 < letters;
    }
    let least = if it.lower > 0 && it.upper > 0 { 4 } else { 6 };
    letters >= 4 && it.turns * least >= signs
}

/// Random enough to be a key without a name that says so: small and big letters and digits, and nothing that
/// data of another kind begins with.
pub(super) fn is_key(text: &str) -> bool {
    /// PNG, JPEG, GIF, gzip, ZIP, DER and SSH's public keys, in base64.
    const DATA: [&str; 7] = ["iVBOR", "/9j/", "R0lGOD", "H4sI", "UEsD", "MII", "AAAA"];
    let it = Classes::of(text);
    (SHORTEST_KEY..=LONGEST_MIXED).contains(&text.len())
        && it.lower >= 4
        && it.upper >= 4
        // The numbers of a name stand together.
        && text.split(|c: char| !c.is_ascii_digit()).filter(|it| !it.is_empty()).count() >= 3
        && it.turns * 20 >= (it.letters() + it.digits) * 9
        && is_random(text)
        && !DATA.iter().any(|it| text.starts_with(it))
}

/// The same of a text that is shorter: the classes change so often as they do in no name.
pub(super) fn is_unordered(text: &str) -> bool {
    let it = Classes::of(text);
    it.lower >= 2
        && it.upper >= 2
        && it.digits >= 1
        && it.turns * 20 >= (it.letters() + it.digits) * 9
        && is_random(text)
}

/// All classes and many signs, as WordPress draws its keys.
pub(super) fn is_noise(text: &str) -> bool {
    let it = Classes::of(text);
    (24..=LONGEST_MIXED).contains(&text.len())
        && it.lower > 0
        && it.upper > 0
        && it.digits > 0
        && it.spaces == 0
        && (it.others + it.joints) * 5 >= text.len()
        && it.others * 10 >= text.len()
        && !text.starts_with(['{', '[', '<', '('])
        && !text.contains("\":")
        && !text.contains("://")
}

/// The same with a space here and there, which is one of the signs that WordPress draws from: much fewer of them than
/// words in a row have.
pub(super) fn is_spaced(text: &str) -> bool {
    let spaces = text.bytes().filter(|it| *it == b' ').count();
    if spaces == 0 || spaces * 12 > text.len() || !(SHORTEST_KEY..=LONGEST_MIXED).contains(&text.len()) {
        return false;
    }
    let signs: String = text.chars().filter(|it| *it != ' ').collect();
    is_noise(&signs) || is_key(&signs)
}

/// Built as rules for passwords ask: three of lower, upper, digits and signs.
pub(super) fn is_mixed(text: &str) -> bool {
    if !(SHORTEST_MIXED..=LONGEST_MIXED).contains(&text.len()) {
        return false;
    }
    let it = Classes::of(text);
    let classes = [it.lower > 0, it.upper > 0, it.digits > 0, it.others > 0];
    it.spaces == 0 && it.letters() > 0 && classes.iter().filter(|it| **it).count() >= 3
}

/// Five groups of hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    let lengths = [8, 4, 4, 4, 12];
    text.len() == 36
        && lengths.iter().all(|len| {
            groups.next().is_some_and(|it| it.len() == *len && it.bytes().all(|b| b.is_ascii_hexdigit()))
        })
}

pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_hexdigit())
}

/// `[21,12,42]`: the bytes of a key as numbers, as many as a cipher takes.
pub(super) fn is_bytes(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')) else { return false };
    let mut seen = [0_u64; 4];
    let mut count = 0;
    let all = inner.split(',').all(|it| {
        count += 1;
        let Ok(byte) = it.trim().parse::<u8>() else { return false };
        if let Some(seen) = seen.get_mut(usize::from(byte / 64)) {
            *seen |= 1 << (byte % 64);
        }
        true
    });
    all && matches!(count, 16 | 24 | 32 | 64) && seen.iter().map(|it| it.count_ones()).sum::<u32>() >= 10
}

/// Twenty capital letters and digits, as stores of objects give them out.
pub(super) fn is_access_key(text: &str) -> bool {
    text.len() == 20
        && text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
        && text.bytes().any(|it| it.is_ascii_digit())
        && !text.bytes().all(|it| it.is_ascii_digit())
}

/// `ABCD-1234-EFGH`: groups as on a certificate of purchase.
pub(super) fn is_serial(text: &str) -> bool {
    let mut groups = 0;
    let all = text.split('-').all(|it| {
        groups += 1;
        (3..=8).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    });
    all && groups >= 3 && text.bytes().any(|it| it.is_ascii_digit()) && distinct(text) >= 6
}

/// 32 bytes in base64, as WireGuard and many ciphers keep a key: some of them have no digit.
pub(super) fn is_packed(text: &str) -> bool {
    let it = Classes::of(text);
    text.len() == 44
        && text.ends_with('=')
        && it.lower >= 8
        && it.upper >= 8
        && data_encoding::BASE64.decode(text.as_bytes()).is_ok_and(|it| it.len() == 32)
}

/// How many bytes differ; counted to 64.
fn distinct(text: &str) -> u32 {
    let seen =
        text.bytes().fold(0_u128, |seen, byte| seen | 1_u128.checked_shl(u32::from(byte)).unwrap_or(0));
    seen.count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], rule: fn(&str) -> bool, expected: bool) {
        for text in texts {
            assert_eq!(rule(text), expected, "{text}");
        }
    }

    #[test]
    fn a_space_may_be_drawn_too() {
        let drawn = [
            "aB3$dE6%gH9 jK2*mN5(pQ8)sT1!vW4@yZ7#bC0 eF3+hI6=kL9-nO2_qR5|tU8~",
            "aB3dE6gH9jK2mN5pQ8sT1vW4 yZ7bC0eF3hI6kL9nO2qR5tU8",
            "Y 1%?=@kd;Xw)G^Tq9|}0p-NfZ*hVb2E&rJ(s!u7{mK<cL+a>i~OzQ/x4yW:tB5R",
        ];
        check(&drawn, is_spaced, true);
        let written = [
            "See https://example.net/Docs/Chapter-12?page=3#keys first",
            "Must have 1 upper, 1 lower & 1 sign (!$%): 12 or more",
            "application-2024-Production us-east-1.compute.internal",
            "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9nO2qR5tU8",
            "aB3$dE6% gH9",
        ];
        check(&written, is_spaced, false);
    }

    #[test]
    fn what_chance_draws_is_random() {
        let drawn = [
            "56e3f2d1c01e14e522587d9f0d6b6467",
            "b3edc3298847bf6768d406cf4bdc1b00c170a656",
            "c10bab6d85ad6727",
            "6QiIUHGm7D7uPK4Awsqa",
            "sIuvs4lk1PoHepVpjph7pBAAEW3amEQ+WvDF939F5hw=",
            "dc9ff6f1-0c0a-47bb-a310-ad65ddbf5d06",
            "FA3PTQ6EQNRURNMKJGIPJEJO",
            "xkcdqwrtzplmvbnh",
            "j_-oZlmH3HeBSjj0CmQY5rF9zPURWs5N",
            "FTDQbIHmflyFwFiSttPlkQ",
        ];
        check(&drawn, is_random, true);
        let written = [
            "short1A",
            "my-service-token-for-production",
            "application-2024-production",
            "rabbit_password_hashing_sha256",
            "us-east-1.compute.internal",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "X-Forwarded-Authorization",
            "the quick brown fox 12",
            "00000000000000000000000000000000",
            "postgresql-primary-0",
            "SomeVeryLongIdentifierName",
            "internationalization",
            "104857600000000000001",
            "DATABASE_CONNECTION_STRING",
        ];
        check(&written, is_random, false);
    }

    #[test]
    fn a_key_needs_no_name() {
        check(
            &["j_-oZlmH3HeBSjj0CmQY5rF9zPURWs5N", "3CbFicTQkLjjLPWedyp5ryX5Znvqk45u3FNhlb82"],
            is_key,
            true,
        );
        let others = [
            "56e3f2d1c01e14e522587d9f0d6b6467",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf",
            "SomeClassNameWithManyWordsInIt2024V2",
        ];
        check(&others, is_key, false);
    }

    #[test]
    fn what_people_make_up_for_a_rule_is_mixed() {
        check(&["fEather-Rung-3", "P@ssw0rd!", "Str0ng!Paddle", "Loch-Fender-6"], is_mixed, true);
        check(
            &["hunter2", "plain-words", "scram-sha-256", "Hello World 1", "12345678", "X-Api-Key"],
            is_mixed,
            false,
        );
    }

    #[test]
    fn many_signs_of_all_classes_are_noise() {
        check(&["t`DK%X:>xy|e-Z(BXb/f8#~UzUQG", "2&@hT!x9^Lq~Wm*4$Rk%7Zp?"], is_noise, true);
        check(
            &[
                "{\"a\":1,\"B\":\"c\",\"D\":[1,2,3]}",
                "Mozilla/5.0-(X11;Linux)-AppleWebKit",
                "a-b-c-d-e-f-g-h-i-j-k-1-2-3",
            ],
            is_noise,
            false,
        );
    }

    #[test]
    fn numbers_are_the_bytes_of_a_key() {
        check(
            &[
                "[7,99,12,250,33,4,18,201,5,76,140,61,2,88,190,15]",
                "[7, 99, 12, 250, 33, 4, 18, 201, 5, 76, 140, 61, 2, 88, 190, 15]",
            ],
            is_bytes,
            true,
        );
        check(
            &[
                "[1,2,3]",
                "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]",
                "[7,99,12,250,33,4,18,201,5,76,140,61,2,88,190,300]",
            ],
            is_bytes,
            false,
        );
    }

    #[test]
    fn bytes_in_base64_need_no_digit() {
        check(&["bldWHmzqu+airpeqQdaNOTx/UB+ObGziAxSwqItjuAo="], is_packed, true);
        check(
            &[
                "bldWHmzqu+airpeqQdaNOTx/UB+ObGziAxSwqItjuA==",
                "application-for-many-people-in-production-it=",
            ],
            is_packed,
            false,
        );
    }

    #[test]
    fn groups_of_signs_are_serials() {
        check(&["A1B2-C3D4-E5F6", "XQ3F7-99KLM-P0PP2"], is_serial, true);
        check(&["A1B2", "ABC-DEF-GHI", "a1b2-c3d4-e5f6", "2024-01-02"], is_serial, false);
    }
}
