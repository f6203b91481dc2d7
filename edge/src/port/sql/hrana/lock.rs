//! Taking sqld's write lock without its busy handler.
//!
//! sqld 0.24 keeps writers in a queue in front of SQLite. A tenth of the checkpoints after commits truncate the log:
//! they send everybody in the queue away (`SQLITE_BUSY_SNAPSHOT`). Who joins it at that very moment goes away too,
//! but leaves its place behind, and once such a place comes up for a connection that has closed, sqld waits for it for
//! ever, at full CPU. A server started with `--checkpoint-interval-s` truncates at that interval alone, and holds
//! (README, "Deploying"). This makes it rare on the others:
//!
//! A `BEGIN IMMEDIATE` reads before it queues, so whoever waited finds that its snapshot is old, and SQLite's busy
//! handler sleeps 1 to 100 ms before it begins again; the turn lapses after 15 ms, and the queue grows.
//!
//! SQLite calls no busy handler for a transaction that has read already. So the lock is taken in one: it is had,
//! or refused at once. Refused with an old snapshot, the turn is still ours, and the second try has it.
//! Where that is refused as well (a checkpoint is under way), the batch is, and may be sent again a little later.
//!
//! ```text
//! 0            BEGIN
//! 1  [ok 0]    a read, which takes the snapshot
//! 2  [ok 1]    a change of nothing, which takes the lock
//! 3  [not 2]   ROLLBACK
//! 4..7 [not 2] the same once more
//! 8  [not 1]   BEGIN IMMEDIATE, for a database that is not migrated yet
//! 9..          the steps after the batch's own BEGIN IMMEDIATE
//! ```

use crate::port::sql::{Batch, Condition, Outcome, Statement, Step, StepOutcome};

/// Every migrated database has this table.
const TAKE_SNAPSHOT: &str = "-- hrana::take_snapshot
SELECT 1 FROM schema_migration LIMIT 1";
const TAKE_LOCK: &str = "-- hrana::take_lock
UPDATE schema_migration SET name = name WHERE 0";

/// The steps of one try: BEGIN, the snapshot, the lock, ROLLBACK.
const TRY: usize = 4;
const IMMEDIATE: usize = 2 * TRY;
/// Steps that stand for the batch's first one.
const STEPS: usize = IMMEDIATE + 1;

/// The steps to send instead of those of a batch that begins by taking the write lock.
pub(super) fn spelt_out(batch: Batch) -> Vec<Step> {
    let mut own = batch.steps.into_iter();
    let not = Condition::not_ok;
    let again = Condition::And(vec![Condition::Ok(1), not(2)]);
    let unmigrated = Condition::And(vec![Condition::Ok(0), not(1)]);
    let immediate = own.next().map(|step| Step { condition: Some(unmigrated), ..step });
    let rest = own.map(|step| Step { condition: step.condition.map(moved), ..step });
    let tries = one_try(0, None).into_iter().chain(one_try(TRY, Some(again)));
    tries.chain(immediate).chain(rest).collect()
}

/// The steps from number `at` on that try to take the lock.
fn one_try(at: usize, condition: Option<Condition>) -> [Step; TRY] {
    let after = |step: usize| at.saturating_add(step);
    let step = |sql, condition| Step { statement: Statement::new(sql), condition };
    let failed = Condition::And(vec![Condition::Ok(at), Condition::not_ok(after(2))]);
    [
        step("BEGIN", condition),
        step(TAKE_SNAPSHOT, Some(Condition::Ok(at))),
        step(TAKE_LOCK, Some(Condition::Ok(after(1)))),
        step("ROLLBACK", Some(failed)),
    ]
}

/// The same condition on the steps where they stand now.
fn moved(condition: Condition) -> Condition {
    let all = |conditions: Vec<Condition>| conditions.into_iter().map(moved).collect();
    match condition {
        Condition::Ok(0) => Condition::Or([2, TRY.saturating_add(2), IMMEDIATE].map(Condition::Ok).into()),
        Condition::Ok(step) => Condition::Ok(step.saturating_add(STEPS).saturating_sub(1)),
        Condition::Not(inner) => Condition::Not(Box::new(moved(*inner))),
        Condition::And(conditions) => Condition::And(all(conditions)),
        Condition::Or(conditions) => Condition::Or(all(conditions)),
    }
}

/// The outcome of the batch itself: what became of its first step is what took the lock, or else what was
/// refused last.
pub(super) fn own_outcome(outcome: Outcome) -> Outcome {
    let mut steps = outcome.steps.into_iter();
    let prelude: Vec<StepOutcome> = steps.by_ref().take(STEPS).collect();
    let locks = |at: usize| at == IMMEDIATE || at.checked_rem(TRY) == Some(2);
    let locked = prelude.iter().enumerate().position(|(at, step)| locks(at) && matches!(step, StepOutcome::Done(_)));
    let refused = prelude.iter().rposition(|step| matches!(step, StepOutcome::Refused(_)));
    let first = locked.or(refused).and_then(|at| prelude.into_iter().nth(at));
    Outcome { steps: first.into_iter().chain(steps).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::sql::{Commit, Refusal, Rows};

    fn done() -> StepOutcome {
        StepOutcome::Done(Rows::default())
    }

    fn busy() -> StepOutcome {
        StepOutcome::Refused(Refusal::Busy("locked".to_owned()))
    }

    /// Which steps run, when those in `refused` are refused.
    fn run(steps: &[Step], refused: &[usize]) -> (Vec<usize>, Outcome) {
        let (mut accepted, mut ran, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for (at, step) in steps.iter().enumerate() {
            let runs = step.condition.as_ref().is_none_or(|condition| condition.holds(&accepted));
            ran.extend(runs.then_some(at));
            accepted.push(runs && !refused.contains(&at));
            outcomes.push(match (runs, refused.contains(&at)) {
                (true, true) => busy(),
                (true, false) => done(),
                (false, _) => StepOutcome::Skipped,
            });
        }
        (ran, own_outcome(Outcome { steps: outcomes }))
    }

    #[test]
    fn a_commit_runs_whole_whichever_way_the_lock_was_had_and_not_at_all_without_it() {
        let mut commit = Commit::new();
        commit.push(Statement::new("INSERT INTO t VALUES (1)"));
        commit.push_diagnosis(Statement::new("SELECT 1"));
        // BEGIN IMMEDIATE, INSERT, COMMIT, the diagnosis, ROLLBACK.
        let steps = spelt_out(commit.to_batch());
        let skipped = StepOutcome::Skipped;
        let whole = [done(), done(), done(), skipped.clone(), skipped.clone()];

        for (refused, expected) in [
            (vec![], vec![0, 1, 2, 9, 10]),
            (vec![2], vec![0, 1, 2, 3, 4, 5, 6, 9, 10]),
            // A database without our table.
            (vec![1], vec![0, 1, 3, 8, 9, 10]),
        ] {
            let (ran, outcome) = run(&steps, &refused);
            assert_eq!(ran, expected);
            assert_eq!(outcome.steps, whole);
        }

        let none = [busy(), skipped.clone(), skipped.clone(), skipped.clone(), skipped.clone()];
        for (refused, expected) in [
            (vec![2, 6], vec![0, 1, 2, 3, 4, 5, 6, 7]),
            (vec![1, 8], vec![0, 1, 3, 8]),
            // A stream with a transaction open in it.
            (vec![0], vec![0]),
        ] {
            let (ran, outcome) = run(&steps, &refused);
            assert_eq!(ran, expected);
            assert_eq!(outcome.steps, none);
        }

        let (ran, outcome) = run(&steps, &[2, 9]);
        assert_eq!(ran, [0, 1, 2, 3, 4, 5, 6, 9, 11, 12], "refused, told why, and rolled back");
        assert_eq!(outcome.steps, [done(), busy(), skipped, done(), done()]);
    }
}
