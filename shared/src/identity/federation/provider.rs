//! Which providers there are, and what a configuration of one may say.

use std::fmt;
use std::str::FromStr;

/// Whose rules a provider follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Any issuer of OpenID Connect, found by discovery.
    Oidc,
    Google,
    /// OpenID Connect; its ID token does not say whether an address is verified, its userinfo endpoint does.
    Kakao,
    /// OAuth 2.0 with a profile endpoint.
    Naver,
}

/// Where a provider without discovery is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints {
    pub authorization: &'static str,
    pub token: &'static str,
    pub profile: &'static str,
}

impl ProviderKind {
    pub const ALL: [ProviderKind; 4] =
        [ProviderKind::Oidc, ProviderKind::Google, ProviderKind::Kakao, ProviderKind::Naver];

    pub const fn name(self) -> &'static str {
        match self {
            ProviderKind::Oidc => "oidc",
            ProviderKind::Google => "google",
            ProviderKind::Kakao => "kakao",
            ProviderKind::Naver => "naver",
        }
    }

    /// The issuer of a preset; of any other it is configured.
    pub const fn issuer(self) -> Option<&'static str> {
        match self {
            ProviderKind::Oidc => None,
            ProviderKind::Google => Some("https://accounts.google.com"),
            ProviderKind::Kakao => Some("https://kauth.kakao.com"),
            ProviderKind::Naver => Some("https://nid.naver.com"),
        }
    }

    /// What is asked for unless configured.
    pub const fn scope(self) -> &'static str {
        match self {
            ProviderKind::Oidc | ProviderKind::Google => "openid email profile",
            // `account_email` is what Kakao calls it.
            ProviderKind::Kakao => "openid account_email",
            ProviderKind::Naver => "",
        }
    }

    /// Naver, as its developers' site describes it (Naver Login API, member profile API).
    pub const fn endpoints(self) -> Option<Endpoints> {
        match self {
            ProviderKind::Naver => Some(Endpoints {
                authorization: "https://nid.naver.com/oauth2.0/authorize",
                token: "https://nid.naver.com/oauth2.0/token",
                profile: "https://openapi.naver.com/v1/nid/me",
            }),
            ProviderKind::Oidc | ProviderKind::Google | ProviderKind::Kakao => None,
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be oidc, google, kakao or naver")]
pub struct UnknownProviderKind;

impl FromStr for ProviderKind {
    type Err = UnknownProviderKind;

    fn from_str(text: &str) -> Result<ProviderKind, UnknownProviderKind> {
        ProviderKind::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownProviderKind)
    }
}

/// An issuer's identifier: an http or https URL without query and fragment (OpenID Connect Discovery, section 3),
/// compared letter by letter. Whether plain http or a private address may be called is for the one who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an https URL of at most 255 characters without user, query and fragment")]
pub struct InvalidIssuer;

impl Issuer {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where its metadata is (OpenID Connect Discovery, section 4): after its path.
    pub fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.0.strip_suffix('/').unwrap_or(&self.0))
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Issuer {
    type Err = InvalidIssuer;

    fn from_str(text: &str) -> Result<Issuer, InvalidIssuer> {
        if is_web_address(text, 255) && !text.contains('?') { Ok(Issuer(text.to_owned())) } else { Err(InvalidIssuer) }
    }
}

/// Where a provider sends the browser back to: a page of the storefront, compared letter by letter (RFC 9700, 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an https URL (or http on localhost) of at most 500 characters without user and fragment")]
pub struct InvalidRedirect;

impl RedirectUri {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RedirectUri {
    type Err = InvalidRedirect;

    fn from_str(text: &str) -> Result<RedirectUri, InvalidRedirect> {
        let is_local = text.strip_prefix("http://").is_some_and(|rest| {
            let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
            matches!(host, "localhost" | "127.0.0.1")
        });
        let is_page = is_web_address(text, 500) && (text.starts_with("https://") || is_local);
        if is_page { Ok(RedirectUri(text.to_owned())) } else { Err(InvalidRedirect) }
    }
}

/// An absolute http(s) URL in printable ASCII, without anything that one reader takes for the host and another not.
fn is_web_address(text: &str, longest: usize) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    text.len() <= longest
        && !host.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains(['#', '\\', '@', '"', '<', '>'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_plain_web_address() {
        for good in ["https://accounts.google.com", "https://id.example/realms/shop", "http://127.0.0.1:4000"] {
            assert_eq!(good.parse::<Issuer>().map(|issuer| issuer.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "id.example",
            "ftp://id.example",
            "https://",
            "https:///x",
            "https://id.example?x=1",
            "https://id.example#x",
            "https://user@id.example",
            "https://id.example\\@evil.example",
            "https://id.example/ x",
            "https://bücher.example",
            &format!("https://id.example/{}", "x".repeat(255)),
        ] {
            assert_eq!(bad.parse::<Issuer>(), Err(InvalidIssuer), "{bad}");
        }
        for (issuer, discovery) in [
            ("https://id.example", "https://id.example/.well-known/openid-configuration"),
            ("https://id.example/a/", "https://id.example/a/.well-known/openid-configuration"),
        ] {
            assert_eq!(issuer.parse::<Issuer>().unwrap().discovery(), discovery);
        }
    }

    #[test]
    fn a_browser_is_sent_to_https_or_to_this_machine() {
        for good in ["https://shop.example/login?from=id", "http://localhost:3000/login", "http://127.0.0.1/x"] {
            assert!(good.parse::<RedirectUri>().is_ok(), "{good}");
        }
        for bad in ["http://shop.example/login", "http://localhost.evil.example/", "https://shop.example/#x", "app:/x"]
        {
            assert_eq!(bad.parse::<RedirectUri>(), Err(InvalidRedirect), "{bad}");
        }
    }

    #[test]
    fn presets_have_an_issuer() {
        for kind in ProviderKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(kind.issuer().is_none(), kind == ProviderKind::Oidc);
            assert!(kind.issuer().is_none_or(|issuer| issuer.parse::<Issuer>().is_ok()));
        }
    }
}
