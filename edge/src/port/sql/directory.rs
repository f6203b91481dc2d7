//! The directory: the setting that says which organizations live in a database of their own.
//!
//! ```text
//! org_... libsql://large.example TOKEN; org_...,org_... https://two.example TOKEN
//! ```
//!
//! An entry is one database: its organizations with commas between, its URL and, where the server wants one, its
//! token, with white space between. Entries have semicolons between. It is a setting and no table, so that finding an
//! organization's database costs no round trip.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use headlesspro_shared::kernel::id::OrganizationId;

use super::databases::Databases;
use super::hrana::{HranaSql, HranaUrlError};
use super::turns::TakingTurns;
use crate::port::clock::Clock;

/// The databases beside the one of `DATABASE_URL`, in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory(Vec<Entry>);

/// One database.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who lives in it: at least one, nobody twice.
    pub organizations: Vec<OrganizationId>,
    pub url: String,
    /// `None`: the server wants none.
    pub token: Option<String>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("organizations", &self.organizations).finish_non_exhaustive()
    }
}

/// Why the directory is none. Names the entry by its place and never shows what stands in it: what is in the place of
/// something else may be the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry}: {fault}")]
pub struct InvalidDirectory {
    /// From 1.
    pub entry: usize,
    pub fault: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("expected organizations (org_..., with commas between), a URL and perhaps a token, with blanks between")]
    Form,
    #[error("the organization at place {0} is no id of one (org_...)")]
    Organization(usize),
    #[error("{0} is named before")]
    Again(OrganizationId),
    #[error(transparent)]
    Url(#[from] HranaUrlError),
    #[error("DATABASE_URL or an entry before has the same URL; one entry names all organizations of a database")]
    SameDatabase,
}

impl FromStr for Directory {
    type Err = InvalidDirectory;

    fn from_str(text: &str) -> Result<Directory, InvalidDirectory> {
        let mut named = HashSet::new();
        let mut entries = Vec::new();
        // The last entry may end as the others do.
        let text = text.trim().trim_end_matches(';');
        if text.is_empty() {
            return Ok(Directory::default());
        }
        for (number, entry) in (1..).zip(text.split(';')) {
            let at = |fault| InvalidDirectory { entry: number, fault };
            let mut fields = entry.split_whitespace();
            let (Some(organizations), Some(url)) = (fields.next(), fields.next()) else { return Err(at(Fault::Form)) };
            let token = fields.next().map(str::to_owned);
            if fields.next().is_some() {
                return Err(at(Fault::Form));
            }
            let mut of_entry = Vec::new();
            for (place, id) in (1..).zip(organizations.split(',')) {
                let id: OrganizationId = id.parse().map_err(|_| at(Fault::Organization(place)))?;
                if !named.insert(id) {
                    return Err(at(Fault::Again(id)));
                }
                of_entry.push(id);
            }
            entries.push(Entry { organizations: of_entry, url: url.to_owned(), token });
        }
        Ok(Directory(entries))
    }
}

impl Directory {
    /// Every database of a deployment: that of `DATABASE_URL`, and those that are named here. Each has a line of
    /// writers of its own. `open` makes the client of a URL and its token.
    ///
    /// # Errors
    /// [`InvalidDirectory`], also for a database that is named twice: jobs would be done twice on it.
    pub fn open(
        &self,
        first: HranaSql,
        clock: &Arc<dyn Clock>,
        open: impl Fn(&str, Option<&str>) -> Result<HranaSql, HranaUrlError>,
    ) -> Result<Databases, InvalidDirectory> {
        let mut known = vec![first.endpoint().clone()];
        let in_line = |sql| TakingTurns::new(Arc::new(sql), Arc::clone(clock));
        let mut databases = Databases::from(Arc::new(in_line(first)));
        for (number, entry) in (1..).zip(&self.0) {
            let at = |fault| InvalidDirectory { entry: number, fault };
            let sql = open(&entry.url, entry.token.as_deref()).map_err(|error| at(error.into()))?;
            if known.contains(sql.endpoint()) {
                return Err(at(Fault::SameDatabase));
            }
            known.push(sql.endpoint().clone());
            databases = databases.with(Arc::new(in_line(sql)), entry.organizations.iter().copied());
        }
        Ok(databases)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use headlesspro_shared::kernel::time::Timestamp;

    use super::*;
    use crate::port::BoxFuture;
    use crate::port::fetch::{Fetch, FetchError, Limits};

    const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.e30.c2VjcmV0";

    fn id(number: u128) -> OrganizationId {
        OrganizationId::from_u128(number)
    }

    fn fault(text: &str) -> (usize, Fault) {
        let error = text.parse::<Directory>().unwrap_err();
        (error.entry, error.fault)
    }

    #[test]
    fn an_entry_is_a_database_with_its_organizations() {
        let (one, two, three) = (id(1), id(2), id(3));
        let text = format!(" {one},{two} libsql://large.example {TOKEN};\n{three}\thttp://127.0.0.1:8080 ; ");
        let Directory(entries) = text.parse().unwrap();
        let expected = [
            Entry { organizations: vec![one, two], url: "libsql://large.example".into(), token: Some(TOKEN.into()) },
            Entry { organizations: vec![three], url: "http://127.0.0.1:8080".into(), token: None },
        ];
        assert_eq!(entries, expected);
        for nothing in ["", " ", "\n", ";", " ; "] {
            assert_eq!(nothing.parse(), Ok(Directory::default()), "{nothing:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        let (one, two, url) = (id(1), id(2), "https://a.example");
        for (text, expected) in [
            (format!("{one}"), (1, Fault::Form)),
            (format!("{one} {url} {TOKEN} more"), (1, Fault::Form)),
            (format!("{one} {url};;{two} {url}"), (2, Fault::Form)),
            (format!("{one}, {two} {url}"), (1, Fault::Organization(2))),
            (format!("{url} {one}"), (1, Fault::Organization(1))),
            (format!("{one} {url}; {two},store_01h455vb4pex5vsknk084sn02q {url}"), (2, Fault::Organization(2))),
            (format!("{one},{two},{one} {url}"), (1, Fault::Again(one))),
            (format!("{one} {url}; {two},{one} http://b.example"), (2, Fault::Again(one))),
        ] {
            assert_eq!(fault(&text), expected, "{text}");
        }
    }

    #[test]
    fn no_error_and_no_debug_shows_the_token() {
        let one = id(1);
        for text in [
            format!("{TOKEN} {one} https://a.example"),
            format!("{one},{TOKEN} https://a.example"),
            format!("{one} https://a.example {TOKEN} {TOKEN}"),
            format!("{one} https://a.example {TOKEN}; {one} https://b.example {TOKEN}"),
        ] {
            let error = text.parse::<Directory>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains(TOKEN), "{error}");
        }
        let directory: Directory = format!("{one} https://a.example {TOKEN}").parse().unwrap();
        assert!(!format!("{directory:?}").contains(TOKEN));
        for text in [format!("{one} {TOKEN} https://a.example"), format!("{one} https://a.example \u{1}{TOKEN}")] {
            let error = opened("https://first.example", &text).err().unwrap();
            assert!(!format!("{error} {error:?}").contains(TOKEN), "{error}");
        }
    }

    struct Nobody;

    impl Fetch for Nobody {
        fn send(&self, _: http::Request<Bytes>, _: Limits) -> BoxFuture<'_, Result<http::Response<Bytes>, FetchError>> {
            Box::pin(async { Err(FetchError::Connection("nobody".to_owned())) })
        }
    }

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(async {})
        }
    }

    fn opened(first: &str, directory: &str) -> Result<Databases, InvalidDirectory> {
        let clock: Arc<dyn Clock> = Arc::new(Noon);
        let open = |url: &str, token: Option<&str>| HranaSql::new(url, token, Arc::new(Nobody));
        directory.parse::<Directory>()?.open(open(first, None).unwrap(), &clock, open)
    }

    #[test]
    fn a_database_is_named_once() {
        let (one, two) = (id(1), id(2));
        let databases = opened("https://first.example", &format!("{one} https://a.example; {two} libsql://b.example"));
        let databases = databases.unwrap();
        assert_eq!(databases.all().count(), 3);
        assert_ne!(databases.number_of(one), databases.number_of(two));
        assert_ne!(databases.number_of(one), databases.number_of(id(3)));
        for (text, entry) in [
            (format!("{one} https://first.example/"), 1),
            (format!("{one} libsql://FIRST.example"), 1),
            (format!("{one} https://a.example x; {two} https://a.example y"), 2),
        ] {
            let error = opened("https://first.example", &text).err().unwrap();
            assert_eq!(error, InvalidDirectory { entry, fault: Fault::SameDatabase }, "{text}");
        }
        let error = opened("https://first.example", &format!("{one} ftp://a.example")).err().unwrap();
        assert_eq!(error, InvalidDirectory { entry: 1, fault: Fault::Url(HranaUrlError::Scheme) });
    }
}
