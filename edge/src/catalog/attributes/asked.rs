//! Whether lists can be narrowed by what they are asked for.

use headlesspro_shared::catalog::attribute::Owner;

use super::declared::Attributes;
use crate::app::{Ctx, Tenant};
use crate::catalog::store::attribute;
use crate::catalog::store::facet::AttributeFilter;
use crate::catalog::usecase::WrongFilter;
use crate::failure::Failure;
use crate::port::sql::{Rows, Statement};

/// The statement whose rows [`check`] takes, where attributes are asked for.
pub fn reads(tenant: Tenant, asked: &AttributeFilter) -> Option<Statement> {
    let keys: Vec<&str> = asked.keys().into_iter().collect();
    (!keys.is_empty()).then(|| attribute::named(tenant, &keys))
}

/// Whether all that is asked for is something that values of attributes of `owners` can be, and written as these are.
///
/// # Errors
/// [`WrongFilter`], and [`Failure::Unavailable`] when a row does not read back.
pub async fn check(
    ctx: &Ctx,
    asked: &AttributeFilter,
    owners: &[Owner],
    rows: Option<&Rows>,
) -> Result<(), Failure<WrongFilter>> {
    if asked.keys().is_empty() {
        return Ok(());
    }
    let attributes = Attributes::of(rows, ctx.principal().await?.currency)?;
    let definition = |key: &str| match attributes.definitions.get(key) {
        None => Err("is no attribute of this store"),
        Some(definition) if !owners.contains(&definition.of) => Err("is no attribute of what is listed here"),
        Some(definition) if !definition.filterable => Err("is no attribute that lists are narrowed by"),
        Some(definition) => Ok(definition),
    };
    let mut wrong = Vec::new();
    for (key, asked) in &asked.values {
        let reason = match definition(key).map(|definition| definition.asked(asked, attributes.currency())) {
            Err(reason) => Some(reason.to_owned()),
            Ok(Ok(text)) => (text != *asked).then(|| format!("must be written as {text}")),
            Ok(Err(reason)) => Some(reason),
        };
        wrong.extend(reason.map(|reason| (format!("attribute.{key}"), reason)));
    }
    for (key, range) in &asked.ranges {
        for (end, bound) in [("min", range.low()), ("max", range.high())] {
            let Some(bound) = bound else { continue };
            let compared = definition(key).and_then(|definition| definition.compares(bound));
            wrong.extend(compared.err().map(|reason| (format!("attribute.{key}[{end}]"), reason.to_owned())));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Rejected(WrongFilter(wrong))) }
}
