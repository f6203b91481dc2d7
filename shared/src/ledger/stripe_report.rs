//! Stripe's report of what moved a balance, a CSV row at a time.
//!
//! Source: <https://docs.stripe.com/reports/report-types/balance> (`balance_change_from_activity.itemized`, and the columns that
//! `payouts.itemized` shares with it) and <https://docs.stripe.com/reports/reporting-categories>. Amounts are decimals of the
//! currency's major unit.

use super::reconcile::{About, Movement, Side};
use crate::kernel::money::{Currency, Money};

/// Where the columns that are read stand.
#[derive(Debug, Clone, Copy)]
struct Columns {
    id: usize,
    currency: usize,
    gross: usize,
    fee: usize,
    net: usize,
    category: usize,
    source: usize,
    payment: usize,
}

/// Columns that a report must have, and lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the report lacks the columns {}; itemize the balance change from activity with them", .0.join(", "))]
pub struct MissingColumns(pub Vec<&'static str>);

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableRow {
    #[error("it has too few columns")]
    Short,
    #[error("`{0}` is no currency")]
    Currency(String),
    #[error("`{0}` is no amount of {1}")]
    Amount(String, Currency),
    #[error("a {0} without an id of what it is for")]
    NoReference(Side),
}

/// Why a report cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableReport {
    #[error(transparent)]
    Columns(#[from] MissingColumns),
    #[error("row {row}: {error}")]
    Row { row: usize, error: UnreadableRow },
    #[error("it is no CSV: {0}")]
    Csv(String),
}

/// All movements of a report, a CSV file with a header.
///
/// # Errors
/// [`UnreadableReport`], by the first row that cannot be read; the header is row 1.
pub fn movements(report: &[u8]) -> Result<Vec<Movement>, UnreadableReport> {
    let not_csv = |error: csv::Error| UnreadableReport::Csv(error.to_string());
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(report);
    let columns = Columns::of(reader.headers().map_err(not_csv)?)?;
    let rows = reader.records().enumerate().map(|(at, record)| {
        let record = record.map_err(not_csv)?;
        let row = at.saturating_add(2);
        columns.movement(&record.iter().collect::<Vec<_>>()).map_err(|error| UnreadableReport::Row { row, error })
    });
    rows.collect()
}

impl Columns {
    /// # Errors
    /// [`MissingColumns`], all of them.
    fn of<'a>(header: impl IntoIterator<Item = &'a str>) -> Result<Columns, MissingColumns> {
        let header: Vec<&str> = header.into_iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
        let mut missing = Vec::new();
        let mut find = |name: &'static str| {
            header.iter().position(|column| *column == name).unwrap_or_else(|| {
                missing.push(name);
                0
            })
        };
        let columns = Columns {
            id: find("balance_transaction_id"),
            currency: find("currency"),
            gross: find("gross"),
            fee: find("fee"),
            net: find("net"),
            category: find("reporting_category"),
            source: find("source_id"),
            payment: find("payment_intent_id"),
        };
        if missing.is_empty() { Ok(columns) } else { Err(MissingColumns(missing)) }
    }

    /// # Errors
    /// [`UnreadableRow`].
    fn movement(&self, row: &[&str]) -> Result<Movement, UnreadableRow> {
        let text = |at: usize| row.get(at).map(|text| text.trim()).ok_or(UnreadableRow::Short);
        let code = text(self.currency)?;
        let currency: Currency =
            code.to_ascii_uppercase().parse().map_err(|_| UnreadableRow::Currency(code.to_owned()))?;
        let amount = |at: usize| {
            let text = text(at)?;
            minor(text, currency).ok_or_else(|| UnreadableRow::Amount(text.to_owned(), currency))
        };
        let ours = |side: Side, reference: &str| match reference {
            "" => Err(UnreadableRow::NoReference(side)),
            reference => Ok(About::Ours(side, reference.to_owned())),
        };
        let of = match text(self.category)? {
            "charge" | "charge_failure" | "partial_capture_reversal" => ours(Side::Capture, text(self.payment)?)?,
            "refund" | "refund_failure" => ours(Side::Refund, text(self.source)?)?,
            "payout" | "payout_reversal" => About::Payout,
            "fee" => About::Fee,
            other => About::Other(other.to_owned()),
        };
        Ok(Movement {
            id: text(self.id)?.to_owned(),
            currency,
            gross: amount(self.gross)?,
            fee: amount(self.fee)?,
            net: amount(self.net)?,
            of,
        })
    }
}

/// Minor units; a report may leave decimals out, or give more of them where they are zeros.
fn minor(text: &str, currency: Currency) -> Option<i64> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let exponent = usize::from(currency.exponent());
    let (kept, further) = decimals.split_at_checked(exponent).unwrap_or((decimals, ""));
    if further.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let text = if exponent == 0 { whole.to_owned() } else { format!("{whole}.{kept:0<exponent$}") };
    let minor = Money::parse_amount(&text, currency).ok()?.minor();
    if is_negative { minor.checked_neg() } else { Some(minor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,\
                          payment_intent_id";

    fn columns() -> Columns {
        Columns::of(HEADER.split(',')).unwrap()
    }

    fn read(row: &str) -> Result<Movement, UnreadableRow> {
        columns().movement(&row.split(',').collect::<Vec<_>>())
    }

    #[test]
    fn rows_are_read_by_their_category() {
        let ours = |side, reference: &str| About::Ours(side, reference.to_owned());
        for (row, currency, amounts, of) in [
            (
                "txn_1,2026-11-01 10:00:00,eur,20.00,0.88,19.12,charge,ch_1,pi_1",
                Currency::EUR,
                (2_000, 88, 1_912),
                ours(Side::Capture, "pi_1"),
            ),
            ("txn_2,,jpy,-500,0,-500,refund,re_1,pi_1", Currency::JPY, (-500, 0, -500), ours(Side::Refund, "re_1")),
            ("txn_3,,jpy,-500.00,0.00,-500.0,payout,po_1,", Currency::JPY, (-500, 0, -500), About::Payout),
            ("txn_4,,kwd,-0.030,0,-0.030,fee,,", Currency::KWD, (-30, 0, -30), About::Fee),
            (
                "txn_5,,eur,-20,15.00,-35.0,dispute,dp_1,pi_1",
                Currency::EUR,
                (-2_000, 1_500, -3_500),
                About::Other("dispute".to_owned()),
            ),
            ("txn_6,,eur,5,0,5,refund_failure,re_1,pi_1", Currency::EUR, (500, 0, 500), ours(Side::Refund, "re_1")),
        ] {
            let movement = read(row).unwrap();
            assert_eq!((movement.currency, (movement.gross, movement.fee, movement.net)), (currency, amounts), "{row}");
            assert_eq!(movement.of, of, "{row}");
        }
    }

    #[test]
    fn a_whole_file_is_read_or_its_first_wrong_row_named() {
        let file = |rows: &str| format!("{HEADER}\r\n{rows}");
        let good = "txn_1,,eur,20.00,0.88,19.12,charge,ch_1,pi_1\r\n\"txn_2\",,eur,-1,0,-1,payout,po_1,\r\n";
        let read = movements(file(good).as_bytes()).unwrap();
        assert_eq!(read.iter().map(|movement| movement.id.as_str()).collect::<Vec<_>>(), ["txn_1", "txn_2"]);
        let wrong = movements(file(&format!("{good}txn_3,,eur,x,0,1,fee,,")).as_bytes()).unwrap_err();
        assert_eq!(wrong.to_string(), "row 4: `x` is no amount of EUR");
        assert!(matches!(movements(b"a,b\n1,2"), Err(UnreadableReport::Columns(_))));
        assert!(matches!(movements(b"a,\xff\n"), Err(UnreadableReport::Csv(_))));
        assert!(matches!(movements(b""), Err(UnreadableReport::Columns(_))));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let missing = Columns::of(["\u{feff}balance_transaction_id", "currency", "gross", "net"]).unwrap_err();
        assert_eq!(missing.0, ["fee", "reporting_category", "source_id", "payment_intent_id"]);
        for (row, error) in [
            ("txn_1,,eur", UnreadableRow::Short),
            ("txn_1,,euro,1,0,1,charge,ch,pi", UnreadableRow::Currency("euro".to_owned())),
            ("txn_1,,eur,1.005,0,1,charge,ch,pi", UnreadableRow::Amount("1.005".to_owned(), Currency::EUR)),
            ("txn_1,,eur,\"1,00\",0,1,charge,ch,pi", UnreadableRow::Amount("\"1".to_owned(), Currency::EUR)),
            ("txn_1,,eur,,0,1,charge,ch,pi", UnreadableRow::Amount(String::new(), Currency::EUR)),
            ("txn_1,,eur,1,0,1,charge,ch,", UnreadableRow::NoReference(Side::Capture)),
        ] {
            assert_eq!(read(row).unwrap_err(), error, "{row}");
        }
    }
}
