//! Guessing passwords gets slow: failed logins are counted per account and per address.
//!
//! An attempt is counted as failed *before* the password is looked at, in the same atomic step that admits it, and
//! given back when the password was right. Counted afterwards, a thousand parallel guesses would all be admitted.

use crate::kernel::time::Timestamp;

/// How failed logins are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutRule {
    /// So many failures cost nothing.
    pub free: u32,
    /// The wait after the next one, in milliseconds; it doubles with each further one.
    pub first_wait_millis: i64,
    /// It never gets longer than this.
    pub longest_wait_millis: i64,
    /// Without an attempt for so long, all is forgotten. Longer than the longest wait, or waiting it out would
    /// forget everything.
    pub forget_millis: i64,
}

/// The two rules that both have to admit an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// For one account. An e-mail address that has none is counted the same way: a wait must not tell.
    pub account: LockoutRule,
    /// For one network address, behind which a whole office may sit.
    pub address: LockoutRule,
}

impl Default for Lockout {
    /// An account has five slips, then waits 1 s doubling to 15 min (96 guesses a day), and forgets after a day; an
    /// address has thirty and forgets after an hour.
    fn default() -> Lockout {
        let rule =
            LockoutRule { free: 5, first_wait_millis: 1_000, longest_wait_millis: 900_000, forget_millis: 86_400_000 };
        Lockout { account: rule, address: LockoutRule { free: 30, forget_millis: 3_600_000, ..rule } }
    }
}

/// What is remembered of an account or an address. The default is that of one that never failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    pub count: u32,
    /// When the last attempt was counted; means nothing while `count` is 0.
    pub last_millis: i64,
}

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Look at the password. It counts as failed until the password was found right.
    Admitted { account: Failures, address: Failures },
    /// Not even looked at, and not counted.
    Wait { millis: i64 },
}

impl LockoutRule {
    /// The wait after `failures` of them, in milliseconds.
    pub fn wait_millis(&self, failures: u32) -> i64 {
        let Some(doublings) = failures.checked_sub(self.free).and_then(|beyond| beyond.checked_sub(1)) else {
            return 0;
        };
        let wait = 2_i64.checked_pow(doublings).and_then(|factor| self.first_wait_millis.checked_mul(factor));
        wait.unwrap_or(self.longest_wait_millis).min(self.longest_wait_millis)
    }

    /// How long the next attempt still has to wait, in milliseconds: 0 when it may be made now.
    ///
    /// A last failure in the future (the clocks of two edges) counts as one of just now.
    pub fn remaining_millis(&self, failures: Failures, now: Timestamp) -> i64 {
        let since = now.millis().saturating_sub(failures.last_millis).max(0);
        self.wait_millis(failures.count).saturating_sub(since).max(0)
    }

    /// Counts one more.
    fn counted(&self, failures: Failures, now: Timestamp) -> Failures {
        let since = now.millis().saturating_sub(failures.last_millis);
        let count = if self.forget_millis <= since { 0 } else { failures.count };
        Failures { count: count.saturating_add(1), last_millis: now.millis() }
    }
}

impl Lockout {
    /// Admits one attempt at an account from an address, or says how long to wait.
    ///
    /// A waiting attempt changes nothing, so that hammering does not keep the owner out for ever.
    pub fn attempt(&self, account: Failures, address: Failures, now: Timestamp) -> Attempt {
        let wait = self.account.remaining_millis(account, now).max(self.address.remaining_millis(address, now));
        if 0 < wait {
            return Attempt::Wait { millis: wait };
        }
        Attempt::Admitted { account: self.account.counted(account, now), address: self.address.counted(address, now) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        for (failures, wait) in [
            (0, 0),
            (5, 0),
            (6, 1_000),
            (7, 2_000),
            (8, 4_000),
            (15, 512_000),
            (16, 15 * MINUTE),
            (70, 15 * MINUTE),
            (u32::MAX, 15 * MINUTE),
        ] {
            assert_eq!(Lockout::default().account.wait_millis(failures), wait, "{failures}");
        }
    }

    /// Guesses as fast as it is let, for a day. Answers with the guesses made.
    fn guess_for_a_day(mut accounts: Vec<Failures>) -> u32 {
        let (mut now, mut address, mut guesses, mut next) = (0, Failures::default(), 0, 0);
        while now < 1_440 * MINUTE {
            let which = next % accounts.len();
            match Lockout::default().attempt(accounts[which], address, at(now)) {
                Attempt::Admitted { account, address: counted } => {
                    (accounts[which], address) = (account, counted);
                    guesses += 1;
                    next += 1;
                }
                Attempt::Wait { millis } => now += millis,
            }
        }
        guesses
    }

    #[test]
    fn a_day_of_guessing_makes_about_a_hundred_guesses() {
        assert!((95..=112).contains(&guess_for_a_day(vec![Failures::default()])));
        assert!(guess_for_a_day(vec![Failures::default(); 10_000]) <= 140, "many accounts from one address");
    }

    #[test]
    fn parallel_guesses_are_counted_one_by_one() {
        let (mut account, mut address, mut admitted) = (Failures::default(), Failures::default(), 0);
        for _ in 0..1_000 {
            if let Attempt::Admitted { account: a, address: b } = Lockout::default().attempt(account, address, at(5)) {
                (account, address, admitted) = (a, b, admitted + 1);
            }
        }
        assert_eq!(admitted, 6);
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let failures = Failures { count: 40, last_millis: 0 };
        assert_eq!(
            Lockout::default().account.counted(failures, at(Lockout::default().account.forget_millis - 1)).count,
            41
        );
        assert_eq!(Lockout::default().account.counted(failures, at(Lockout::default().account.forget_millis)).count, 1);
        for rule in [Lockout::default().account, Lockout::default().address] {
            assert!(rule.longest_wait_millis < rule.forget_millis);
        }
    }

    proptest! {
        #[test]
        fn more_failures_never_wait_less(failures: u32, rule in prop::sample::select(vec![Lockout::default().account, Lockout::default().address])) {
            prop_assert!(rule.wait_millis(failures) <= rule.wait_millis(failures.saturating_add(1)));
        }

        #[test]
        fn who_waits_as_told_is_admitted(count: u32, last in 0..i64::MAX / 2, elapsed in 0..20 * MINUTE) {
            let failures = Failures { count, last_millis: last };
            if let Attempt::Wait { millis } = Lockout::default().attempt(failures, failures, at(last + elapsed)) {
                prop_assert!((1..=15 * MINUTE).contains(&millis));
                let later = Lockout::default().attempt(failures, failures, at(last + elapsed + millis));
                prop_assert!(matches!(later, Attempt::Admitted { .. }), "{:?}", later);
            }
        }

        #[test]
        fn any_numbers_have_an_answer(count: u32, last: i64, now: i64) {
            let failures = Failures { count, last_millis: last };
            match Lockout::default().attempt(failures, failures, at(now)) {
                Attempt::Admitted { account, .. } => prop_assert_eq!(account.last_millis, now),
                Attempt::Wait { millis } => prop_assert!((1..=15 * MINUTE).contains(&millis)),
            }
        }
    }
}
