//! Which writes of a store's catalog went through one cache.

/// Writes without a gap: `first..=last`. What was read before the first of them or at it, and was not touched, is as
/// good as read at the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    first: i64,
    last: i64,
}

impl Span {
    pub fn of(version: i64) -> Span {
        Span { first: version, last: version }
    }

    /// Another write. Two at once may be told in the wrong order; past a gap, others have written meanwhile, of which
    /// nothing is known here.
    pub fn add(&mut self, version: i64) {
        if version == self.last.saturating_add(1) {
            self.last = version;
        } else if version == self.first.saturating_sub(1) {
            self.first = version;
        } else if self.last < version {
            *self = Span::of(version);
        }
    }

    pub fn last(&self) -> i64 {
        self.last
    }

    /// Up to which version an answer read at `version` holds, that none of the writes has touched.
    pub fn holds_until(&self, version: i64) -> i64 {
        if self.first.saturating_sub(1) <= version { version.max(self.last) } else { version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_writes_left_alone_is_as_new_as_the_last() {
        let mut span = Span::of(7);
        for version in [8, 10, 9] {
            span.add(version);
        }
        // 10 was told before 9: between 8 and 10 something was missing.
        assert_eq!((span.last(), span.holds_until(8), span.holds_until(7)), (10, 10, 7));
        span.add(11);
        assert_eq!((span.holds_until(8), span.holds_until(12)), (11, 12));
        span.add(14);
        assert_eq!((span.holds_until(11), span.holds_until(13)), (11, 14));
        span.add(3);
        assert_eq!((span.last(), span.holds_until(2)), (14, 2), "long past");
    }
}
