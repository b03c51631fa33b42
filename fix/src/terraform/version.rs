//! What `required_version` rules out.

/// Terraform has `ephemeral` blocks and variables from this one on.
const EPHEMERAL: [u64; 3] = [1, 10, 0];

/// Whether every version that the constraint takes is too old for `ephemeral`. What cannot be read rules nothing out.
pub(super) fn is_before_ephemeral(constraint: &str) -> bool {
    constraint.split(',').any(|it| rules_out(it.trim()).unwrap_or_default())
}

fn rules_out(part: &str) -> Option<bool> {
    let start = part.find(|it: char| it.is_ascii_digit())?;
    let (sign, version) = part.split_at_checked(start)?;
    let numbers: Vec<u64> = version.split('.').map(|it| it.parse().ok()).collect::<Option<_>>()?;
    let of = |numbers: &[u64]| {
        let mut whole = [0; 3];
        whole.iter_mut().zip(numbers).for_each(|(it, number)| *it = *number);
        whole
    };
    match sign.trim() {
        "" | "=" | "<=" => Some(of(&numbers) < EPHEMERAL),
        "<" => Some(of(&numbers) <= EPHEMERAL),
        "~>" => {
            // The last number may grow: `~> 1.6.0` ends before 1.7.
            let (_, fixed) = numbers.split_last()?;
            let (last, before) = fixed.split_last()?;
            let end: Vec<u64> = before.iter().copied().chain([last + 1]).collect();
            Some(of(&end) <= EPHEMERAL)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_surely_too_old_is_ruled_out() {
        for old in
            ["~> 1.6.0", "= 1.9.8", "1.5.7", "< 1.10", "<1.10.0", ">= 1.3, < 1.8", "<= 1.9.9", "~>1.9.2"]
        {
            assert!(is_before_ephemeral(old), "{old}");
        }
        for new in
            [">= 1.3", "~> 1.6", "~> 1", "<= 1.10", "< 2", "~> 1.10.0", "!= 1.4", "", "x", "= 1.10.0-rc1"]
        {
            assert!(!is_before_ephemeral(new), "{new}");
        }
    }
}
