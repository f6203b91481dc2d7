//! Writers of one database take turns, before they take the database's time.
//!
//! SQLite has one writer at a time, and a server makes the others wait inside a read transaction each, where
//! they hold back its checkpoint. So an isolate sends few commits at a time and keeps the rest in a line of
//! its own, first come, first served. A commit that finds the lock taken all the same, by another isolate, is
//! sent again a little later: nothing of it has happened.
//!
//! A waiter looks again after a sleep of its own instead of being woken: on Workers and Spin no request
//! may wait for another one (see `host/spin`). And whoever leaves without a word (a request that the host
//! dropped) is forgotten after a while, so that nobody waits for the dead.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headlesspro_shared::kernel::time::Timestamp;

use super::{Batch, Outcome, Refusal, Sql, SqlError, StepOutcome};
use crate::port::BoxFuture;
use crate::port::clock::Clock;

/// Commits under way at a time: one, and one on the wire behind it.
const AT_ONCE: usize = 2;
/// Past this a commit under way counts as lost; the wire clients give up before.
const LOST_MILLIS: i64 = 12_000;
/// A waiter who has not looked for so long is gone.
const GONE_MILLIS: i64 = 3_000;
/// Who has waited so long is told to come back: most clients and hosts give up at 10 s or later.
const PATIENCE_MILLIS: i64 = 8_000;
/// Sleep for each place in the line, about what one commit takes, up to [`LONGEST_NAP_MILLIS`].
const NAP_MILLIS: u64 = 2;
const LONGEST_NAP_MILLIS: u64 = 200;
/// Sleep up to this where another isolate has the lock.
const BUSY_MILLIS: u64 = 20;

/// A database whose commits wait their turn. Reads do not wait.
pub struct TakingTurns {
    sql: Arc<dyn Sql>,
    clock: Arc<dyn Clock>,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    last: u64,
    under_way: Vec<Place>,
    waiting: VecDeque<Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    ticket: u64,
    seen: Timestamp,
}

impl Line {
    fn join(&mut self, now: Timestamp) -> u64 {
        self.last = self.last.wrapping_add(1);
        self.waiting.push_back(Place { ticket: self.last, seen: now });
        self.last
    }

    /// Whether it is this ticket's turn; else how many wait before it. A ticket that was taken for gone
    /// stands at the end again.
    fn look(&mut self, ticket: u64, now: Timestamp) -> Result<(), usize> {
        let since = |place: &Place| now.millis().saturating_sub(place.seen.millis());
        self.under_way.retain(|place| since(place) < LOST_MILLIS);
        self.waiting.retain(|place| place.ticket == ticket || since(place) < GONE_MILLIS);
        let before = match self.waiting.iter().position(|place| place.ticket == ticket) {
            Some(before) => before,
            None => {
                self.waiting.push_back(Place { ticket, seen: now });
                self.waiting.len().saturating_sub(1)
            }
        };
        if before == 0 && self.under_way.len() < AT_ONCE {
            self.waiting.pop_front();
            self.under_way.push(Place { ticket, seen: now });
            return Ok(());
        }
        if let Some(place) = self.waiting.get_mut(before) {
            place.seen = now;
        }
        Err(before)
    }

    fn leave(&mut self, ticket: u64) {
        self.under_way.retain(|place| place.ticket != ticket);
        self.waiting.retain(|place| place.ticket != ticket);
    }
}

/// Leaves the line when dropped, wherever it stood.
struct Turn<'a> {
    line: &'a Mutex<Line>,
    ticket: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).leave(self.ticket);
    }
}

impl TakingTurns {
    pub fn new(sql: Arc<dyn Sql>, clock: Arc<dyn Clock>) -> TakingTurns {
        TakingTurns { sql, clock, line: Mutex::default() }
    }

    async fn turn(&self, joined: Timestamp) -> Result<Turn<'_>, SqlError> {
        let line = || self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = line().join(joined);
        let turn = Turn { line: &self.line, ticket };
        loop {
            let now = self.clock.now();
            let before = match line().look(ticket, now) {
                Ok(()) => return Ok(turn),
                Err(before) => u64::try_from(before).unwrap_or(u64::MAX),
            };
            if PATIENCE_MILLIS <= now.millis().saturating_sub(joined.millis()) {
                return Err(SqlError::Unavailable("too many commits wait their turn".to_owned()));
            }
            let nap = before.saturating_add(1).saturating_mul(NAP_MILLIS).min(LONGEST_NAP_MILLIS);
            self.clock.sleep(Duration::from_millis(nap)).await;
        }
    }
}

/// Whether nothing happened, since another writer had the lock.
fn is_refused_lock(outcome: &Outcome) -> bool {
    matches!(outcome.steps.first(), Some(StepOutcome::Refused(Refusal::Busy(_))))
}

impl Sql for TakingTurns {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        if !batch.takes_write_lock() {
            return self.sql.run(batch);
        }
        Box::pin(async move {
            let joined = self.clock.now();
            let turn = self.turn(joined).await?;
            loop {
                let outcome = self.sql.run(batch.clone()).await?;
                let now = self.clock.now();
                if !is_refused_lock(&outcome) || PATIENCE_MILLIS <= now.millis().saturating_sub(joined.millis()) {
                    return Ok(outcome);
                }
                // Writers of other isolates: not at the same moment as they again.
                let spread = turn.ticket.wrapping_mul(7).wrapping_add(now.millis().unsigned_abs()) % BUSY_MILLIS;
                self.clock.sleep(Duration::from_millis(spread.saturating_add(1))).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_place_is_kept_by_looking_and_lost_by_leaving_or_by_silence() {
        let mut line = Line::default();
        let tickets: Vec<u64> = (0..5).map(|_| line.join(at(0))).collect();
        assert_eq!(
            tickets.iter().map(|ticket| line.look(*ticket, at(1))).collect::<Vec<_>>(),
            [Ok(()), Ok(()), Err(0), Err(1), Err(2)]
        );
        // One is done: the first in line goes, nobody else.
        line.leave(tickets[0]);
        assert_eq!(line.look(tickets[3], at(2)), Err(1));
        assert_eq!(line.look(tickets[2], at(2)), Ok(()));
        // The host dropped who is next without a word, and one whose commit is under way.
        assert_eq!(line.look(tickets[4], at(GONE_MILLIS + 2)), Err(0));
        assert_eq!(line.look(tickets[4], at(LOST_MILLIS + 2)), Ok(()));
        // Who was taken for gone and comes back stands at the end.
        let late = line.join(at(LOST_MILLIS + 2));
        assert_eq!(line.look(late, at(LOST_MILLIS + 2)), Ok(()));
        let next = line.join(at(LOST_MILLIS + 2));
        assert_eq!(line.look(tickets[3], at(LOST_MILLIS + 2)), Err(1));
        line.leave(late);
        assert_eq!(line.look(next, at(LOST_MILLIS + 3)), Ok(()));
    }
}
