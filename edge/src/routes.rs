//! The route table: method, path, who may, handler. What is not in it does not exist.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::limits::Class;
use http::Method;

use crate::app::App;
use crate::identity::{Needed, Over};
use crate::middleware::{Counting, Gate, cors, gate, request};
use crate::problem::Problem;
use crate::{
    cart, catalog, checkout, fraud, identity, imports, inventory, invoices, journal, ledger, media, meta,
    notifications, orders, organizations, payments, pricing, products, promotions, shipping, tax,
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, without a key.
    Public,
    /// A key or token with this scope for the store it is for.
    Key(Scope),
    /// With this scope for the whole organization: no narrowed grant opens it.
    Organization(Scope),
    /// With this scope for anything at all. The handler asks [`Ctx::reaches`](crate::app::Ctx::reaches) about the
    /// record, and answers as if it were not there where the grants do not reach it.
    Record(Scope),
    /// With this scope for the store, or for some channel of it. The handler does no more than that: it asks
    /// [`Ctx::reaches`](crate::app::Ctx::reaches) about what is in the channels, and narrows a list to
    /// [`Ctx::channels`](crate::app::Ctx::channels).
    Channel(Scope),
    /// With this scope for the store, or for some location of it. The handler asks
    /// [`Ctx::reaches`](crate::app::Ctx::reaches) about what is at a location, and narrows a list to
    /// [`Ctx::locations`](crate::app::Ctx::locations).
    Location(Scope),
}

impl Access {
    /// What the route needs, unless anyone may call it.
    pub const fn needed(self) -> Option<Needed> {
        let (scope, over) = match self {
            Access::Public => return None,
            Access::Key(scope) => (scope, Over::Store),
            Access::Organization(scope) => (scope, Over::Organization),
            Access::Record(scope) => (scope, Over::Record),
            Access::Channel(scope) => (scope, Over::Channel),
            Access::Location(scope) => (scope, Over::Location),
        };
        Some(Needed { scope, over })
    }

    pub const fn scope(self) -> Option<Scope> {
        match self.needed() {
            None => None,
            Some(needed) => Some(needed.scope),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// Which rate limits it counts against. `None`: none, for what asks nobody for anything.
    pub class: Option<Class>,
    /// Whether its use case asks for them together with a question of its own.
    pub is_postponed: bool,
}

/// A part of the table with its handlers.
#[derive(Default)]
pub struct Routes {
    table: Vec<Route>,
    routers: BTreeMap<&'static str, MethodRouter<Arc<App>>>,
    /// Of the routes that are added next, where their methods do not say it.
    class: Option<Class>,
    is_postponed: bool,
    is_kept: bool,
}

impl Routes {
    pub fn new() -> Routes {
        Routes::default()
    }

    /// Counts the routes that are added to this part from here on as `class`. Without it those that need a key
    /// are reads (GET) or writes (all others), and the others are not counted.
    #[must_use]
    pub fn class(mut self, class: Class) -> Routes {
        self.class = Some(class);
        self
    }

    /// Leaves the limits of the routes that are added to this part from here on to their use cases.
    #[must_use]
    pub fn postponed(mut self) -> Routes {
        self.is_postponed = true;
        self
    }

    /// Of the routes that are added to this part from here on, isolates share the answers to GET.
    #[must_use]
    pub fn kept(mut self) -> Routes {
        self.is_kept = true;
        self
    }

    /// Answers GET, and HEAD without the body.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.on(Method::GET, MethodFilter::GET, path, access, handler)
    }

    #[must_use]
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.on(Method::POST, MethodFilter::POST, path, access, handler)
    }

    #[must_use]
    pub fn put<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.on(Method::PUT, MethodFilter::PUT, path, access, handler)
    }

    #[must_use]
    pub fn patch<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.on(Method::PATCH, MethodFilter::PATCH, path, access, handler)
    }

    #[must_use]
    pub fn delete<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.on(Method::DELETE, MethodFilter::DELETE, path, access, handler)
    }

    #[must_use]
    pub fn and(mut self, other: Routes) -> Routes {
        self.table.extend(other.table);
        for (path, router) in other.routers {
            self.add(path, router);
        }
        self
    }

    pub fn table(&self) -> &[Route] {
        &self.table
    }

    pub fn find(&self, method: &Method, path: &str) -> Option<&Route> {
        self.table.iter().find(|route| route.method == *method && route.path == path)
    }

    fn on<H, T>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Routes
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        let by_method = match access {
            Access::Public => None,
            _ if method == Method::GET => Some(Class::Read),
            Access::Key(_) | Access::Organization(_) | Access::Record(_) | Access::Channel(_) | Access::Location(_) => {
                Some(Class::Write)
            }
        };
        let class = self.class.or(by_method);
        let (is_postponed, is_kept) = (self.is_postponed, self.is_kept && method == Method::GET);
        self.table.push(Route { method, path, access, class, is_postponed });
        let route = MethodRouter::new().on(filter, handler);
        let counting = class.map(|class| Counting { class, is_postponed, is_kept });
        let route = match (counting, access.needed()) {
            (None, None) => route,
            (counting, needed) => route.layer(from_fn_with_state(Gate { counting, needed }, gate)),
        };
        self.add(path, route);
        self
    }

    fn add(&mut self, path: &'static str, router: MethodRouter<Arc<App>>) {
        let merged = match self.routers.remove(path) {
            Some(there) => there.merge(router),
            None => router,
        };
        self.routers.insert(path, merged);
    }
}

/// Every route there is.
pub fn routes() -> Routes {
    Routes::new()
        .and(meta::routes())
        .and(identity::routes())
        .and(media::routes())
        .and(catalog::routes())
        .and(products::routes())
        .and(imports::routes())
        .and(inventory::routes())
        .and(pricing::routes())
        .and(promotions::routes())
        .and(ledger::routes())
        .and(tax::routes())
        .and(shipping::routes())
        .and(cart::routes())
        .and(checkout::routes())
        .and(orders::routes())
        .and(payments::routes())
        .and(fraud::routes())
        .and(invoices::routes())
        .and(journal::routes())
        .and(notifications::routes())
        .and(organizations::routes())
}

/// The router that all hosts run.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for (path, methods) in routes().routers {
        router = router.route(path, methods.fallback(wrong_method));
    }
    router.fallback(no_route).layer(from_fn(cors)).layer(from_fn_with_state(Arc::clone(&app), request)).with_state(app)
}

async fn no_route() -> Problem {
    Problem::no_route()
}

async fn wrong_method() -> Problem {
    Problem::method_not_allowed()
}
