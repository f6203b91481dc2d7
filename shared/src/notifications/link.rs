//! Links into a storefront or an admin.

use std::fmt::{self, Display};
use std::str::FromStr;

/// Where a storefront or an admin is: `https://shop.example`, with a path where it stands below one, and without
/// a slash at the end. http only on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// The text is no address that links may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an address such as https://shop.example, with a path but no query, fragment or user")]
pub struct InvalidBaseUrl;

impl BaseUrl {
    /// Where a developer's storefront is.
    pub fn local() -> BaseUrl {
        BaseUrl("http://localhost:3000".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The page at `path`, which begins without a slash.
    pub fn page(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }

    /// The page at `path`, with a secret for its script. It stands in the fragment, which browsers send to no
    /// server: no log, no `Referer` and no proxy on the way sees it.
    pub fn secret_page(&self, path: &str, token: &str) -> String {
        let mut link = self.page(path);
        link.push_str("#token=");
        for byte in token.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                link.push(char::from(byte));
            } else {
                link.push_str(&format!("%{byte:02X}"));
            }
        }
        link
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<BaseUrl, InvalidBaseUrl> {
        let text = text.trim_end_matches('/');
        let (scheme, rest) = text.split_once("://").ok_or(InvalidBaseUrl)?;
        let host = rest.split('/').next().unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
        let is_local = matches!(name, "localhost" | "127.0.0.1");
        let is_safe = match scheme {
            "https" => true,
            "http" => is_local,
            _ => false,
        };
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
        let is_path = |letter: char| letter.is_ascii_alphanumeric() || "-._~/%".contains(letter);
        let is_form = !name.is_empty()
            && name.chars().all(is_name)
            && port.parse::<u16>().is_ok()
            && rest.chars().skip(host.len()).all(is_path);
        if is_safe && is_form { Ok(BaseUrl(text.to_owned())) } else { Err(InvalidBaseUrl) }
    }
}

impl Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_storefront_and_keep_their_secret_from_servers() {
        let base: BaseUrl = "https://shop.example/eu/".parse().unwrap();
        assert_eq!(base.page("account"), "https://shop.example/eu/account");
        assert_eq!(base.secret_page("verify", "a-B_9"), "https://shop.example/eu/verify#token=a-B_9");
        assert_eq!(base.secret_page("verify", "a&b=\"<"), "https://shop.example/eu/verify#token=a%26b%3D%22%3C");
    }

    #[test]
    fn only_safe_addresses_are_bases() {
        for good in
            ["https://shop.example", "https://shop.example:8443/a/b", "http://localhost:3000", "http://127.0.0.1"]
        {
            assert_eq!(good.parse::<BaseUrl>().map(|base| base.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "shop.example",
            "http://shop.example",
            "http://localhost.example",
            "javascript://shop.example",
            "https://",
            "https:///path",
            "https://user@shop.example",
            "https://shop.example:port",
            "https://shop.example?x=1",
            "https://shop.example/#x",
            "https://shop.example/a b",
            "https://shop.example/\"onclick",
            "https://sh\u{f6}p.example",
        ] {
            assert_eq!(bad.parse::<BaseUrl>(), Err(InvalidBaseUrl), "{bad}");
        }
    }
}
