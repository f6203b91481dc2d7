//! `/api/v1/sitemaps`.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use headlesspro_shared::catalog::sitemap::PAGE;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::time::Timestamp;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};

use super::usecase::{self, Part, Rest, Start};
use crate::app::Ctx;
use crate::catalog::http::{CACHE_TAG, cacheable};
use crate::catalog::shown::{catalog_tag, lists_tag};
use crate::extract::PathText;
use crate::problem::Problem;
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    let access = Access::Key(Scope::CatalogRead);
    Routes::new().get("/api/v1/sitemaps", access, index).get("/api/v1/sitemaps/{page}", access, page)
}

async fn index(ctx: Ctx) -> Result<Response, Problem> {
    let xml = usecase::index(&ctx).await?;
    // It names pages, whatever of their products is published.
    Ok(respond(&ctx, None, Body::from(xml)))
}

/// What is left of a page that is being answered.
enum Left {
    Part(Ctx, Rest),
    Nothing,
}

async fn page(ctx: Ctx, PathText([from]): PathText<1>) -> Result<Response, Problem> {
    let from: Start = from.parse().map_err(|_| Problem::not_found())?;
    let Part { xml, rest, turn } = usecase::page(&ctx, from).await?;
    let first = format!("{}{xml}", PAGE.before);
    let Some(rest) = rest else { return Ok(respond(&ctx, turn, Body::from(first + PAGE.after))) };
    // The rest is read while what is there is on its way: of a page no more is held than a part.
    let parts = stream::try_unfold(Left::Part(ctx.clone(), rest), |left| async move {
        let Left::Part(ctx, rest) = left else { return Ok(None) };
        let part = usecase::part(&ctx, &rest).await;
        let Part { xml, rest, .. } = part.map_err(|_| std::io::Error::other("the database does not answer"))?;
        Ok::<_, std::io::Error>(Some(match rest {
            Some(rest) => (xml, Left::Part(ctx, rest)),
            None => (xml + PAGE.after, Left::Nothing),
        }))
    });
    let first = stream::once(std::future::ready(Ok(first)));
    Ok(respond(&ctx, turn, Body::from_stream(futures_util::StreamExt::chain(first, parts))))
}

fn respond(ctx: &Ctx, turn: Option<Timestamp>, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(CACHE_CONTROL, cacheable(ctx.now, turn));
    headers.insert(VARY, HeaderValue::from_static("Authorization, X-Publishable-Key"));
    let store = ctx.tenant().store;
    let tags = [lists_tag(store), catalog_tag(store)];
    let (of_cdn, between) = ctx.app().cdn().map_or((CACHE_TAG, ","), |cdn| cdn.tag_header());
    for (name, between) in [(of_cdn, between), (CACHE_TAG, ",")] {
        if let Ok(tags) = HeaderValue::from_str(&tags.join(between)) {
            headers.insert(name, tags);
        }
    }
    response
}
