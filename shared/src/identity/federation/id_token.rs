//! What another issuer's token claims, and whether that holds.

use serde::Deserialize;

use crate::identity::LEEWAY_SECONDS;
use crate::kernel::time::Timestamp;

/// How old an ID token of a login may be, in seconds: it was asked for a moment ago.
const OLDEST_SECONDS: i64 = 600;

/// The longest `sub` (OpenID Connect Core, section 2), in characters of ASCII.
const LONGEST_SUBJECT: usize = 255;

/// The claims that are looked at, of ID tokens (OpenID Connect Core, section 2), of other issuers' access tokens, and
/// of answers of userinfo endpoints, which lack most of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ForeignClaims {
    pub iss: Option<String>,
    pub sub: Option<String>,
    pub aud: Option<Audience>,
    /// The client it was issued to; of some issuers' access tokens the origin that asked.
    pub azp: Option<String>,
    /// Seconds since 1970, as the next two.
    pub exp: Option<i64>,
    pub iat: Option<i64>,
    pub nbf: Option<i64>,
    pub nonce: Option<String>,
    pub email: Option<String>,
    pub email_verified: Option<IsVerified>,
    pub name: Option<String>,
}

/// One audience, or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub fn contains(&self, wanted: &str) -> bool {
        match self {
            Audience::One(audience) => audience == wanted,
            Audience::Several(audiences) => audiences.iter().any(|audience| audience == wanted),
        }
    }

    fn is_several(&self) -> bool {
        matches!(self, Audience::Several(audiences) if 1 < audiences.len())
    }
}

/// `true`, or `"true"` as some providers write it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum IsVerified {
    Flag(bool),
    Text(String),
}

impl IsVerified {
    pub fn holds(&self) -> bool {
        match self {
            IsVerified::Flag(flag) => *flag,
            IsVerified::Text(text) => text == "true",
        }
    }
}

/// What an ID token must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    /// What was sent with the request for it.
    pub nonce: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    #[error("the token comes from another issuer")]
    Issuer,
    #[error("the token says nothing of whom it is about")]
    Subject,
    #[error("the token is meant for somebody else")]
    Audience,
    #[error("the token was issued to somebody else")]
    AuthorizedParty,
    #[error("the token has expired, or never does")]
    Expired,
    #[error("the token is not valid yet, or was issued too long ago")]
    Issued,
    #[error("the token belongs to another login")]
    Nonce,
}

/// Whether the claims of an ID token hold (OpenID Connect Core, section 3.1.3.7), once its signature is known to be
/// good. Answers the subject.
///
/// # Errors
/// [`IdTokenError`].
pub fn check_id_token<'a>(
    claims: &'a ForeignClaims,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<&'a str, IdTokenError> {
    let subject = common(claims, expected.issuer, now)?;
    let audience = claims.aud.as_ref().ok_or(IdTokenError::Audience)?;
    if !audience.contains(expected.client_id) {
        return Err(IdTokenError::Audience);
    }
    match claims.azp.as_deref() {
        Some(party) if party != expected.client_id => return Err(IdTokenError::AuthorizedParty),
        None if audience.is_several() => return Err(IdTokenError::AuthorizedParty),
        Some(_) | None => {}
    }
    let issued = claims.iat.ok_or(IdTokenError::Issued)?;
    if issued.saturating_add(OLDEST_SECONDS) < seconds(now) {
        return Err(IdTokenError::Issued);
    }
    // No secret is compared: the provider has signed it.
    if claims.nonce.as_deref() == Some(expected.nonce) { Ok(subject) } else { Err(IdTokenError::Nonce) }
}

/// Whether the claims of another issuer's access token hold: it must be meant for one of `audiences`, or, where it
/// names nobody, have been issued to one of them. Answers the subject.
///
/// # Errors
/// [`IdTokenError`].
pub fn check_token<'a>(
    claims: &'a ForeignClaims,
    issuer: &str,
    audiences: &[String],
    now: Timestamp,
) -> Result<&'a str, IdTokenError> {
    let subject = common(claims, issuer, now)?;
    // Issued to one of them, but meant for somebody else, it is not for us.
    let is_meant = |audience: &String| match &claims.aud {
        Some(aud) => aud.contains(audience),
        None => claims.azp.as_ref() == Some(audience),
    };
    if audiences.iter().any(is_meant) { Ok(subject) } else { Err(IdTokenError::Audience) }
}

fn common<'a>(claims: &'a ForeignClaims, issuer: &str, now: Timestamp) -> Result<&'a str, IdTokenError> {
    if claims.iss.as_deref() != Some(issuer) {
        return Err(IdTokenError::Issuer);
    }
    let subject = claims.sub.as_deref().ok_or(IdTokenError::Subject)?;
    if !(1..=LONGEST_SUBJECT).contains(&subject.len()) || subject.chars().any(char::is_control) {
        return Err(IdTokenError::Subject);
    }
    let now = seconds(now);
    let expires = claims.exp.ok_or(IdTokenError::Expired)?;
    if expires.saturating_add(LEEWAY_SECONDS) <= now {
        return Err(IdTokenError::Expired);
    }
    let begins = claims.nbf.into_iter().chain(claims.iat).max().unwrap_or(now);
    if now < begins.saturating_sub(LEEWAY_SECONDS) { Err(IdTokenError::Issued) } else { Ok(subject) }
}

fn seconds(now: Timestamp) -> i64 {
    now.millis().div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_512_600;
    const EXPECTED: Expected<'_> = Expected { issuer: "https://id.example", client_id: "shop", nonce: "n-1" };

    fn claims() -> ForeignClaims {
        ForeignClaims {
            iss: Some("https://id.example".to_owned()),
            sub: Some("248289761001".to_owned()),
            aud: Some(Audience::One("shop".to_owned())),
            exp: Some(NOW + 300),
            iat: Some(NOW),
            nonce: Some("n-1".to_owned()),
            ..ForeignClaims::default()
        }
    }

    fn check(claims: &ForeignClaims) -> Result<(), IdTokenError> {
        check_id_token(claims, &EXPECTED, Timestamp::from_millis(NOW * 1_000)).map(drop)
    }

    #[test]
    fn an_id_token_is_good_for_its_issuer_client_time_and_login() {
        assert_eq!(check(&claims()), Ok(()));
        let several = |audiences: &[&str]| {
            Some(Audience::Several(audiences.iter().map(|audience| (*audience).to_owned()).collect()))
        };
        let text = |text: &str| Some(text.to_owned());
        type Change = Box<dyn Fn(&mut ForeignClaims)>;
        let changes: Vec<(Change, Result<(), IdTokenError>)> = vec![
            (Box::new(move |claims| claims.iss = text("https://id.example/")), Err(IdTokenError::Issuer)),
            (Box::new(|claims| claims.iss = None), Err(IdTokenError::Issuer)),
            (Box::new(|claims| claims.sub = None), Err(IdTokenError::Subject)),
            (Box::new(move |claims| claims.sub = text("")), Err(IdTokenError::Subject)),
            (Box::new(|claims| claims.sub = Some("x".repeat(256))), Err(IdTokenError::Subject)),
            (Box::new(move |claims| claims.aud = several(&["other"])), Err(IdTokenError::Audience)),
            (Box::new(|claims| claims.aud = None), Err(IdTokenError::Audience)),
            (Box::new(move |claims| claims.aud = several(&["shop"])), Ok(())),
            (Box::new(move |claims| claims.aud = several(&["shop", "other"])), Err(IdTokenError::AuthorizedParty)),
            (
                Box::new(move |claims| {
                    (claims.aud, claims.azp) = (several(&["shop", "other"]), text("shop"));
                }),
                Ok(()),
            ),
            (Box::new(move |claims| claims.azp = text("other")), Err(IdTokenError::AuthorizedParty)),
            (Box::new(|claims| claims.exp = None), Err(IdTokenError::Expired)),
            (Box::new(|claims| claims.exp = Some(NOW - 59)), Ok(())),
            (Box::new(|claims| claims.exp = Some(NOW - 60)), Err(IdTokenError::Expired)),
            (Box::new(|claims| claims.iat = None), Err(IdTokenError::Issued)),
            (Box::new(|claims| claims.iat = Some(NOW + 60)), Ok(())),
            (Box::new(|claims| claims.iat = Some(NOW + 61)), Err(IdTokenError::Issued)),
            (Box::new(|claims| claims.nbf = Some(NOW + 61)), Err(IdTokenError::Issued)),
            (Box::new(|claims| claims.iat = Some(NOW - 601)), Err(IdTokenError::Issued)),
            (Box::new(move |claims| claims.nonce = text("n-2")), Err(IdTokenError::Nonce)),
            (Box::new(|claims| claims.nonce = None), Err(IdTokenError::Nonce)),
            (Box::new(|claims| claims.exp = Some(i64::MAX)), Ok(())),
        ];
        for (number, (change, expected)) in changes.into_iter().enumerate() {
            let mut changed = claims();
            change(&mut changed);
            assert_eq!(check(&changed), expected, "{number}");
        }
    }

    #[test]
    fn an_access_token_is_good_for_one_of_our_audiences() {
        let ours = ["https://shop.example".to_owned(), "api".to_owned()];
        let check = |claims: &ForeignClaims, audiences: &[String]| {
            check_token(claims, "https://id.example", audiences, Timestamp::from_millis(NOW * 1_000)).map(drop)
        };
        let mut token = ForeignClaims { aud: None, nonce: None, ..claims() };
        assert_eq!(check(&token, &ours), Err(IdTokenError::Audience));
        token.azp = Some("https://shop.example".to_owned());
        assert_eq!(check(&token, &ours), Ok(()));
        assert_eq!(check(&token, &[]), Err(IdTokenError::Audience));
        token = ForeignClaims { aud: Some(Audience::One("api".to_owned())), ..token };
        token.azp = None;
        assert_eq!(check(&token, &ours), Ok(()));
        token.exp = Some(NOW - 3_600);
        assert_eq!(check(&token, &ours), Err(IdTokenError::Expired));
    }
}
