//! Since when it is known which tokens were revoked.

use super::LEEWAY_SECONDS;
use crate::kernel::time::Timestamp;

/// The moment at which the store of revocations began, kept in that store itself: one that was emptied begins anew.
/// Of tokens from before, nobody can tell which were revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch(i64);

impl Epoch {
    /// Reads what is kept: milliseconds since 1970, in at most 13 digits. `None`: a new one begins `now`, since this
    /// does not read, or lies further ahead than clocks may differ. A clock that was wrong once must not keep everybody
    /// out until it is right.
    pub fn read(kept: &str, now: Timestamp) -> Option<Epoch> {
        let is_moment = kept.len() <= 13 && kept.bytes().all(|byte| byte.is_ascii_digit());
        let begun: i64 = kept.parse().ok().filter(|_| is_moment)?;
        let latest = now.millis().saturating_add(LEEWAY_SECONDS.saturating_mul(1_000));
        (begun <= latest).then_some(Epoch(begun))
    }

    /// Tokens issued before are refused, whether they were revoked or not. In whole seconds, as in a token's `iat`:
    /// whoever logs in begins the epoch of an empty store, a moment after the token was dated.
    pub fn void_before(self) -> Timestamp {
        Timestamp::from_millis(self.0.div_euclid(1_000).saturating_mul(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_512_600_123;

    fn read(kept: &str) -> Option<i64> {
        Epoch::read(kept, Timestamp::from_millis(NOW)).map(|epoch| epoch.void_before().millis())
    }

    #[test]
    fn an_epoch_begins_with_its_second() {
        assert_eq!(read("1795512600123"), Some(1_795_512_600_000));
        assert_eq!(read("1795512599999"), Some(1_795_512_599_000));
        assert_eq!(read("0"), Some(0));
    }

    #[test]
    fn one_that_cannot_be_begins_anew() {
        assert_eq!(read(&(NOW + 60_000).to_string()), Some(1_795_512_660_000), "clocks may differ so far");
        for kept in ["", "soon", "-1", "+1795512600123", "1.5", "99999999999999", &(NOW + 60_001).to_string()] {
            assert_eq!(read(kept), None, "{kept}");
        }
    }
}
