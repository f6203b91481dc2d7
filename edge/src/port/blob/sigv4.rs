//! AWS Signature Version 4 in the query string: a URL that lets whoever has it do one thing with one object until it
//! ends.
//!
//! Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)"; held
//! against its published example and against URLs of the AWS SDK. The body is not signed (`UNSIGNED-PAYLOAD`): it is
//! not known yet. What is signed of it is what its headers say.

use headlesspro_shared::kernel::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::port::mac::hmac_sha256;

/// Who signs. Has no `Debug`: the secret is shown nowhere.
pub struct Credentials {
    pub access_key_id: String,
    pub secret: String,
    /// `auto` for R2.
    pub region: String,
}

/// What a signature is for.
pub struct Signable<'a> {
    pub method: &'a str,
    /// With the port, where it is not the scheme's own.
    pub host: &'a str,
    /// As it stands in the URL.
    pub path: &'a str,
    /// Before encoding, without what [`presign`] adds.
    pub query: &'a [(&'a str, &'a str)],
    /// In lower case, in the order of their names, without `host`: the request must carry exactly these.
    pub headers: &'a [(&'a str, &'a str)],
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "s3";

/// The query that makes a URL of `request` good for `seconds` from `at` on.
pub fn presign(credentials: &Credentials, request: &Signable<'_>, at: Timestamp, seconds: u32) -> String {
    let moment = moment(at);
    let scope = scope(&moment, &credentials.region);
    let credential = format!("{}/{scope}", credentials.access_key_id);
    let seconds = seconds.to_string();
    let signed = signed_headers(request.headers);
    let mut query: Vec<(&str, &str)> = vec![
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", &moment),
        ("X-Amz-Expires", &seconds),
        ("X-Amz-SignedHeaders", &signed),
    ];
    query.extend(request.query);
    let signature = signature(credentials, &Signable { query: &query, ..*request }, &moment);
    query.push(("X-Amz-Signature", &signature));
    canonical_query(&query)
}

/// The signature of a request with all of its query but the signature itself, made at `moment`
/// (`20130524T000000Z`), in hex.
pub fn signature(credentials: &Credentials, request: &Signable<'_>, moment: &str) -> String {
    let mut headers: Vec<(&str, &str)> = request.headers.iter().copied().chain([("host", request.host)]).collect();
    headers.sort_unstable();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{}\nUNSIGNED-PAYLOAD",
        request.method,
        request.path,
        canonical_query(request.query),
        signed_headers(request.headers),
    );
    let scope = scope(moment, &credentials.region);
    let told = format!("{ALGORITHM}\n{moment}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let date = moment.get(..8).unwrap_or_default();
    let mut key = hmac_sha256(format!("AWS4{}", credentials.secret).as_bytes(), date.as_bytes());
    for part in [&credentials.region, SERVICE, "aws4_request"] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    hex::encode(hmac_sha256(&key, told.as_bytes()))
}

/// `20130524T000000Z`.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    seconds.chars().filter(char::is_ascii_alphanumeric).chain(['Z']).collect()
}

/// `text` with everything percent-encoded but what no URL gives a meaning (RFC 3986, section 2.3) and slashes.
pub fn encoded_path(text: &str) -> String {
    encoded(text, b"-._~/")
}

fn scope(moment: &str, region: &str) -> String {
    format!("{}/{region}/{SERVICE}/aws4_request", moment.get(..8).unwrap_or_default())
}

fn signed_headers(headers: &[(&str, &str)]) -> String {
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).chain(["host"]).collect();
    names.sort_unstable();
    names.join(";")
}

fn canonical_query(query: &[(&str, &str)]) -> String {
    let encoded = |text| encoded(text, b"-._~");
    let mut pairs: Vec<(String, String)> = query.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encoded(text: &str, kept: &[u8]) -> String {
    let mut plain = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            plain.push(char::from(byte));
        } else {
            plain.push_str(&format!("%{byte:02X}"));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const VECTORS: &str = include_str!("../../../../tests/cases/s3_sigv4_presign.json");

    /// What a vector gives by this name.
    fn text<'a>(case: &'a Value, name: &str) -> &'a str {
        case[name].as_str().unwrap_or_else(|| panic!("no {name} in {case}"))
    }

    /// `20130524T000000Z` as an instant.
    fn instant(moment: &str) -> Timestamp {
        let part = |from, to| moment.get(from..to).unwrap();
        let (date, time) = ([part(0, 4), part(4, 6), part(6, 8)], [part(9, 11), part(11, 13), part(13, 15)]);
        format!("{}T{}Z", date.join("-"), time.join(":")).parse().unwrap()
    }

    #[test]
    fn every_published_url_is_made() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 6);
        for case in cases {
            let credentials = Credentials {
                access_key_id: text(case, "accessKeyId").to_owned(),
                secret: text(case, "secretAccessKey").to_owned(),
                region: text(case, "region").to_owned(),
            };
            let (url, query) = text(case, "url").split_once('?').unwrap();
            let (_, rest) = url.split_once("://").unwrap();
            let (host, path) = rest.split_at(rest.find('/').unwrap());
            let given: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let added = ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"];
            let is_own = |name: &str| !added.iter().any(|added| name == format!("X-Amz-{added}"));
            let own: Vec<(&str, &str)> =
                given.iter().filter(|(name, _)| is_own(name)).map(|(name, value)| (&**name, &**value)).collect();
            let headers: &[_] = if query.contains("content-type") { &[("content-type", "image/jpeg")] } else { &[] };
            let request = Signable { method: text(case, "method"), host, path, query: &own, headers };
            let seconds = u32::try_from(case["expires"].as_u64().unwrap()).unwrap();
            let made = presign(&credentials, &request, instant(text(case, "date")), seconds);
            assert!(made.contains(&format!("X-Amz-Signature={}", text(case, "signature"))), "{case}\n{made}");
            // The example of the documentation leaves the signature out of its URL.
            let rest: Vec<&str> = made.split('&').filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
            let wanted: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
            assert_eq!(rest, wanted, "{}", text(case, "name"));
        }
    }

    #[test]
    fn what_is_signed_cannot_be_changed() {
        let credentials = |secret: &str| Credentials {
            access_key_id: "id".to_owned(),
            secret: secret.to_owned(),
            region: "auto".to_owned(),
        };
        let signed = |secret: &str, method, path, headers: &[(&str, &str)]| {
            let request = Signable { method, host: "s3.example", path, query: &[], headers };
            presign(&credentials(secret), &request, Timestamp::from_millis(1_795_512_600_000), 900)
        };
        let headers = [("content-length", "5"), ("content-type", "image/png")];
        let one = signed("secret", "PUT", "/b/a.png", &headers);
        assert!(one.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost"), "{one}");
        for other in [
            signed("secret", "GET", "/b/a.png", &headers),
            signed("secret", "PUT", "/b/b.png", &headers),
            signed("secret", "PUT", "/b/a.png", &[("content-length", "6"), headers[1]]),
            signed("secret", "PUT", "/b/a.png", &[headers[0], ("content-type", "text/html")]),
            signed(&"s".repeat(100), "PUT", "/b/a.png", &headers),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(encoded_path("/a b/\u{d55c}+~'"), "/a%20b/%ED%95%9C%2B~%27");
    }
}
