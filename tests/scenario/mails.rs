//! Reading the mails that the API has sent.

use std::time::Duration;

use headlesspro_edge::port::mailer::Mail;

use crate::eventually::eventually;
use crate::world::World;

impl World {
    /// An address of this story alone.
    pub fn email(&self, name: &str) -> String {
        format!("{}@example.com", self.name(name))
    }

    /// The secret in the newest mail to an address whose link leads to `page`.
    pub async fn mailed_secret(&self, email: &str, page: &str) -> String {
        let start = format!("/{page}#token=");
        let mail = self.mail(email, &start).await;
        let (_, rest) = mail.text.split_once(&start).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// The newest mail to an address that says so.
    pub async fn mail(&self, email: &str, says: &str) -> Mail {
        let what = format!("mail to {email} that says {says}");
        eventually(&what, Duration::from_secs(20), async || {
            self.mails(email).into_iter().find(|mail| mail.text.contains(says))
        })
        .await
    }

    /// All mails to an address so far, newest first.
    pub fn mails(&self, email: &str) -> Vec<Mail> {
        let mails = self.mailbox.as_ref().expect("a mailbox").mails();
        mails.into_iter().filter(|mail| mail.to.as_str().eq_ignore_ascii_case(email)).collect()
    }
}
