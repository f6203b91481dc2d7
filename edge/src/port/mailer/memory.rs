//! A mailbox in memory that takes everything, for development and tests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::{Mail, MailError, Mailer};
use crate::port::BoxFuture;

/// Mails kept; the oldest go first.
const CAPACITY: usize = 200;

/// What was sent, whoever it was for.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<VecDeque<Mail>>);

impl Mailbox {
    /// The mails, newest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}

impl Mailer for Mailbox {
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>> {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if CAPACITY <= mails.len() {
            mails.pop_front();
        }
        mails.push_back(mail);
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_are_kept() {
        let mailbox = Mailbox::default();
        for number in 0..300 {
            let mail = Mail {
                id: number.to_string(),
                to: "ada@example.com".parse().unwrap(),
                subject: String::new(),
                text: String::new(),
                html: String::new(),
            };
            mailbox.send(mail).await.unwrap();
        }
        let ids: Vec<String> = mailbox.mails().into_iter().map(|mail| mail.id).collect();
        assert_eq!((ids.len(), ids[0].as_str(), ids[199].as_str()), (200, "299", "100"));
    }
}
