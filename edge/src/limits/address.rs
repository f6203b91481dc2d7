//! Where a request came from, as the platform tells its host. What a client says of itself does not count.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use http::header::AsHeaderName;

/// The client's address. A host puts it into the request's extensions where its platform knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    pub fn new(address: IpAddr) -> ClientAddress {
        ClientAddress(address.to_canonical())
    }

    /// The last address in the last header of this name. Whoever passes a request on writes behind what it
    /// came with, so the last one is the nearest platform's own; all before it may be made up.
    pub fn from_header(headers: &HeaderMap, name: impl AsHeaderName) -> Option<ClientAddress> {
        let value = headers.get_all(name).into_iter().next_back()?.to_str().ok()?;
        let text = value.rsplit(',').next()?.trim();
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let address = bare.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()));
        address.map(ClientAddress::new)
    }

    /// The name under which it is counted. A client of IPv6 has 2^64 addresses, and is counted as one.
    pub(crate) fn counted_as(self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        const NAME: HeaderName = HeaderName::from_static("x-forwarded-for");
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_str(value).unwrap());
        }
        ClientAddress::from_header(&headers, NAME).map(ClientAddress::counted_as)
    }

    #[test]
    fn an_address_is_read_in_every_form() {
        for (value, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:53152", "203.0.113.7"),
            (" 203.0.113.7 ", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2::"),
            ("[2001:db8:1:2::1]:53152", "2001:db8:1:2::"),
        ] {
            assert_eq!(read(&[value]).as_deref(), Some(expected), "{value}");
        }
        for value in ["", "unknown", "203.0.113", "_hidden", "203.0.113.7, "] {
            assert_eq!(read(&[value]), None, "{value}");
        }
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn what_a_client_wrote_before_the_platform_does_not_count() {
        assert_eq!(read(&["10.9.9.9, 203.0.113.7"]).as_deref(), Some("203.0.113.7"));
        assert_eq!(read(&["10.9.9.9", "203.0.113.7"]).as_deref(), Some("203.0.113.7"));
        assert_eq!(read(&["10.9.9.9", "not an address"]), None);
    }
}
