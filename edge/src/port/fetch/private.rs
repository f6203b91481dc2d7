//! Which addresses a tenant may not make us call: the defence against server-side request forgery.
//!
//! [`check`] looks at the URL alone and runs on every host. What a name resolves to is checked with
//! [`is_public`] by the hosts that see it (native: in the resolver, so that the checked address is the
//! one connected to); on Workers and Spin the platform's own network has no private side.
//!
//! Sources: the IANA special-purpose address registries for IPv4 (RFC 6890) and IPv6, the WHATWG URL
//! standard for how a host becomes an IPv4 address, RFC 6761 and RFC 6762 for reserved names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::FetchError;

/// Refuses a URL that names a private address, in whatever spelling, or that could be read two ways.
/// Accepts `http` and `https` with a fully qualified name or a public address.
///
/// # Errors
/// [`FetchError::Refused`], with a reason for the tenant to read.
pub fn check(uri: &http::Uri) -> Result<(), FetchError> {
    let refused = |reason: &str| Err(FetchError::Refused(reason.to_owned()));
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return refused("not an absolute http or https URL");
    }
    let Some(authority) = uri.authority() else { return refused("no host") };
    if authority.as_str().contains('@') {
        return refused("a user name or password in the URL");
    }
    match target(authority.host()) {
        Target::Address(address) if is_public(address) => Ok(()),
        Target::Address(_) => refused("a private or reserved address"),
        Target::Name => Ok(()),
        Target::ReservedName => refused("a name of a private network"),
        Target::Malformed => refused("not a host name"),
    }
}

/// Whether an address belongs to the public internet: no private, loopback, link-local, shared
/// (CGNAT), multicast, documentation, benchmark or metadata address, and no IPv6 address that
/// carries an IPv4 one (mapped, NAT64, 6to4, Teredo).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    const RESERVED: &[(Ipv4Addr, u32)] = &[
        (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
        (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
        (Ipv4Addr::new(100, 64, 0, 0), 10),    // shared (CGNAT); Alibaba's metadata
        (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
        (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's host agent, although in public space
        (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local; AWS', Google's and Azure's metadata
        (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
        (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments; Oracle's metadata
        (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
        (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
        (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
        (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
        (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
        (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
        (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
        (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, and broadcast
    ];
    let bits = u32::from(address);
    !RESERVED.iter().any(|(network, length)| (bits ^ u32::from(*network)).leading_zeros() >= *length)
}

/// Global unicast is `2000::/3` and nothing else; within it some blocks are reserved.
fn is_public_v6(address: Ipv6Addr) -> bool {
    const RESERVED: &[(Ipv6Addr, u32)] = &[
        (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments; Teredo
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
        (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
        (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
    ];
    let bits = u128::from(address);
    let within = |network: Ipv6Addr, length: u32| (bits ^ u128::from(network)).leading_zeros() >= length;
    within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
        && !RESERVED.iter().any(|(network, length)| within(*network, *length))
}

enum Target {
    Address(IpAddr),
    Name,
    ReservedName,
    Malformed,
}

/// What a URL's host means to a client that follows the WHATWG rules, which is the generous reading:
/// `0x7f.1`, `2130706433` and `127.0.0.1.` are all loopback.
fn target(host: &str) -> Target {
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|text| text.parse::<Ipv6Addr>().ok());
        return address.map_or(Target::Malformed, |address| Target::Address(IpAddr::V6(address)));
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if host.is_empty() || 253 < host.len() || !host.bytes().all(plain) || host.split('.').any(str::is_empty) {
        return Target::Malformed;
    }
    match ipv4(&host) {
        Ipv4::Is(address) => Target::Address(IpAddr::V4(address)),
        Ipv4::Malformed => Target::Malformed,
        Ipv4::IsNot if is_reserved_name(&host) => Target::ReservedName,
        Ipv4::IsNot => Target::Name,
    }
}

/// Names that are never on the public internet. A name without a dot is found through the search
/// list of the machine's own network.
fn is_reserved_name(host: &str) -> bool {
    const RESERVED: &[&str] =
        &["localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa"];
    !host.contains('.')
        || RESERVED
            .iter()
            .any(|name| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

enum Ipv4 {
    Is(Ipv4Addr),
    /// Its last label is a number, and the whole is no address.
    Malformed,
    IsNot,
}

/// The WHATWG "IPv4 parser": one to four numbers, decimal, octal or hexadecimal; the last fills
/// whatever bytes are left.
fn ipv4(host: &str) -> Ipv4 {
    let labels: Vec<&str> = host.split('.').collect();
    let Some((last, leading)) = labels.split_last() else { return Ipv4::IsNot };
    let looks_numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || number(last).is_some();
    if !looks_numeric {
        return Ipv4::IsNot;
    }
    let mut bits = 0_u64;
    for label in leading {
        match number(label) {
            Some(byte @ 0..=255) if leading.len() <= 3 => bits = (bits << 8) | byte,
            _ => return Ipv4::Malformed,
        }
    }
    let free_bytes = 4_u32.saturating_sub(u32::try_from(leading.len()).unwrap_or(4));
    match number(last) {
        Some(rest) if rest < 1 << (8 * free_bytes) => {
            u32::try_from((bits << (8 * free_bytes)) | rest).map_or(Ipv4::Malformed, |bits| Ipv4::Is(bits.into()))
        }
        _ => Ipv4::Malformed,
    }
}

fn number(label: &str) -> Option<u64> {
    let (digits, radix) = match label.strip_prefix("0x") {
        Some("") => return Some(0),
        Some(hex) => (hex, 16),
        None if label.len() > 1 && label.starts_with('0') => (label, 8),
        None => (label, 10),
    };
    // `from_str_radix` would take a sign.
    if digits.starts_with('+') { None } else { u64::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(url: &str) -> Result<(), String> {
        let uri: http::Uri = url.parse().map_err(|error| format!("{error}"))?;
        check(&uri).map_err(|error| error.to_string())
    }

    #[test]
    fn public_addresses_and_names_are_accepted() {
        for url in [
            "https://example.com/hook",
            "http://example.com:8080",
            "https://hooks.EXAMPLE.com./a?b=c",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
            "https://xn--bcher-kva.example",
            "https://localhost.example.com",
            "https://my-internal.example",
            "https://1e100.net",
            "https://0x7f.example",
            "https://172.32.0.1",
            "https://100.128.0.1",
        ] {
            assert_eq!(verdict(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://127.0.0.1./",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0X7F.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://0x7f.0x0.0x0.0x1/",
            "http://0/",
            "http://0x/",
            "http://0.0.0.0/",
            "http://10.0.0.1/",
            "http://10.65535/",
            "http://172.16.0.1/",
            "http://172.31.255.255/",
            "http://192.168.1.1/",
            "http://3232235777/",
            "http://100.64.0.1/",
            "http://100.100.100.200/latest/meta-data/",
            "http://169.254.169.254/latest/meta-data/",
            "http://0xa9fea9fe/",
            "http://168.63.129.16/",
            "http://192.0.0.192/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::]/",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
        ] {
            assert_eq!(verdict(url), Err("the address is refused: a private or reserved address".to_owned()), "{url}");
        }
    }

    #[test]
    fn names_of_private_networks_are_refused() {
        for url in [
            "http://localhost/",
            "http://LocalHost./",
            "http://a.localhost:80/",
            "http://metadata.google.internal/",
            "http://redis/",
            "http://printer.local/",
            "http://router.lan/",
            "http://router.home.arpa/",
        ] {
            assert_eq!(verdict(url), Err("the address is refused: a name of a private network".to_owned()), "{url}");
        }
    }

    #[test]
    fn what_could_be_read_two_ways_is_refused() {
        for url in [
            "http://example.com@127.0.0.1/",
            "http://127.0.0.1@example.com/",
            "http://user:secret@example.com/",
            "http://127.0.0.1\\@example.com/",
            "http://%31%32%37.0.0.1/",
            "http://127.0.0.1%00.example.com/",
            "http://example..com/",
            "http://256.0.0.1/",
            "http://1.2.3.4.5/",
            "http://08.0.0.1/",
            "http://0x100000000/",
            "http://18446744073709551616/",
            "http://[::1%25lo]/",
            "http://1２7.0.0.1/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "/relative",
            "http://",
            "",
        ] {
            assert!(verdict(url).is_err(), "{url}");
        }
    }
}
