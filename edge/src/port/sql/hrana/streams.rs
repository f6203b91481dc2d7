//! Streams that are kept open between requests.
//!
//! A server opens a database connection for each stream, which costs sqld more than most of our reads. A
//! stream is no connection of ours: it is a text (the baton), which the next request shows. So an isolate
//! keeps a few, each used by one request at a time, and the server forgets those it is not shown for 10 s.

use std::sync::{Mutex, PoisonError};

use headlesspro_shared::kernel::time::Timestamp;

/// sqld lets a stream expire after 10 s without a request.
const FRESH_MILLIS: i64 = 5_000;
/// A request that has not come back for so long never will: the host dropped it without a word.
const LOST_MILLIS: i64 = 12_000;

#[derive(Debug)]
pub(super) struct Streams {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    parked: Vec<Parked>,
    /// Tickets of the streams in use, with the moment they were taken.
    taken: Vec<(u64, Timestamp)>,
}

#[derive(Debug)]
struct Parked {
    baton: String,
    since: Timestamp,
}

/// One use of a stream; given back without a baton when dropped.
pub(super) struct Taken<'a> {
    streams: &'a Streams,
    /// Of a stream that may be kept afterwards.
    ticket: Option<u64>,
    baton: Option<String>,
}

impl Streams {
    /// Keeps at most `most` streams open.
    pub(super) fn new(most: usize) -> Streams {
        Streams { most, state: Mutex::default() }
    }

    /// A parked stream, a new one to be kept, or, where enough are open, a new one for this once.
    pub(super) fn take(&self, now: Timestamp) -> Taken<'_> {
        let since = |then: Timestamp| now.millis().saturating_sub(then.millis());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.parked.retain(|parked| (0..FRESH_MILLIS).contains(&since(parked.since)));
        state.taken.retain(|(_, then)| since(*then) < LOST_MILLIS);
        let baton = state.parked.pop().map(|parked| parked.baton);
        let may_be_kept = baton.is_some() || state.taken.len().saturating_add(state.parked.len()) < self.most;
        let ticket = may_be_kept.then(|| {
            state.last = state.last.wrapping_add(1);
            state.last
        });
        state.taken.extend(ticket.map(|ticket| (ticket, now)));
        Taken { streams: self, ticket, baton }
    }

    /// The server knows none of the batons any more: it was restarted.
    fn forget(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).parked.clear();
    }
}

impl Taken<'_> {
    pub(super) fn baton(&self) -> Option<&str> {
        self.baton.as_deref()
    }

    pub(super) fn may_be_kept(&self) -> bool {
        self.ticket.is_some()
    }

    /// The server refused the baton: go on with a new stream.
    pub(super) fn start_anew(&mut self) {
        self.baton = None;
        self.streams.forget();
    }

    /// Parks the stream under its next baton.
    pub(super) fn park(mut self, baton: String, now: Timestamp) {
        let Some(ticket) = self.ticket.take() else { return };
        let mut state = self.streams.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.taken.len();
        state.taken.retain(|(taken, _)| *taken != ticket);
        // One that was taken for lost has its place no more.
        if state.taken.len() < before {
            state.parked.push(Parked { baton, since: now });
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.streams.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.taken.retain(|(taken, _)| *taken != ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn as_many_streams_are_kept_as_allowed_and_none_is_used_twice_at_once() {
        let streams = Streams::new(2);
        let (first, second, third) = (streams.take(at(0)), streams.take(at(0)), streams.take(at(0)));
        assert_eq!([&first, &second, &third].map(Taken::may_be_kept), [true, true, false]);
        first.park("a".to_owned(), at(1));
        let again = streams.take(at(2));
        assert_eq!((again.baton(), streams.take(at(2)).baton()), (Some("a"), None));
        drop(second);
        assert!(streams.take(at(2)).may_be_kept(), "a dropped stream leaves its place");
    }

    #[test]
    fn a_stream_is_used_while_the_server_knows_it() {
        let streams = Streams::new(2);
        streams.take(at(0)).park("a".to_owned(), at(0));
        assert_eq!(streams.take(at(FRESH_MILLIS)).baton(), None);
        streams.take(at(0)).park("b".to_owned(), at(0));
        streams.take(at(0)).park("c".to_owned(), at(0));
        let mut taken = streams.take(at(1));
        taken.start_anew();
        assert_eq!((taken.baton(), streams.take(at(1)).baton()), (None, None));
        // A request that the host dropped without a word does not take its place for ever.
        std::mem::forget(taken);
        std::mem::forget(streams.take(at(1)));
        assert!(!streams.take(at(2)).may_be_kept());
        assert!(streams.take(at(LOST_MILLIS + 1)).may_be_kept());
    }
}
