//! Which limits there are: one for each class of routes and each subject, with defaults.

use std::str::FromStr;

use super::{InvalidLimitText, limit_of};
use crate::kernel::gcra::Limit;

/// What kind of work a route is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Read,
    Write,
    /// Where a guess can succeed: passwords, codes, links.
    Auth,
    /// A whole file at a time.
    Import,
}

named!(Class, UnknownClass, "read, write, auth or import", {
    Read = "read",
    Write = "write",
    Auth = "auth",
    Import = "import",
});

/// Whom a request is counted for. Each has its own bucket in each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The client's address: one person, or many behind one router.
    Address,
    /// An API key: all shoppers of a storefront, or one program of a merchant's.
    Key,
    /// One person's account, wherever they are logged in.
    Account,
    /// All keys and accounts of an organization.
    Organization,
}

named!(Subject, UnknownSubject, "address, key, account or organization", {
    Address = "address",
    Key = "key",
    Account = "account",
    Organization = "organization",
});

/// The limits of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    address: Limit,
    key: Limit,
    account: Limit,
    organization: Limit,
}

/// A limit for each class and subject.
///
/// As text, what differs from the defaults: entries with commas between, each `class.subject=limit`, such as
/// `read.key=60000/60s:9000`. Without a subject it is the address's; `*` stands for every class or every
/// subject; a later entry prevails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    read: Row,
    write: Row,
    auth: Row,
    import: Row,
}

/// Which entry of a text is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimits {
    #[error("{0:?} is not class.subject=units/period:burst")]
    Entry(String),
    #[error("{entry:?}: {reason}, or *")]
    Class { entry: String, reason: UnknownClass },
    #[error("{entry:?}: {reason}, or *")]
    Subject { entry: String, reason: UnknownSubject },
    #[error("{entry:?}: {reason}")]
    Limit { entry: String, reason: InvalidLimitText },
}

impl Limits {
    pub const fn of(&self, class: Class, subject: Subject) -> Limit {
        let row = match class {
            Class::Read => &self.read,
            Class::Write => &self.write,
            Class::Auth => &self.auth,
            Class::Import => &self.import,
        };
        match subject {
            Subject::Address => row.address,
            Subject::Key => row.key,
            Subject::Account => row.account,
            Subject::Organization => row.organization,
        }
    }

    fn set(&mut self, class: Class, subject: Subject, limit: Limit) {
        let row = match class {
            Class::Read => &mut self.read,
            Class::Write => &mut self.write,
            Class::Auth => &mut self.auth,
            Class::Import => &mut self.import,
        };
        match subject {
            Subject::Address => row.address = limit,
            Subject::Key => row.key = limit,
            Subject::Account => row.account = limit,
            Subject::Organization => row.organization = limit,
        }
    }
}

/// Generous: a crowd behind one address may buy, and a storefront's key, which every shopper sends, may
/// serve a sale. Guessing and whole files are what is kept slow.
impl Default for Limits {
    fn default() -> Limits {
        // Microseconds in which one unit comes back, and units at once.
        let every = Limit::known;
        Limits {
            read: Row {
                address: every(10_000, 2_000),
                key: every(1_000, 10_000),
                account: every(20_000, 1_000),
                organization: every(500, 20_000),
            },
            write: Row {
                address: every(20_000, 3_000),
                key: every(2_000, 6_000),
                account: every(50_000, 600),
                organization: every(1_000, 12_000),
            },
            auth: Row {
                address: every(1_000_000, 30),
                key: every(20_000, 600),
                account: every(2_000_000, 15),
                organization: every(10_000, 1_200),
            },
            import: Row {
                address: every(1_000_000, 20),
                key: every(1_000_000, 20),
                account: every(1_000_000, 20),
                organization: every(500_000, 40),
            },
        }
    }
}

impl FromStr for Limits {
    type Err = InvalidLimits;

    fn from_str(text: &str) -> Result<Limits, InvalidLimits> {
        let mut limits = Limits::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (place, limit) = entry.split_once('=').ok_or_else(|| InvalidLimits::Entry(entry.to_owned()))?;
            let (class, subject) = place.split_once('.').unwrap_or((place, Subject::Address.name()));
            let entry = || entry.to_owned();
            let limit = limit_of(limit).map_err(|reason| InvalidLimits::Limit { entry: entry(), reason })?;
            let classes = match class {
                "*" => Class::ALL.to_vec(),
                class => vec![class.parse().map_err(|reason| InvalidLimits::Class { entry: entry(), reason })?],
            };
            let subjects = match subject {
                "*" => Subject::ALL.to_vec(),
                subject => vec![subject.parse().map_err(|reason| InvalidLimits::Subject { entry: entry(), reason })?],
            };
            for class in classes {
                for subject in &subjects {
                    limits.set(class, *subject, limit);
                }
            }
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(text: &str) -> Limit {
        limit_of(text).unwrap()
    }

    #[test]
    fn the_defaults_are_limits_as_any_other() {
        let limits = Limits::default();
        for class in Class::ALL.iter().copied() {
            for subject in Subject::ALL.iter().copied() {
                let limit = limits.of(class, subject);
                let an_hour = u32::try_from(3_600_000_000 / limit.interval_micros()).unwrap();
                let burst = u32::try_from(limit.burst()).unwrap();
                assert_eq!(Limit::new(an_hour, 3_600_000, burst), Ok(limit), "{class} {subject}");
                // A crowd is never smaller than the one in it.
                assert!(limit.burst() <= limits.of(class, Subject::Organization).burst(), "{class} {subject}");
            }
        }
        assert_eq!(limits.of(Class::Read, Subject::Address), limit("6000/60s:2000"));
        assert_eq!(limits.of(Class::Auth, Subject::Address), limit("60/60s:30"));
        // 500 buyers behind one address: a cart, an item, a checkout, its completion and a repeat of that.
        assert!(2_500 <= limits.of(Class::Write, Subject::Address).burst());
    }

    #[test]
    fn a_text_changes_what_it_names() {
        let limits: Limits =
            "read=600/60s:120, write.key=5/1s:5,,auth.*=20/60s:10,*.organization=7/1s:7,import.organization=8/1s:8"
                .parse()
                .unwrap();
        let default = Limits::default();
        for (class, subject, expected) in [
            (Class::Read, Subject::Address, limit("600/60s:120")),
            (Class::Read, Subject::Key, default.of(Class::Read, Subject::Key)),
            (Class::Write, Subject::Key, limit("5/1s:5")),
            (Class::Write, Subject::Address, default.of(Class::Write, Subject::Address)),
            (Class::Auth, Subject::Address, limit("20/60s:10")),
            (Class::Auth, Subject::Account, limit("20/60s:10")),
            (Class::Auth, Subject::Organization, limit("7/1s:7")),
            (Class::Import, Subject::Organization, limit("8/1s:8")),
        ] {
            assert_eq!(limits.of(class, subject), expected, "{class} {subject}");
        }
        assert_eq!("".parse(), Ok(default.clone()));
        assert_ne!("*.*=1/1s:1".parse(), Ok(default));
    }

    #[test]
    fn a_wrong_entry_is_named() {
        let class = |entry: &str| InvalidLimits::Class { entry: entry.to_owned(), reason: UnknownClass };
        let subject = |entry: &str| InvalidLimits::Subject { entry: entry.to_owned(), reason: UnknownSubject };
        for (text, why) in [
            ("read", InvalidLimits::Entry("read".to_owned())),
            ("read=1/1s:1,graphql=1/1s:1", class("graphql=1/1s:1")),
            ("=1/1s:1", class("=1/1s:1")),
            ("read.person=1/1s:1", subject("read.person=1/1s:1")),
            ("read.=1/1s:1", subject("read.=1/1s:1")),
            (
                "read=600/60s:120,write=fast",
                InvalidLimits::Limit { entry: "write=fast".to_owned(), reason: InvalidLimitText::Form },
            ),
            (
                "auth=0/60s:1",
                InvalidLimits::Limit { entry: "auth=0/60s:1".to_owned(), reason: InvalidLimitText::OutOfRange },
            ),
        ] {
            assert_eq!(text.parse::<Limits>(), Err(why), "{text}");
        }
    }
}
