//! Keyset pages: where to go on, and how many.

mod cursor;
mod limit;

pub use cursor::{Cursor, CursorPart, InvalidCursor};
pub use limit::{Limit, LimitOutOfRange};

/// A page of what was read with one more than `limit`, and the cursor of the next one in the order of `key`.
pub fn page<T>(
    mut found: Vec<T>,
    limit: i64,
    sort: &str,
    key: impl Fn(&T) -> Vec<CursorPart>,
) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = limit < found.len();
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|last| Cursor::new(sort, key(last)).to_string());
    (found, next)
}

#[cfg(test)]
mod tests {
    use super::{CursorPart, page};

    #[test]
    fn a_page_ends_where_the_next_one_goes_on() {
        let of = |found: Vec<i64>| page(found, 2, "id", |last| vec![CursorPart::Integer(*last)]);
        assert_eq!(of(vec![1, 2]), (vec![1, 2], None));
        let (page, next) = of(vec![1, 2, 3]);
        let next: super::Cursor = next.unwrap().parse().unwrap();
        assert_eq!((page, next.parts_for("id").unwrap()), (vec![1, 2], &[CursorPart::Integer(2)][..]));
    }
}
