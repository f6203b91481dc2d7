//! The tax that a checkout is agreed with: by the merchant's zones, or by whom the merchant asks.

use headlesspro_shared::organizations::TaxMode;
use headlesspro_shared::tax::{CrossBorder, Exemption, TaxQuestion, TaxReason};
use headlesspro_shared::totals::{Question, Totals, tax_question};

use super::usecase::{Agreed, Basis, Standing, Unpriced, Wanted};
use crate::app::Ctx;
use crate::tax::{self, UsedExemption};
use crate::vault::DataKey;

/// The same with the tax that the store's provider says, where there is one; and the certificate that the buyer is exempt
/// by, for the order to keep. `key` is the organization's.
///
/// It is one request to the provider, and none without one, or where it would be asked what it was for `before`. What it
/// says, or that it says nothing, becomes part of the question, which comes to the same again without it.
///
/// # Errors
/// [`Unpriced`], also where the provider does not answer and the store sells nothing then.
pub async fn settled(
    ctx: &Ctx,
    basis: &Basis,
    wanted: &Wanted,
    (agreed, before): (Agreed, Option<&Agreed>),
    key: &DataKey,
) -> Result<(Agreed, Option<UsedExemption>), Unpriced> {
    let settings = &basis.taxes.settings;
    // Where nobody taxes, nobody is exempt.
    let is_taxed = settings.provider.is_some() || agreed.totals.tax_zone.is_some();
    let granted = granted(&agreed.totals).filter(|_| is_taxed);
    let used = granted.map(|id| basis.held.used(ctx.tenant(), key, id)).transpose()?;
    let destination = wanted.destination.as_ref().or(settings.sells_from.as_ref());
    let Some((provider, destination)) = settings.provider.as_ref().zip(destination) else { return Ok((agreed, used)) };
    // A price that holds the tax is told as it is, and what is to be taken off it only the zones know.
    let is_net_kept = matches!(settings.cross_border, CrossBorder::Net { .. });
    if agreed.question.rules.tax_mode == TaxMode::Inclusive && (used.is_some() || is_net_kept) {
        return Ok((agreed, used));
    }
    let Agreed { mut question, standing, .. } = agreed;
    let asked = tax_question(&question.rules, &question.cart)?;
    let stands = |before: &Agreed| {
        let Standing { tax, exemptions, .. } = before.standing;
        (tax, exemptions) == (standing.tax, standing.exemptions) && !has_turned(&before.question, &question)
    };
    let known = match before.filter(|before| stands(before)) {
        Some(Agreed { question: before, .. }) if is_same(&asked, &tax_question(&before.rules, &before.cart)?) => {
            before.cart.tax_outcome.clone()
        }
        _ => None,
    };
    let outcome = if let Some(known) = known {
        known
    } else {
        let asked = TaxQuestion {
            // What is kept of it is what the zones ask for.
            destination: destination.clone(),
            exemptions: used.iter().flat_map(|used| told(&question.cart.exemptions, used)).collect(),
            ..asked
        };
        tax::ask(ctx, (provider, basis.taxes.secret_sealed.as_deref()), key, &asked).await?
    };
    question.cart.tax_outcome = Some(outcome);
    question.rules.tax.provider_fallback = provider.fallback;
    let totals = question.total()?;
    // Whom it taxes all the same, it does not hold to be exempt.
    let used = used.filter(|_| totals.tax == 0);
    Ok((Agreed { totals, question, standing }, used))
}

/// Whether a certificate has begun or ended between the two.
fn has_turned(before: &Question, now: &Question) -> bool {
    let turns = before.cart.exemptions.iter().filter_map(|exemption| exemption.turns_at(before.cart.at));
    turns.min().is_some_and(|turn| turn <= now.cart.at)
}

/// Whether both are about the same, whenever they were asked.
fn is_same(one: &TaxQuestion, other: &TaxQuestion) -> bool {
    *one == TaxQuestion { at: one.at, ..other.clone() }
}

/// The certificate that the zones' rules grant an exemption by.
fn granted(totals: &Totals) -> Option<&str> {
    let lines = totals.lines.iter().map(|line| &line.taxes.why);
    let mut reasons = lines.chain(totals.deliveries.iter().map(|delivery| &delivery.taxes.why));
    reasons.find_map(|why| match why {
        TaxReason::Exempt { certificate } => Some(certificate.as_str()),
        _ => None,
    })
}

/// The certificate as a provider is told of it: by its number.
fn told(held: &[Exemption], used: &UsedExemption) -> Option<Exemption> {
    held.iter().find_map(|exemption| match exemption {
        Exemption::Certificate { number, zones, from, until } if *number == used.id => Some(Exemption::Certificate {
            number: used.number.clone(),
            zones: zones.clone(),
            from: *from,
            until: *until,
        }),
        Exemption::Certificate { .. } | Exemption::VatId { .. } => None,
    })
}
