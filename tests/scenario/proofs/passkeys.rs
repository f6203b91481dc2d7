//! Whoever has nothing but passkeys keeps one.

use futures_util::future::join_all;
use headlesspro_edge::port::sql::{Commit, Committed, Statement};

use crate::app::{Kind, Stage};
use crate::authenticator::Authenticator;
use crate::stories::passkeys::{ORIGIN, person, register};

/// As if the account had been made without a password.
const WITHOUT_PASSWORDS: &str = "UPDATE account SET password_hash = NULL WHERE role = 'customer'";

pub fn the_last_login_method_stays(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let (_, customer) = person(&world, "customer@example.com").await;
        let mut paths = Vec::new();
        for number in 0..5 {
            let mut authenticator = Authenticator::es256(&world.name(&format!("key-{number}")), ORIGIN);
            let made = register(&customer, &mut authenticator).await.expect(201);
            paths.push(made.the("location").to_owned());
        }
        // With a password, all could go.
        customer.delete(&paths[0]).send().await.expect(204);
        let mut commit = Commit::new();
        commit.push(Statement::new(WITHOUT_PASSWORDS));
        assert!(matches!(stage.sql().commit(&commit).await, Ok(Committed::Done { .. })));
        // All the others at once: one stays.
        let answers = join_all(paths[1..].iter().map(|path| customer.delete(path).send())).await;
        let (gone, kept): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 204);
        assert_eq!((gone.len(), kept.len()), (3, 1));
        for answer in kept {
            answer.expect_problem(409, "last-login-method");
        }
        println!("{kind}: of 4 passkeys that were removed at once, 3 went");
    });
}
