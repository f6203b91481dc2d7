//! Taking a part: chunk after chunk, each in one commit with how far the part has come.

use std::collections::BTreeMap;
use std::time::Duration;

use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::kernel::id::BulkJobId;
use sha2::{Digest, Sha256};

use super::job::{BulkError, Outcome};
use super::line::lines;
use super::store::{self, Counts, Job, Part};
use super::write::{TOO_LARGE, Written, write};
use crate::app::Ctx;
use crate::failure::Failure;

/// Lines a commit: large enough to spread the round trip, small enough for a request's memory.
const CHUNK_LINES: usize = 400;

/// A request works for so long, and answers how far it has come: hosts give it 30 s.
const WORKS_FOR_MILLIS: i64 = 15_000;

/// Others may write the same between our read and our commit; then we read again, each time after a pause of up to so
/// many milliseconds.
const PAUSES: [u64; 7] = [50, 100, 200, 400, 800, 1_600, 2_000];

/// Takes the part with this number, or what is left of it, and answers how far it has come. Sent again, it goes on.
pub async fn put(ctx: &Ctx, id: BulkJobId, number: i64, content: &[u8]) -> Outcome<Part> {
    // Each chunk is decided on what is there: what a replica says may look as if it were written already.
    let ctx = &ctx.clone().reading_what_is_current();
    let sha256 = hex::encode(Sha256::digest(content));
    let (mut job, mut part) = begin(ctx, id, number, content, &sha256).await?;
    let (mut most, mut limit) = (CHUNK_LINES, CHUNK_LINES);
    let mut refused = BTreeMap::<i64, Vec<Fault>>::new();
    let mut pauses = PAUSES.into_iter();
    while !part.is_done() {
        if job.state != "open" {
            return Err(Failure::Rejected(BulkError::Closed(job.state)));
        }
        let elapsed = ctx.app().clock.now().millis().saturating_sub(ctx.now.millis());
        if WORKS_FOR_MILLIS < elapsed && part.is_stored {
            break;
        }
        let from = usize::try_from(part.bytes_done).unwrap_or(usize::MAX);
        let lines = lines(content, from, part.counts.lines, most);
        let (first, count) = (lines.first().map_or(0, |line| line.number), lines.len());
        let written = match write(ctx, &job, &part, lines, &refused).await {
            Err(failure) if failure.is_too_large() && (1 < count || !refused.contains_key(&first)) => Written::TooLarge,
            written => written?,
        };
        match written {
            Written::Done(further) => {
                part = further;
                // What was too large once is approached step by step: its neighbours are as large.
                limit = limit.saturating_add(limit.div_ceil(4)).min(CHUNK_LINES);
                (most, pauses) = (limit, PAUSES.into_iter());
                refused.clear();
            }
            Written::TooLarge if 1 < count => {
                limit = count.div_ceil(2);
                most = limit;
            }
            Written::TooLarge => {
                refused.insert(first, vec![Fault { path: String::new(), reason: TOO_LARGE.to_owned() }]);
            }
            Written::Taken(taken) => {
                // Each time it is more, or the chunk is smaller: it comes to an end.
                if taken.keys().all(|line| refused.contains_key(line)) {
                    most = most.div_ceil(2);
                }
                refused.extend(taken);
            }
            Written::Raced => {
                let pause = pauses.next().ok_or(Failure::Rejected(BulkError::Changing))?;
                pause_for(ctx, pause).await?;
                most = most.div_ceil(2);
                (job, part) = begin(ctx, id, number, content, &sha256).await?;
            }
        }
    }
    Ok(part)
}

/// The job, and how far the part has come that has this content.
async fn begin(ctx: &Ctx, id: BulkJobId, number: i64, content: &[u8], sha256: &str) -> Outcome<(Job, Part)> {
    let tenant = ctx.tenant();
    let [job, _] = store::job(tenant, id);
    let rows = ctx.read(vec![job, store::part(tenant, id, number)]).await?;
    let job = store::job_of(id, rows.get(..1).unwrap_or_default())?.ok_or(Failure::NotFound)?;
    let part = match store::part_of(number, rows.get(1))? {
        Some(there) if there.sha256 != sha256 => return Err(Failure::Rejected(BulkError::PartDiffers)),
        Some(there) => there,
        None => Part {
            number,
            sha256: sha256.to_owned(),
            bytes: i64::try_from(content.len()).unwrap_or(i64::MAX),
            bytes_done: 0,
            counts: Counts::default(),
            is_stored: false,
        },
    };
    Ok((job, part))
}

/// Half of `millis` and up to as much again: who lost together shall not meet again.
async fn pause_for(ctx: &Ctx, millis: u64) -> Outcome<()> {
    let [random, ..] = ctx.random()?;
    let half = millis.saturating_div(2);
    let spread = half.saturating_mul(u64::from(random)).saturating_div(255);
    ctx.app().clock.sleep(Duration::from_millis(half.saturating_add(spread))).await;
    Ok(())
}
