//! The saga under a simulated clock, network and provider: requests that come again, webhooks, returns and sweepers act at
//! once, each step by step, in an order that a seed decides; any of them may die between two steps, and requests and answers
//! are lost, or arrive when nobody waits for them any more. Whatever happened, in the end the order is decided once, as the
//! provider has it.

use crate::kernel::time::Timestamp;
use crate::orders::{Machine, PaymentState};
use crate::payments::{DECIDED_WITHIN_MILLIS, Held, Phase, Report, Standing, Step, Sums, next};

/// Interleavings of one run.
const SEEDS: u64 = 20_000;

/// Seeds that have failed once.
const FAILED: [u64; 1] = [12];

const AMOUNT: i64 = 1_000;

/// What is done next; the real rule, or one that a test knows to be wrong.
type Rule = fn(&Held, Option<&Report>, Timestamp) -> Step;

/// xorshift64*: the same numbers for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % most
    }

    fn one_in(&mut self, most: usize) -> bool {
        self.below(most) == 0
    }
}

/// The payment's row, and what its order holds.
#[derive(Clone)]
struct Row {
    phase: Phase,
    version: u32,
    is_known: bool,
    ends_at: Timestamp,
    sums: Sums,
}

#[derive(Clone, Copy)]
enum Call {
    Create,
    Fetch,
    Confirm,
    Cancel,
    Refund,
}

/// What the provider does with the means of payment that it is given.
#[derive(Clone, Copy)]
enum Script {
    Captures,
    Authorizes,
    Declines,
    /// The buyer acts later, or never.
    AsksBuyer,
    /// Decided later.
    Takes,
}

struct Provider {
    script: Script,
    standing: Option<Standing>,
    captured: i64,
    refunded: i64,
    charges: u32,
    /// What it answered to the attempt's key.
    confirmed: Option<Report>,
    /// What it would tell, of which some is told never, some late, and some twice.
    webhooks: Vec<Report>,
}

impl Provider {
    fn report(&self, standing: Standing) -> Report {
        let authorized = if matches!(standing, Standing::Authorized | Standing::Captured) { AMOUNT } else { 0 };
        Report { standing, amount: AMOUNT, authorized, captured: self.captured }
    }

    fn turn(&mut self, standing: Standing) {
        if standing == Standing::Captured {
            self.captured = AMOUNT;
            self.charges += 1;
        }
        self.standing = Some(standing);
        self.webhooks.push(self.report(standing));
    }

    fn handle(&mut self, call: Call) -> Report {
        // A payment is made once; an attempt is answered as it was first, whatever has become of it since.
        let Some(standing) = self.standing else {
            if matches!(call, Call::Create) {
                self.standing = Some(Standing::Open);
            }
            return self.report(Standing::Open);
        };
        match call {
            Call::Create | Call::Fetch => {}
            Call::Confirm => {
                if let Some(first) = self.confirmed {
                    return first;
                }
                if standing == Standing::Open {
                    self.turn(match self.script {
                        Script::Captures => Standing::Captured,
                        Script::Authorizes => Standing::Authorized,
                        Script::Declines => Standing::Declined,
                        Script::AsksBuyer => Standing::ActionRequired,
                        Script::Takes => Standing::Processing,
                    });
                    self.confirmed = self.standing.map(|standing| self.report(standing));
                }
            }
            Call::Cancel => {
                if !matches!(standing, Standing::Captured | Standing::Processing | Standing::Cancelled) {
                    self.turn(Standing::Cancelled);
                }
            }
            Call::Refund => self.refunded = self.captured,
        }
        self.report(self.standing.unwrap())
    }

    /// The buyer acts, or the bank answers.
    fn go_on(&mut self, dice: &mut Dice) {
        match self.standing {
            Some(Standing::ActionRequired) => {
                let ends = [Standing::Captured, Standing::Declined, Standing::ActionRequired];
                let end = ends[dice.below(3)];
                if end != Standing::ActionRequired {
                    self.turn(end);
                }
            }
            Some(Standing::Processing) => {
                let end = if dice.one_in(3) { Standing::Declined } else { Standing::Captured };
                self.turn(end);
            }
            _ => {}
        }
    }
}

/// Whoever acts. One that is gone has died, or has nothing more to do.
struct Actor {
    has_means: bool,
    row: Option<Row>,
    report: Option<Report>,
}

struct World {
    rule: Rule,
    now: i64,
    row: Option<Row>,
    takes: u32,
    releases: u32,
    advances: u32,
    went_back: bool,
    provider: Provider,
    /// Calls that nobody waits for any more, and that have not arrived yet.
    late: Vec<Call>,
}

enum Went {
    On,
    Over,
}

impl World {
    fn new(rule: Rule, dice: &mut Dice) -> World {
        let scripts = [Script::Captures, Script::Authorizes, Script::Declines, Script::AsksBuyer, Script::Takes];
        let provider = Provider {
            script: scripts[dice.below(scripts.len())],
            standing: None,
            captured: 0,
            refunded: 0,
            charges: 0,
            confirmed: None,
            webhooks: Vec::new(),
        };
        World {
            rule,
            now: 0,
            row: None,
            takes: 0,
            releases: 0,
            advances: 0,
            went_back: false,
            provider,
            late: Vec::new(),
        }
    }

    /// One call, whose request or answer may be lost, or late.
    fn call(&mut self, call: Call, dice: &mut Dice, is_reliable: bool) -> Option<Report> {
        match dice.below(8) {
            0 if !is_reliable => None,
            1 if !is_reliable => {
                self.late.push(call);
                None
            }
            2 if !is_reliable => {
                self.provider.handle(call);
                None
            }
            _ => Some(self.provider.handle(call)),
        }
    }

    /// One step of an actor: a read, a commit, or a call.
    fn step(&mut self, actor: &mut Actor, dice: &mut Dice, is_reliable: bool) -> Went {
        let Some(read) = &actor.row else {
            match (&self.row, actor.has_means) {
                (Some(row), _) => actor.row = Some(row.clone()),
                // The first commit; the same key finds the order that is there.
                (None, true) => {
                    let ends_at = Timestamp::from_millis(self.now + DECIDED_WITHIN_MILLIS / 2);
                    let (phase, sums) = (Phase::Pending, Sums::default());
                    self.row = Some(Row { phase, version: 1, is_known: false, ends_at, sums });
                    self.takes += 1;
                }
                (None, false) => return Went::Over,
            }
            return Went::On;
        };
        let held = Held {
            phase: read.phase,
            amount: AMOUNT,
            is_known: read.is_known,
            ends_at: read.ends_at,
            has_means: actor.has_means,
            awaits_capture: read.sums.state() == PaymentState::Authorized,
        };
        let call = match (self.rule)(&held, actor.report.as_ref(), Timestamp::from_millis(self.now)) {
            Step::Create => Call::Create,
            Step::Fetch => Call::Fetch,
            Step::Confirm => {
                actor.has_means = false;
                Call::Confirm
            }
            Step::Cancel => Call::Cancel,
            Step::Refund => {
                return match self.call(Call::Refund, dice, is_reliable) {
                    Some(_) | None => Went::Over,
                };
            }
            Step::Advance => return self.commit(actor, Phase::Advanced),
            Step::Release => return self.commit(actor, Phase::Released),
            Step::Note => return self.commit(actor, Phase::Advanced),
            Step::Wait | Step::Done | Step::Mismatch => {
                if let Some(row) = &mut self.row {
                    row.is_known |= actor.report.is_some();
                }
                return Went::Over;
            }
        };
        match self.call(call, dice, is_reliable) {
            Some(report) => {
                actor.report = Some(report);
                Went::On
            }
            None => Went::Over,
        }
    }

    /// The second commit: of two that have read the same row one is made.
    fn commit(&mut self, actor: &mut Actor, phase: Phase) -> Went {
        let (row, read) = (self.row.as_mut().unwrap(), actor.row.take().unwrap());
        if row.version == read.version {
            let before = row.sums.state();
            row.sums = actor.report.iter().fold(row.sums, Sums::learn);
            let may = before.allowed().filter_map(|action| before.next(action)).collect::<Vec<_>>();
            self.went_back |= before != row.sums.state() && !may.contains(&row.sums.state());
            let is_decided = row.phase != phase;
            (row.phase, row.version, row.is_known) = (phase, row.version + 1, true);
            match phase {
                Phase::Advanced if is_decided => self.advances += 1,
                Phase::Released => self.releases += 1,
                Phase::Advanced | Phase::Pending => {}
            }
        }
        Went::On
    }

    /// What is left of an actor, if it comes to an end at all.
    fn finish(&mut self, mut actor: Actor, dice: &mut Dice, is_reliable: bool) {
        for _ in 0..20 {
            if matches!(self.step(&mut actor, dice, is_reliable), Went::Over) {
                return;
            }
        }
    }

    fn sweep(&mut self, dice: &mut Dice) {
        for _ in 0..2 {
            self.finish(Actor { has_means: false, row: None, report: None }, dice, true);
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        let Some(row) = &self.row else {
            return if self.provider.charges == 0 { Ok(()) } else { Err("charged without an order") };
        };
        let is_charged = self.provider.captured != self.provider.refunded;
        let is_paid = is_charged || self.provider.standing == Some(Standing::Authorized);
        // Whoever ended an authorization in the moment in which it was made says so, and so does the sweeper.
        let is_told = row.sums.state() == PaymentState::Voided && self.provider.standing == Some(Standing::Cancelled);
        let rules = [
            (row.phase == Phase::Pending, "an order is not decided"),
            (1 < self.provider.charges, "charged twice"),
            (self.takes != 1, "placed twice"),
            (self.advances + self.releases != 1, "decided twice"),
            (row.phase == Phase::Advanced && !is_paid && !is_told, "an order goes on that is not paid"),
            (row.phase == Phase::Released && is_paid, "paid without an order"),
            (row.phase == Phase::Advanced && row.sums.state() == PaymentState::Pending, "a state that is behind"),
            (self.went_back, "a state that went back"),
        ];
        rules.into_iter().find(|(is_broken, _)| *is_broken).map_or(Ok(()), |(_, what)| Err(what))
    }
}

fn run(seed: u64, rule: Rule) -> Result<(), &'static str> {
    let mut dice = Dice::of(seed);
    let mut world = World::new(rule, &mut dice);
    let request = || Actor { has_means: true, row: None, report: None };
    let mut actors = vec![request()];
    for _ in 0..60 {
        match dice.below(12) {
            // Time passes, at times beyond the end.
            0 => world.now += [1_000, 60_000, DECIDED_WITHIN_MILLIS / 3][dice.below(3)],
            // The client asks again, with the same key; or it never does.
            1 if actors.len() < 4 => actors.push(request()),
            // The buyer comes back, or the sweeper looks.
            2 if actors.len() < 6 => actors.push(Actor { has_means: false, row: None, report: None }),
            // A webhook, which may be told again.
            3 if !world.provider.webhooks.is_empty() => {
                let at = dice.below(world.provider.webhooks.len());
                let report =
                    if dice.one_in(3) { world.provider.webhooks[at] } else { world.provider.webhooks.swap_remove(at) };
                actors.push(Actor { has_means: false, row: None, report: Some(report) });
            }
            4 => world.provider.go_on(&mut dice),
            5 if !world.late.is_empty() => {
                let call = world.late.swap_remove(dice.below(world.late.len()));
                world.provider.handle(call);
            }
            _ if actors.is_empty() => {}
            _ => {
                let at = dice.below(actors.len());
                let went = world.step(&mut actors[at], &mut dice, false);
                // It has nothing more to do, or it dies.
                if matches!(went, Went::Over) || dice.one_in(15) {
                    actors.swap_remove(at);
                }
            }
        }
    }
    // The bank answers in the end, and the sweeper comes after the end. What is still on its way arrives behind it.
    if world.provider.standing == Some(Standing::Processing) {
        world.provider.go_on(&mut dice);
    }
    world.now += DECIDED_WITHIN_MILLIS;
    world.sweep(&mut dice);
    for actor in actors {
        world.finish(actor, &mut dice, false);
    }
    for call in std::mem::take(&mut world.late) {
        world.provider.handle(call);
    }
    for report in std::mem::take(&mut world.provider.webhooks) {
        world.finish(Actor { has_means: false, row: None, report: Some(report) }, &mut dice, true);
    }
    world.sweep(&mut dice);
    world.check()
}

#[test]
fn every_interleaving_decides_each_order_once_as_the_provider_has_it() {
    for seed in FAILED.into_iter().chain(0..SEEDS) {
        assert_eq!(run(seed, next), Ok(()), "seed {seed}");
    }
}

/// That the simulation finds what is wrong.
#[test]
fn rules_that_are_wrong_are_found_out() {
    fn releases_without_ending(held: &Held, report: Option<&Report>, now: Timestamp) -> Step {
        match next(held, report, now) {
            Step::Cancel => Step::Release,
            step => step,
        }
    }
    fn releases_what_it_knows_nothing_of(held: &Held, report: Option<&Report>, now: Timestamp) -> Step {
        match next(held, report, now) {
            Step::Create if !held.has_means => Step::Release,
            step => step,
        }
    }
    fn believes_what_is_asked_for(held: &Held, report: Option<&Report>, now: Timestamp) -> Step {
        match next(held, report, now) {
            Step::Wait => Step::Advance,
            step => step,
        }
    }
    let rules: [Rule; 3] = [releases_without_ending, releases_what_it_knows_nothing_of, believes_what_is_asked_for];
    for (at, rule) in rules.into_iter().enumerate() {
        let found = (0..SEEDS).any(|seed| run(seed, rule).is_err());
        assert!(found, "rule {at}");
    }
}
