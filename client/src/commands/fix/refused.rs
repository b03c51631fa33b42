//! What helps where the store refuses what a fix needs.

use crate::failure::Failure;

const NO_RIGHT: &str = "`secret policy stock fixer` prints the policy that a fix needs; docs/fixing.md tells what each path \
                        is for";

/// A refusal has the hint that helps here.
pub(super) fn explained(failure: Failure) -> Failure {
    if failure.is_denied() { failure.hint(NO_RIGHT) } else { failure }
}
