//! All databases of a deployment, and which of them an organization lives in.
//!
//! Each is a whole installation: schema, token keys, mail queue. What differs is whose rows it holds. Rows of an
//! organization that lives elsewhere, in a copy that was left behind by a move, are nobody's: nothing reads them.

use std::collections::HashMap;
use std::sync::Arc;

use headlesspro_shared::kernel::id::OrganizationId;

use super::Sql;

/// The name of a database within one process: what was learned from one says nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatabaseNumber(usize);

/// The first database, where organizations live unless it is said otherwise, and those of the directory.
#[derive(Clone)]
pub struct Databases {
    first: Arc<dyn Sql>,
    /// Numbered from 1.
    others: Vec<Arc<dyn Sql>>,
    /// Where organizations live that do not live in the first.
    homes: HashMap<OrganizationId, (DatabaseNumber, Arc<dyn Sql>)>,
}

impl From<Arc<dyn Sql>> for Databases {
    /// One database for everybody.
    fn from(first: Arc<dyn Sql>) -> Databases {
        Databases { first, others: Vec::new(), homes: HashMap::new() }
    }
}

impl<S: Sql + 'static> From<Arc<S>> for Databases {
    fn from(first: Arc<S>) -> Databases {
        Databases::from(first as Arc<dyn Sql>)
    }
}

impl Databases {
    const FIRST: DatabaseNumber = DatabaseNumber(0);

    /// The same, and one more, in which these organizations live.
    #[must_use]
    pub fn with(mut self, sql: Arc<dyn Sql>, organizations: impl IntoIterator<Item = OrganizationId>) -> Databases {
        self.others.push(Arc::clone(&sql));
        let number = DatabaseNumber(self.others.len());
        self.homes.extend(organizations.into_iter().map(|id| (id, (number, Arc::clone(&sql)))));
        self
    }

    /// The database that the organization lives in.
    pub fn of(&self, organization: OrganizationId) -> &Arc<dyn Sql> {
        self.homes.get(&organization).map_or(&self.first, |(_, sql)| sql)
    }

    /// The number of the database that the organization lives in.
    pub fn number_of(&self, organization: OrganizationId) -> DatabaseNumber {
        self.homes.get(&organization).map_or(Databases::FIRST, |(number, _)| *number)
    }

    /// The first one: on the command line the one that a command works on.
    pub fn first(&self) -> &Arc<dyn Sql> {
        &self.first
    }

    /// Every database once, the first one first.
    pub fn all(&self) -> impl Iterator<Item = (DatabaseNumber, &Arc<dyn Sql>)> {
        std::iter::once(&self.first).chain(&self.others).enumerate().map(|(at, sql)| (DatabaseNumber(at), sql))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::BoxFuture;
    use crate::port::sql::{Batch, Outcome, SqlError};

    struct Nothing;

    impl Sql for Nothing {
        fn run(&self, _: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
            Box::pin(async { Err(SqlError::Timeout) })
        }
    }

    #[test]
    fn an_organization_lives_in_the_first_database_unless_it_is_said_otherwise() {
        let id = OrganizationId::from_u128;
        let [first, second, third]: [Arc<dyn Sql>; 3] = [Arc::new(Nothing), Arc::new(Nothing), Arc::new(Nothing)];
        let databases = Databases::from(Arc::clone(&first))
            .with(Arc::clone(&second), [id(1), id(2)])
            .with(Arc::clone(&third), [id(3)]);
        for (organization, expected) in [(1, 1), (2, 1), (3, 2), (4, 0), (0, 0)] {
            let number = databases.number_of(id(organization));
            assert_eq!(number, DatabaseNumber(expected), "{organization}");
            let (_, listed) = databases.all().find(|(listed, _)| *listed == number).unwrap();
            assert!(Arc::ptr_eq(databases.of(id(organization)), listed), "{organization}");
        }
        assert_eq!(databases.all().map(|(number, _)| number.0).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
