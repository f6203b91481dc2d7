//! The people of a shop: who logs in, their sessions, and the tokens they have.

use serde_json::{Value, json};

use crate::Outcome;
use crate::load::Requests;
use crate::process::Programs;
use crate::shop::{Shop, text};

/// Accounts that log in in turn: more than log in at once, so that none is kept waiting for another's attempt.
const ACCOUNTS: usize = 96;
/// Sessions that go on in turn. Each refresh token is good once.
pub const SESSIONS: usize = 480;
/// Sessions that ask so often that an isolate knows at any time whether they are ended, and holds units of theirs.
const BUSY: usize = 16;
/// More than an isolate remembers (4,096), so that asked for in turn each is new to it.
const TOKENS: usize = 4_200;

const PASSWORD: &str = "correct horse battery";

/// Of a path that asks nobody for anything, the query makes an answer without the database.
const REFUSED: &str = "/api/v1/products?limit=0";

/// Makes the accounts in the database that `place` names: `["--data", "folder"]`.
///
/// # Errors
/// What `hp` said.
pub fn create(programs: &Programs, [flag, value]: [&str; 2]) -> Outcome {
    for number in 0..ACCOUNTS {
        let email = email(number);
        let words = ["account", "create", "--email", &email, "--role", "customer", flag, value];
        programs.hp_told(&words, &format!("{PASSWORD}\n"))?;
    }
    Ok(())
}

/// Who is logged in.
pub struct People {
    /// The refresh token of each session, good now.
    refresh_tokens: Vec<String>,
    /// Access tokens of all sessions in turn.
    access_tokens: Vec<String>,
    /// Access tokens of the first [`BUSY`] sessions in turn.
    busy_tokens: Vec<String>,
}

impl People {
    /// Logs them in, and goes on until there are tokens enough.
    pub async fn log_in(shop: &Shop<'_>) -> Outcome<People> {
        let mut people = People { refresh_tokens: Vec::new(), access_tokens: Vec::new(), busy_tokens: Vec::new() };
        let logins = log_ins(shop).all.into_iter().cycle().take(SESSIONS).collect();
        for tokens in shop.ask(200, logins).await? {
            people.refresh_tokens.push(text(&tokens, "/refreshToken")?);
            people.access_tokens.push(text(&tokens, "/accessToken")?);
        }
        while people.access_tokens.len() < TOKENS {
            let tokens = people.refresh(shop, SESSIONS).await?;
            people.access_tokens.extend(tokens);
        }
        while people.busy_tokens.len() < TOKENS {
            let tokens = people.refresh(shop, BUSY).await?;
            people.busy_tokens.extend(tokens);
        }
        people.access_tokens.truncate(TOKENS);
        people.busy_tokens.truncate(TOKENS);
        Ok(people)
    }

    /// Refreshes the first `sessions`, once; their new access tokens.
    async fn refresh(&mut self, shop: &Shop<'_>, sessions: usize) -> Outcome<Vec<String>> {
        let refreshes = self.refreshes(shop).all.into_iter().take(sessions).collect();
        let answers = shop.ask(200, refreshes).await?;
        let tokens = answers.iter().enumerate().map(|(session, tokens)| {
            self.go_on(session, tokens)?;
            text(tokens, "/accessToken")
        });
        tokens.collect()
    }

    /// Refreshes each session, once.
    pub fn refreshes(&self, shop: &Shop<'_>) -> Requests {
        let refresh =
            |token: &String| shop.request("POST", "/api/v1/auth/refresh", &[], Some(&json!({ "refreshToken": token })));
        Requests { keeps: true, ..Requests::new(200, self.refresh_tokens.iter().map(refresh).collect()) }
    }

    /// Takes what a session was answered.
    ///
    /// # Errors
    /// It is no refreshed session.
    pub fn go_on(&mut self, session: usize, tokens: &Value) -> Outcome {
        let token = self.refresh_tokens.get_mut(session).ok_or("there is no such session")?;
        *token = text(tokens, "/refreshToken")?;
        Ok(())
    }

    /// Who asks for something that the router refuses once it knows them: one of them again and again.
    pub fn verified(&self, shop: &Shop<'_>) -> Requests {
        Requests::new(422, self.access_tokens.iter().take(1).map(|token| refused(shop, token)).collect())
    }

    /// The same, with a token each time that the server does not remember, of sessions that it knows.
    pub fn verified_next(&self, shop: &Shop<'_>) -> Requests {
        Requests::new(422, self.busy_tokens.iter().map(|token| refused(shop, token)).collect())
    }

    /// The same, of sessions that it has not heard of lately.
    pub fn verified_anew(&self, shop: &Shop<'_>) -> Requests {
        Requests::new(422, self.access_tokens.iter().map(|token| refused(shop, token)).collect())
    }
}

/// Logins of all accounts, each from another address where the platform tells one.
pub fn log_ins(shop: &Shop<'_>) -> Requests {
    let log_in = |number: usize| {
        let body = json!({ "email": email(number), "password": PASSWORD });
        let address = format!("cf-connecting-ip: 10.1.0.{number}");
        shop.request("POST", "/api/v1/auth/login", &[&address], Some(&body))
    };
    Requests::new(200, (0..ACCOUNTS).map(log_in).collect())
}

fn refused(shop: &Shop<'_>, token: &str) -> Vec<u8> {
    shop.request_as(token, "GET", REFUSED, &[], None)
}

fn email(number: usize) -> String {
    format!("person-{number}@bench.example")
}
