//! A cart's hash in Redis, and the words of the script that changes it (see [`super::script`]).

use std::collections::BTreeMap;

use headlesspro_shared::cart::CartLine;
use headlesspro_shared::catalog::Offer;
use headlesspro_shared::kernel::id::{CartId, VariantId};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::journal::Claim;
use crate::port::kv::{Command, KvError, Reply};

/// A cart that is not touched for 14 days is gone.
const LIFETIME_SECONDS: &str = "1209600";

/// What a line keeps of its variant: how it was offered when the line was last added to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    product: String,
    handle: String,
    sku: String,
    title: String,
    variant_title: String,
    image_url: Option<String>,
    price_minor: i64,
    available: Option<i64>,
    continue_selling: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    id: String,
    currency: String,
    created_at: i64,
}

/// A cart as it stands in Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCart {
    pub id: CartId,
    pub version: i64,
    pub currency: Currency,
    pub created_at: Timestamp,
    /// In the order they were added.
    pub lines: Vec<CartLine>,
    /// What each line's variant was offered at when the line was last added to.
    pub seen: BTreeMap<VariantId, Offer>,
    /// Of promotions, as they were entered.
    pub codes: Vec<String>,
}

/// What the script answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutated {
    Done(StoredCart),
    Replayed(StoredCart),
    Missing,
    NoLine,
    Version {
        current: i64,
    },
    /// The line is not priced in the cart's currency, which is this one.
    Currency(Currency),
    OverQuantity {
        would_hold: i64,
    },
    OverLines,
    IdempotencyMismatch,
}

/// One change of a cart.
#[derive(Debug, Clone)]
pub enum Change {
    Create {
        id: CartId,
        currency: Currency,
        at: Timestamp,
    },
    Add {
        variant: VariantId,
        quantity: Quantity,
        offer: Box<Offer>,
        price: Money,
    },
    /// Zero takes the line away.
    Set {
        variant: VariantId,
        quantity: i64,
    },
    Remove {
        variant: VariantId,
    },
    /// In the place of those before.
    Codes {
        codes: Vec<String>,
    },
}

/// The braces keep all keys of a store in one slot of a Redis cluster, as the script needs them.
pub fn key(tenant: Tenant, cart: CartId) -> String {
    format!("hp:{{{}:{}}}:{cart}", tenant.organization, tenant.store)
}

pub fn read(tenant: Tenant, cart: CartId) -> Command {
    Command(vec!["HGETALL".to_owned(), key(tenant, cart)])
}

/// Keeps a cart for as long as one that was just touched.
pub fn keep(tenant: Tenant, cart: CartId) -> Command {
    Command(vec!["EXPIRE".to_owned(), key(tenant, cart), LIFETIME_SECONDS.to_owned()])
}

/// The script's keys and arguments.
pub fn change(
    tenant: Tenant,
    cart: CartId,
    change: &Change,
    claim: Option<&Claim>,
    version: Option<i64>,
) -> (Vec<String>, Vec<String>) {
    let mut keys = vec![key(tenant, cart)];
    keys.extend(
        claim.map(|claim| format!("hp:{{{}:{}}}:idempotency:{}", tenant.organization, tenant.store, claim.key)),
    );
    let name = match change {
        Change::Create { .. } => "create",
        Change::Add { .. } => "add",
        Change::Set { .. } => "set",
        Change::Remove { .. } => "remove",
        Change::Codes { .. } => "codes",
    };
    let mut args = vec![
        name.to_owned(),
        LIFETIME_SECONDS.to_owned(),
        claim.map(|claim| claim.fingerprint.clone()).unwrap_or_default(),
        version.map(|version| version.to_string()).unwrap_or_default(),
    ];
    let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
    match change {
        Change::Create { id, currency, at } => {
            let meta = Meta { id: id.to_string(), currency: currency.to_string(), created_at: at.millis() };
            args.push(json(serde_json::to_string(&meta)));
        }
        Change::Add { variant, quantity, offer, price } => args.extend([
            variant.to_string(),
            quantity.get().to_string(),
            json(serde_json::to_string(&snapshot_of(offer, *price))),
            Quantity::MAX.to_string(),
            headlesspro_shared::cart::MAX_LINES.to_string(),
            format!(r#""currency":"{}""#, price.currency()),
        ]),
        Change::Set { variant, quantity } => {
            args.extend([variant.to_string(), quantity.to_string(), Quantity::MAX.to_string()]);
        }
        Change::Remove { variant } => args.push(variant.to_string()),
        Change::Codes { codes } => args.push(json(serde_json::to_string(codes))),
    }
    (keys, args)
}

/// # Errors
/// [`Unavailable`] when the answer is not the script's.
pub fn mutated(reply: Reply) -> Result<Mutated, Unavailable> {
    let words = texts(reply)?;
    let (status, rest) = words.split_first().ok_or_else(|| Unavailable::corrupt("an empty script reply"))?;
    let number =
        || rest.first().and_then(|word| word.parse().ok()).ok_or_else(|| Unavailable::corrupt("a script reply"));
    Ok(match status.as_str() {
        "ok" => Mutated::Done(cart_of(rest)?),
        "replayed" => Mutated::Replayed(cart_of(rest)?),
        "missing" => Mutated::Missing,
        "no-line" => Mutated::NoLine,
        "version" => Mutated::Version { current: number()? },
        "meta" => Mutated::Currency(currency_of(&meta_of(rest.first().map_or("", String::as_str))?)?),
        "over-quantity" => Mutated::OverQuantity { would_hold: number()? },
        "over-lines" => Mutated::OverLines,
        "idempotency-mismatch" => Mutated::IdempotencyMismatch,
        _ => return Err(Unavailable::corrupt("a script reply")),
    })
}

/// The cart of an HGETALL; `None` when there is none.
///
/// # Errors
/// [`Unavailable`] when the hash is not a cart's.
pub fn cart(reply: Reply) -> Result<Option<StoredCart>, Unavailable> {
    let words = texts(reply)?;
    if words.is_empty() { Ok(None) } else { cart_of(&words).map(Some) }
}

fn cart_of(pairs: &[String]) -> Result<StoredCart, Unavailable> {
    let fields: BTreeMap<&str, &str> = pairs
        .chunks(2)
        .filter_map(|pair| if let [name, value] = pair { Some((name.as_str(), value.as_str())) } else { None })
        .collect();
    let field = |name: &str| fields.get(name).copied().ok_or_else(|| Unavailable::corrupt("a cart's field is missing"));
    let integer = |text: &str| text.parse::<i64>().map_err(|_| Unavailable::corrupt("a cart's number"));
    let meta = meta_of(field("meta")?)?;
    let currency = currency_of(&meta)?;
    let mut ordered = Vec::new();
    let mut seen = BTreeMap::new();
    for (name, quantity) in &fields {
        let Some(variant) = name.strip_prefix("q:") else { continue };
        let id: VariantId = variant.parse().map_err(|_| Unavailable::corrupt("a cart's variant"))?;
        let quantity = Quantity::try_from(integer(quantity)?).map_err(|_| Unavailable::corrupt("a cart's quantity"))?;
        let snapshot = serde_json::from_str(field(&format!("s:{variant}"))?)
            .map_err(|_| Unavailable::corrupt("a cart's snapshot"))?;
        let (offer, seen_price) = offer_of(id, snapshot, currency)?;
        ordered.push((integer(field(&format!("n:{variant}"))?)?, CartLine { variant: id, quantity, seen_price }));
        seen.insert(id, offer);
    }
    ordered.sort_by_key(|(at, _)| *at);
    let codes = fields.get("codes").map(|codes| serde_json::from_str(codes));
    Ok(StoredCart {
        id: meta.id.parse().map_err(|_| Unavailable::corrupt("a cart's id"))?,
        version: integer(field("version")?)?,
        currency,
        created_at: Timestamp::from_millis(meta.created_at),
        lines: ordered.into_iter().map(|(_, line)| line).collect(),
        seen,
        codes: codes.transpose().map_err(|_| Unavailable::corrupt("a cart's codes"))?.unwrap_or_default(),
    })
}

fn meta_of(json: &str) -> Result<Meta, Unavailable> {
    serde_json::from_str(json).map_err(|_| Unavailable::corrupt("a cart's meta"))
}

fn currency_of(meta: &Meta) -> Result<Currency, Unavailable> {
    meta.currency.parse().map_err(|_| Unavailable::corrupt("a cart's currency"))
}

fn snapshot_of(offer: &Offer, price: Money) -> Snapshot {
    Snapshot {
        product: offer.product.to_string(),
        handle: offer.product_handle.clone(),
        sku: offer.sku.clone(),
        title: offer.title.clone(),
        variant_title: offer.variant_title.clone(),
        image_url: offer.image_url.clone(),
        price_minor: price.minor(),
        available: offer.available,
        continue_selling: offer.continue_selling,
    }
}

fn offer_of(variant: VariantId, snapshot: Snapshot, currency: Currency) -> Result<(Offer, Money), Unavailable> {
    let price = Money::new(snapshot.price_minor, currency);
    let offer = Offer {
        variant,
        product: snapshot.product.parse().map_err(|_| Unavailable::corrupt("a cart's product"))?,
        product_handle: snapshot.handle,
        sku: snapshot.sku,
        title: snapshot.title,
        variant_title: snapshot.variant_title,
        image_url: snapshot.image_url,
        price: Some(price),
        published: true,
        turns_at: None,
        sellable: snapshot.available.is_none_or(|available| 0 < available) || snapshot.continue_selling,
        available: snapshot.available,
        continue_selling: snapshot.continue_selling,
    };
    Ok((offer, price))
}

fn texts(reply: Reply) -> Result<Vec<String>, Unavailable> {
    let Reply::Array(items) = reply else {
        return Err(match reply {
            Reply::Error(message) => Unavailable::Carts(KvError::Refused(message)),
            Reply::Nil | Reply::Integer(_) | Reply::Text(_) | Reply::Array(_) => Unavailable::corrupt("a cart's reply"),
        });
    };
    items
        .into_iter()
        .map(|item| match item {
            Reply::Text(text) => Ok(text),
            Reply::Integer(integer) => Ok(integer.to_string()),
            Reply::Nil | Reply::Array(_) | Reply::Error(_) => Err(Unavailable::corrupt("a cart's reply")),
        })
        .collect()
}
