//! Platforms that a store can be a connection to, each with what it offers.

use std::collections::BTreeMap;

/// What a platform offers to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// Listings can be written.
    Products,
    /// Stock can be written.
    Inventory,
    /// Orders can be read and answered.
    Orders,
    /// Goods are sold in live broadcasts.
    Live,
    /// Buyers can be written to.
    Messaging,
}

named!(Ability, UnknownAbility, "products, inventory, orders, live or messaging", {
    Products = "products",
    Inventory = "inventory",
    Orders = "orders",
    Live = "live",
    Messaging = "messaging",
});

/// A marketplace or social network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// Lower-case letters and hyphens.
    pub id: &'static str,
    pub name: &'static str,
    /// Declared, by the platform's own documentation of its API.
    pub abilities: &'static [Ability],
    /// The names of what a connection authenticates with.
    pub credentials: &'static [&'static str],
}

use Ability::{Inventory, Live, Messaging, Orders, Products};

/// All platforms, by their ids.
pub const PLATFORMS: &[Platform] = &[
    Platform {
        id: "amazon",
        name: "Amazon",
        abilities: &[Products, Inventory, Orders, Messaging],
        credentials: &["clientId", "clientSecret", "refreshToken", "sellerId"],
    },
    Platform {
        id: "coupang",
        name: "Coupang",
        abilities: &[Products, Inventory, Orders],
        credentials: &["accessKey", "secretKey", "vendorId"],
    },
    Platform {
        id: "ebay",
        name: "eBay",
        abilities: &[Products, Inventory, Orders, Messaging],
        credentials: &["clientId", "clientSecret", "refreshToken"],
    },
    Platform {
        id: "instagram",
        name: "Instagram Shopping",
        abilities: &[Products, Messaging],
        credentials: &["accessToken", "catalogId"],
    },
    Platform {
        id: "naver-smartstore",
        name: "Naver Smart Store",
        abilities: &[Products, Inventory, Orders, Live],
        credentials: &["clientId", "clientSecret"],
    },
    Platform {
        id: "shopify",
        name: "Shopify",
        abilities: &[Products, Inventory, Orders],
        credentials: &["accessToken", "shopDomain"],
    },
    Platform {
        id: "tiktok-shop",
        name: "TikTok Shop",
        abilities: &[Products, Inventory, Orders, Live, Messaging],
        credentials: &["appKey", "appSecret", "refreshToken", "shopId"],
    },
];

impl Platform {
    /// The platform with this id.
    pub fn of(id: &str) -> Option<&'static Platform> {
        PLATFORMS.iter().find(|platform| platform.id == id)
    }
}

/// Characters that one credential has at most.
const LONGEST: usize = 4_096;

/// Why a store cannot be connected with these credentials. Names them, never their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("only a connection to a platform has credentials")]
    NoPlatform,
    #[error("the platform has no such credential: {0}")]
    Unknown(String),
    #[error("the platform needs the credential {0}")]
    Missing(&'static str),
    #[error("the credential {0} must have 1 to 4096 characters")]
    Length(&'static str),
}

/// Whether a store of `platform` can have these credentials: all that the platform needs, and no others.
///
/// # Errors
/// [`ConnectError`].
pub fn connect(platform: Option<&Platform>, credentials: &BTreeMap<String, String>) -> Result<(), ConnectError> {
    let platform = platform.ok_or(ConnectError::NoPlatform)?;
    if let Some(unknown) = credentials.keys().find(|name| !platform.credentials.contains(&name.as_str())) {
        return Err(ConnectError::Unknown(unknown.chars().take(40).collect()));
    }
    for name in platform.credentials {
        match credentials.get(*name) {
            None => return Err(ConnectError::Missing(name)),
            Some(value) if value.is_empty() || LONGEST < value.chars().count() => {
                return Err(ConnectError::Length(name));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// How a connection was when it was last used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not used since it was made or changed.
    Unknown,
    Healthy,
    /// It works, and not as it should.
    Degraded,
    Failing,
}

named!(Health, UnknownHealth, "unknown, healthy, degraded or failing", {
    Unknown = "unknown",
    Healthy = "healthy",
    Degraded = "degraded",
    Failing = "failing",
});

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(names: &[&str]) -> BTreeMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), "value".to_owned())).collect()
    }

    #[test]
    fn platforms_are_in_order_and_each_offers_something() {
        assert!(PLATFORMS.windows(2).all(|pair| pair[0].id < pair[1].id));
        for platform in PLATFORMS {
            assert!(platform.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", platform.id);
            assert!(!platform.abilities.is_empty() && !platform.credentials.is_empty(), "{}", platform.id);
            assert_eq!(Platform::of(platform.id), Some(platform));
        }
        assert_eq!(Platform::of("nowhere"), None);
    }

    #[test]
    fn a_connection_needs_exactly_the_platforms_credentials() {
        let shopify = Platform::of("shopify");
        assert_eq!(connect(shopify, &credentials(&["accessToken", "shopDomain"])), Ok(()));
        assert_eq!(connect(shopify, &credentials(&["accessToken"])), Err(ConnectError::Missing("shopDomain")));
        let unknown = connect(shopify, &credentials(&["accessToken", "shopDomain", "password"]));
        assert_eq!(unknown, Err(ConnectError::Unknown("password".to_owned())));
        let mut empty = credentials(&["accessToken", "shopDomain"]);
        empty.insert("accessToken".to_owned(), String::new());
        assert_eq!(connect(shopify, &empty), Err(ConnectError::Length("accessToken")));
        assert_eq!(connect(None, &credentials(&["x"])), Err(ConnectError::NoPlatform));
    }
}
