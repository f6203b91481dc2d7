//! Who a client says it is (RFC 6749, section 2.3.1): HTTP Basic, or members of the form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headlesspro_shared::identity::ClientSecretClaim;
use headlesspro_shared::kernel::id::AppId;

use crate::app::Tenant;
use crate::extract::is_card_number;
use crate::identity::caller::{Caller, hash_of};

/// The members of a form, each once (RFC 6749, section 3.2: "parameters MUST NOT be included more than once").
pub struct Form(Vec<(String, String)>);

impl Form {
    /// `None` when a member is there twice, or the text is not UTF-8.
    pub fn read(body: &[u8]) -> Option<Form> {
        let mut members: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            let is_text = !name.contains('\u{fffd}') && !value.contains('\u{fffd}');
            if !is_text || members.iter().any(|(known, _)| *known == name) {
                return None;
            }
            members.push((name.into_owned(), value.into_owned()));
        }
        Some(Form(members))
    }

    pub fn has_card_number(&self) -> bool {
        self.0.iter().any(|(name, value)| is_card_number(name, value))
    }

    /// A member without a value counts as left out (section 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Why a client is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It says nothing of who it is, or what it says cannot be right.
    Client,
    /// It says it in two ways at once, which section 2.3 forbids.
    Ambiguous,
}

/// The client as it claims to be; the database says whether it is.
pub fn client(authorization: Option<&str>, form: &Form) -> Result<Caller, Unknown> {
    let in_form = (form.get("client_id"), form.get("client_secret"));
    let (id, secret) = match (authorization, in_form) {
        (Some(_), (_, Some(_))) => return Err(Unknown::Ambiguous),
        (Some(authorization), (in_form, None)) => {
            let (id, secret) = basic(authorization).ok_or(Unknown::Client)?;
            if in_form.is_some_and(|in_form| in_form != id) {
                return Err(Unknown::Ambiguous);
            }
            (id, secret)
        }
        (None, (Some(id), Some(secret))) => (id.to_owned(), secret.to_owned()),
        (None, _) => return Err(Unknown::Client),
    };
    let id: AppId = id.parse().map_err(|_| Unknown::Client)?;
    let claim: ClientSecretClaim = secret.parse().map_err(|_| Unknown::Client)?;
    let tenant = Tenant { organization: claim.organization, store: claim.store };
    Ok(Caller::of_client(tenant, id, hash_of(&secret)))
}

/// User and password of HTTP Basic, each encoded as in a form first.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, text) = authorization.split_once(' ')?;
    // Longer than both can be, encoded.
    if !scheme.eq_ignore_ascii_case("basic") || 1_024 < text.len() {
        return None;
    }
    let bytes = STANDARD.decode(text.trim()).ok()?;
    let (id, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((decoded(id), decoded(secret)))
}

fn decoded(text: &str) -> String {
    // The form of one value without a name.
    form_urlencoded::parse(text.as_bytes()).next().map(|(value, _)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::identity::mint_client_secret;
    use headlesspro_shared::kernel::id::{OrganizationId, StoreId};

    use super::*;

    fn form(text: &str) -> Form {
        Form::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_member_comes_once_and_an_empty_one_is_none() {
        let form = form("grant_type=client_credentials&scope=&client%5Fid=a+b");
        assert_eq!((form.get("grant_type"), form.get("scope")), (Some("client_credentials"), None));
        assert_eq!(form.get("client_id"), Some("a b"));
        assert!(Form::read(b"scope=a&scope=b").is_none());
        assert!(Form::read(b"scope=%ff").is_none());
    }

    #[test]
    fn a_client_is_known_by_basic_or_by_the_form_and_never_by_both() {
        let id = AppId::from_u128(7);
        let secret = mint_client_secret(OrganizationId::from_u128(1), StoreId::from_u128(2), [3; 20]);
        let basic = |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let good = basic(&id.to_string(), &secret);
        let posted = format!("client_id={id}&client_secret={secret}");
        for (authorization, text) in
            [(Some(good.as_str()), String::new()), (None, posted.clone()), (Some(&good), format!("client_id={id}"))]
        {
            let caller = client(authorization, &form(&text)).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            assert_eq!(caller.tenant().store, StoreId::from_u128(2));
            assert!(caller.verified().is_none(), "a claim until the database has found it");
        }
        let error = |authorization: Option<&str>, text: &str| client(authorization, &form(text)).err();
        assert_eq!(error(Some(&good), &posted), Some(Unknown::Ambiguous));
        assert_eq!(error(Some(&good), "client_id=other"), Some(Unknown::Ambiguous));
        for authorization in ["Basic", "Basic !", "Bearer x", &basic("x", &secret), &basic(&id.to_string(), "cs_")] {
            assert_eq!(error(Some(authorization), ""), Some(Unknown::Client), "{authorization}");
        }
        assert_eq!(error(None, &format!("client_id={id}")), Some(Unknown::Client));
    }

    #[test]
    fn basic_is_decoded_as_a_form_is() {
        assert_eq!(basic(&format!("basic {}", STANDARD.encode("a%3Ab+c:d%2B"))), Some(("a:b c".into(), "d+".into())));
        assert_eq!(basic(&format!("Basic {}", "A".repeat(2_000))), None);
    }
}
