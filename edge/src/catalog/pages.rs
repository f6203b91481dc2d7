//! The pages of categories and collections in their storefront: one in each locale that something is said in.

use headlesspro_shared::catalog::sitemap::pages_in;
use headlesspro_shared::catalog::source::NamedTranslations;
use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::locale::Locale;

use super::openapi::AlternateBody;
use super::spoken::Spoken;
use super::wire::PageBody;
use crate::app::Ctx;

/// The pages of what `said` says something of; `page` is the path in the storefront for a chain of locales.
pub fn pages_of(ctx: &Ctx, spoken: &Spoken, said: &NamedTranslations, page: impl Fn(&[Locale]) -> String) -> PageBody {
    let (storefront, locales) = (ctx.storefront_of(Role::Customer), ctx.locales());
    let told = pages_in(&locales, page(&[]), |chain| said.is_said(chain).then(|| page(chain)));
    let alternate =
        |(locale, path): (&Locale, String)| AlternateBody { locale: locale.to_string(), url: storefront.page(&path) };
    let mut alternates: Vec<AlternateBody> = told.into_iter().map(alternate).collect();
    if alternates.len() < 2 {
        alternates.clear();
    }
    PageBody { canonical_url: storefront.page(&spoken.page(&page(&spoken.chain))), alternates }
}
