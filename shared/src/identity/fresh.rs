//! Whether somebody has shown a moment ago who they are.

use crate::kernel::time::Timestamp;

/// A login counts as fresh for so long, in milliseconds: ten minutes.
const FRESH_MILLIS: i64 = 600_000;

/// Whether what only the owner may do can be done in a session that was opened at `opened_at` without showing more.
/// Never by somebody who acts as another.
pub fn is_fresh(opened_at: Timestamp, is_impersonated: bool, now: Timestamp) -> bool {
    let age = now.millis_since(opened_at);
    !is_impersonated && age.is_some_and(|age| (0..=FRESH_MILLIS).contains(&age))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_fresh_for_ten_minutes_for_the_owner_alone() {
        let at = Timestamp::from_millis;
        for (age, is_impersonated, expected) in
            [(0, false, true), (600_000, false, true), (600_001, false, false), (-1, false, false), (0, true, false)]
        {
            assert_eq!(is_fresh(at(1_000_000), is_impersonated, at(1_000_000 + age)), expected, "{age}");
        }
        assert!(!is_fresh(at(i64::MIN), false, at(i64::MAX)));
    }
}
