//! Where somebody stands who moves a payment: a request, a webhook, the sweeper.

use headlesspro_shared::kernel::id::{Id, Kind as IdKind};
use headlesspro_shared::kernel::time::Timestamp;

use super::providers::{Call, Kind, Manual, Provider, Sandbox, Stripe};
use super::settings::Secrets;
use super::store::payment::{By, Payment};
use crate::app::{App, Ctx, Spent, Tenant};
use crate::failure::Unavailable;
use crate::journal::{self, Change};
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Commit, Committed, Rows, Statement};

pub struct Desk<'a> {
    pub app: &'a App,
    pub tenant: Tenant,
    pub now: Timestamp,
    /// Who is named in the audit log; empty: the payment's provider, on whose word it is done.
    actor: String,
    request_id: &'a str,
    spent: Option<&'a Spent>,
}

impl<'a> Desk<'a> {
    /// A verified caller's.
    ///
    /// # Errors
    /// [`Halt`](crate::failure::Halt) when the caller may not.
    pub async fn of(ctx: &'a Ctx) -> Result<Desk<'a>, crate::failure::Halt> {
        let actor = ctx.principal().await?.actor.clone();
        let actor = ctx.impersonator().map_or(actor.clone(), |by| format!("{by} as {actor}"));
        Ok(Desk {
            app: ctx.app(),
            tenant: ctx.tenant(),
            now: ctx.now,
            actor,
            request_id: &ctx.request_id,
            spent: Some(ctx.spent()),
        })
    }

    /// Of nobody who has shown a credential.
    pub fn of_nobody(app: &'a App, tenant: Tenant, request_id: &'a str, spent: Option<&'a Spent>) -> Desk<'a> {
        Desk { app, tenant, now: app.clock.now(), actor: String::new(), request_id, spent }
    }

    pub fn new_id<K: IdKind>(&self) -> Result<Id<K>, NoEntropy> {
        let mut random = [0; 10];
        self.app.entropy.fill(&mut random)?;
        Ok(Id::new(self.now, random))
    }

    /// Reads what every commit there is has left.
    pub async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, Unavailable> {
        self.count_sql();
        Ok(self.app.databases.of(self.tenant.organization).read_current(statements).await?)
    }

    pub async fn commit(&self, commit: &Commit) -> Result<Committed, Unavailable> {
        self.count_sql();
        Ok(self.app.databases.of(self.tenant.organization).commit(commit).await?)
    }

    fn count_sql(&self) {
        if let Some(spent) = self.spent {
            spent.add_sql();
        }
    }

    /// Adds the audit row of a change to `commit`.
    pub fn audit(&self, commit: &mut Commit, payment: &Payment, change: Change) -> Result<(), NoEntropy> {
        let provider = payment.by.as_ref().map(|by| by.id.to_string()).unwrap_or_default();
        let actor = if self.actor.is_empty() { &provider } else { &self.actor };
        let by = journal::By { actor, request_id: self.request_id, now: self.now };
        commit.push(journal::audit_by(self.tenant, self.new_id()?, by, change));
        Ok(())
    }

    /// Adds an event of the payment's order to `commit`.
    pub fn announce(
        &self,
        commit: &mut Commit,
        name: &'static str,
        payload: journal::Payload<'_>,
    ) -> Result<(), NoEntropy> {
        commit.push(journal::announcement(self.tenant, self.new_id()?, name, payload, self.now));
        Ok(())
    }

    /// Whoever has the payment.
    ///
    /// # Errors
    /// [`Unavailable`] when its secrets do not open.
    pub fn provider(&self, payment: &Payment) -> Result<Box<dyn Provider + 'a>, Unavailable> {
        match &payment.by {
            None => Ok(Box::new(Manual(payment.sums))),
            Some(by) => self.provider_of(by),
        }
    }

    pub fn provider_of(&self, by: &By) -> Result<Box<dyn Provider + 'a>, Unavailable> {
        let secrets = Secrets::open(self.app, self.tenant, by)?;
        Ok(match by.kind {
            Kind::Sandbox => {
                let secret = secrets.webhook_secret.unwrap_or_default();
                Box::new(Sandbox::new(self.app, (self.tenant.organization, by.id), secret, self.spent))
            }
            Kind::Stripe => Box::new(Stripe::new(self.app, self.spent, secrets, self.now)),
        })
    }
}

impl Payment {
    pub fn call(&self) -> Call {
        Call {
            payment: self.id,
            reference: self.reference.clone(),
            amount: self.amount,
            captures_later: self.by.as_ref().is_some_and(|by| by.captures_later),
            return_url: self.return_url.clone(),
        }
    }
}
