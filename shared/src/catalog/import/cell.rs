//! Cells, parsed. What cannot be parsed is listed as a problem, and a neutral value stands in for it: the
//! product is left out then anyway, and the errors of its other cells are found as well.

use std::str::FromStr;

use super::header::Column;
use super::problems::Problems;
use super::row::Row;
use crate::catalog::price::price;
use crate::kernel::money::{Currency, Money};

/// A text of one line: control characters and line breaks become single blanks.
pub(super) fn line_text(row: Row<'_>, column: Column, limit: usize, problems: &mut Problems) -> String {
    let text = one_line(row.text(column));
    if text.chars().nth(limit).is_some() {
        problems.error(row.line, Some(row.header.name(column)), format!("is longer than {limit} characters"));
        return String::new();
    }
    text
}

pub(super) fn optional_line_text(
    row: Row<'_>,
    column: Column,
    limit: usize,
    problems: &mut Problems,
) -> Option<String> {
    Some(line_text(row, column, limit, problems)).filter(|text| !text.is_empty())
}

pub(super) fn one_line(text: &str) -> String {
    if !text.contains(|c: char| c.is_control()) {
        return text.to_owned();
    }
    text.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `TRUE` or `FALSE`, whatever the case; `default` where the cell is empty.
pub(super) fn boolean(row: Row<'_>, column: Column, default: bool, problems: &mut Problems) -> bool {
    one_of(row, column, default, &[("true", true), ("false", false), ("yes", true), ("no", false)], problems)
}

/// One of the `names`, whatever the case; `default` where the cell is empty.
pub(super) fn one_of<T: Copy>(
    row: Row<'_>,
    column: Column,
    default: T,
    names: &[(&str, T)],
    problems: &mut Problems,
) -> T {
    let text = row.text(column);
    if text.is_empty() {
        return default;
    }
    match names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        Some(&(_, value)) => value,
        None => {
            let names: Vec<&str> = names.iter().map(|&(name, _)| name).collect();
            problems.error(row.line, Some(row.header.name(column)), format!("is not one of {}", names.join(", ")));
            default
        }
    }
}

/// An amount of zero or more; `None` where the cell is empty or wrong.
pub(super) fn amount(row: Row<'_>, column: Column, currency: Currency, problems: &mut Problems) -> Option<Money> {
    if !row.is_given(column) {
        return None;
    }
    match price(row.text(column), currency) {
        Ok(amount) => Some(amount),
        Err(reason) => {
            problems.error(row.line, Some(row.header.name(column)), reason);
            None
        }
    }
}

/// A whole number without a sign other than `-`; `None` where the cell is empty or wrong.
pub(super) fn integer<T: FromStr>(row: Row<'_>, column: Column, problems: &mut Problems) -> Option<T> {
    let text = row.text(column);
    if text.is_empty() {
        return None;
    }
    let number = if text.starts_with('+') { None } else { text.parse().ok() };
    if number.is_none() {
        problems.error(row.line, Some(row.header.name(column)), "is not a whole number in range");
    }
    number
}
