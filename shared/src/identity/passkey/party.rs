//! Whom passkeys are made for: a relying party and the origins it has.

use std::str::FromStr;

use crate::kernel::line::Line;

/// A store as authenticators know it. Passkeys belong to `id` for ever: with another id nobody finds theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    name: Line<80>,
    origins: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRelyingParty {
    #[error("must be a domain in lower case, such as shop.example")]
    Id,
    #[error("must be 1 to 80 characters in one line")]
    Name,
    #[error("must be 1 to 10 origins")]
    Count,
    /// An authenticator would refuse it (section 5.1.3).
    #[error("must be https (or http on localhost) on the domain itself or one below it, without a path")]
    Origin,
}

impl RelyingParty {
    /// # Errors
    /// [`InvalidRelyingParty`].
    pub fn new(id: &str, name: &str, origins: Vec<String>) -> Result<RelyingParty, InvalidRelyingParty> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let is_domain = id.len() <= 253 && id.split('.').all(is_label) && (id.contains('.') || id == "localhost");
        // The last label of an address is a number, that of a name is not.
        let is_name = id.rsplit('.').next().is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_domain || !is_name {
            return Err(InvalidRelyingParty::Id);
        }
        if !(1..=10).contains(&origins.len()) {
            return Err(InvalidRelyingParty::Count);
        }
        if !origins.iter().all(|origin| is_origin_of(origin, id)) {
            return Err(InvalidRelyingParty::Origin);
        }
        let name = Line::from_str(name).map_err(|_| InvalidRelyingParty::Name)?;
        Ok(RelyingParty { id: id.to_owned(), name, origins })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    pub fn origins(&self) -> &[String] {
        &self.origins
    }
}

fn is_origin_of(origin: &str, id: &str) -> bool {
    let (is_secure, rest) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return false,
    };
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number.to_string() == port));
    let is_below = host == id || host.strip_suffix(id).is_some_and(|rest| rest.ends_with('.') && 1 < rest.len());
    let is_plain = host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte));
    is_below && is_port && is_plain && (is_secure || host == "localhost" || host.ends_with(".localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(id: &str, origins: &[&str]) -> Result<RelyingParty, InvalidRelyingParty> {
        RelyingParty::new(id, "Shop", origins.iter().map(|origin| (*origin).to_owned()).collect())
    }

    #[test]
    fn origins_are_the_domain_and_what_is_below_it() {
        assert!(party("shop.example", &["https://shop.example", "https://www.shop.example:8443"]).is_ok());
        assert!(party("localhost", &["http://localhost:3000"]).is_ok());
        for origin in [
            "http://shop.example",
            "https://evil.example",
            "https://evilshop.example",
            "https://.shop.example",
            "https://shop.example/",
            "https://shop.example:",
            "https://shop.example:080",
            "https://shop.example@evil.example",
            "https://Shop.example",
            "shop.example",
        ] {
            assert_eq!(party("shop.example", &[origin]), Err(InvalidRelyingParty::Origin), "{origin}");
        }
        for id in ["", "Shop.example", "shop", "127.0.0.1", "shop..example", "https://shop.example", "bücher.example"]
        {
            assert_eq!(party(id, &["https://shop.example"]), Err(InvalidRelyingParty::Id), "{id}");
        }
        assert_eq!(party("shop.example", &[]), Err(InvalidRelyingParty::Count));
        let unnamed = RelyingParty::new("shop.example", "", vec!["https://shop.example".to_owned()]);
        assert_eq!(unnamed, Err(InvalidRelyingParty::Name));
    }
}
