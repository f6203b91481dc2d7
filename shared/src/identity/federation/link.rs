//! Whose account somebody comes to who was vouched for by a provider.

use crate::kernel::email::Email;
use crate::kernel::id::AccountId;

/// Who came, as the provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// `None`: the provider told none, or none that is an address.
    pub email: Option<Email>,
    /// Whether the provider knows that the address is theirs.
    pub is_verified: bool,
}

/// The account that this identity was linked to before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub account: AccountId,
    pub is_active: bool,
}

/// The account with the same e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SameAddress {
    pub account: AccountId,
    pub is_active: bool,
    pub is_verified: bool,
    pub has_second_factor: bool,
    /// Whether it is nobody's of the staff.
    pub is_customer: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// It is linked: open a session.
    LogIn(AccountId),
    /// Link it to this account, then open a session.
    Attach(AccountId),
    /// Nobody has confirmed this registration, and the provider knows whose its address is: the account becomes
    /// theirs. Whatever else opened it is void; then link it, and open a session.
    TakeOver(AccountId),
    /// Make a customer's account with this verified address, link it, then open a session.
    Register(Email),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The account is suspended. Said to nobody: it is answered as a wrong password is.
    #[error("the account is suspended")]
    Suspended,
    #[error("the identity is linked to another account")]
    LinkedElsewhere,
    #[error("the provider tells no e-mail address")]
    NoEmail,
    /// Anybody can claim an address; only who has shown it to be theirs gets the account with it.
    #[error("the provider has not verified the e-mail address")]
    EmailNotVerified,
    /// It has more than a registration: somebody of the staff's, suspended, or with a second factor.
    #[error("an account has this e-mail address, and nobody has verified it there")]
    AccountNotVerified,
    /// A provider's word for an address is one factor: such an account is linked by who is logged in to it.
    #[error("the account has a second factor, and is linked only by who is logged in to it")]
    SecondFactor,
    #[error("this provider makes no new accounts")]
    SignUpClosed,
}

/// Decides. `wanted` is the account that asked to be linked, being logged in; its own address does not matter then.
/// Anybody can register any address: where nobody has confirmed it, that must neither keep its owner out nor let a
/// stranger in who waits for them.
///
/// # Errors
/// [`LinkError`].
pub fn link(
    known: Option<Known>,
    same_address: Option<SameAddress>,
    presented: &Presented,
    wanted: Option<Known>,
    signs_up: bool,
) -> Result<Link, LinkError> {
    if let Some(wanted) = wanted {
        return match known {
            _ if !wanted.is_active => Err(LinkError::Suspended),
            Some(known) if known.account != wanted.account => Err(LinkError::LinkedElsewhere),
            Some(known) => Ok(Link::LogIn(known.account)),
            None => Ok(Link::Attach(wanted.account)),
        };
    }
    if let Some(known) = known {
        return if known.is_active { Ok(Link::LogIn(known.account)) } else { Err(LinkError::Suspended) };
    }
    let email = presented.email.clone().ok_or(LinkError::NoEmail)?;
    if !presented.is_verified {
        return Err(LinkError::EmailNotVerified);
    }
    match same_address {
        Some(same) if !same.is_verified => {
            let is_bare = same.is_active && same.is_customer && !same.has_second_factor;
            if is_bare { Ok(Link::TakeOver(same.account)) } else { Err(LinkError::AccountNotVerified) }
        }
        Some(same) if !same.is_active => Err(LinkError::Suspended),
        Some(same) if same.has_second_factor => Err(LinkError::SecondFactor),
        Some(same) => Ok(Link::Attach(same.account)),
        None if signs_up => Ok(Link::Register(email)),
        None => Err(LinkError::SignUpClosed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AccountId = AccountId::from_u128(1);
    const B: AccountId = AccountId::from_u128(2);

    #[test]
    fn an_identity_comes_to_its_account_and_takes_over_bare_registrations_only() {
        let email: Email = "ada@example.com".parse().unwrap();
        let told = |email: &Email, is_verified| Presented { email: Some(email.clone()), is_verified };
        let (yes, no) = (told(&email, true), told(&email, false));
        let silent = Presented { email: None, is_verified: false };
        let known = |account, is_active| Some(Known { account, is_active });
        let bare = SameAddress {
            account: B,
            is_active: true,
            is_verified: false,
            has_second_factor: false,
            is_customer: true,
        };
        let same = |is_active, is_verified| Some(SameAddress { is_active, is_verified, ..bare });
        let guarded = Some(SameAddress { is_verified: true, has_second_factor: true, ..bare });
        for (number, (known, same, presented, wanted, signs_up, expected)) in [
            // Linked: nothing else matters.
            (known(A, true), same(true, true), &no, None, false, Ok(Link::LogIn(A))),
            (known(A, false), same(true, true), &yes, None, true, Err(LinkError::Suspended)),
            // By address, where both sides have verified it.
            (None, same(true, true), &yes, None, false, Ok(Link::Attach(B))),
            (None, same(true, true), &no, None, true, Err(LinkError::EmailNotVerified)),
            (None, same(true, false), &yes, None, false, Ok(Link::TakeOver(B))),
            (None, same(true, false), &no, None, true, Err(LinkError::EmailNotVerified)),
            (None, same(false, false), &yes, None, true, Err(LinkError::AccountNotVerified)),
            (
                None,
                Some(SameAddress { is_customer: false, ..bare }),
                &yes,
                None,
                true,
                Err(LinkError::AccountNotVerified),
            ),
            (
                None,
                Some(SameAddress { has_second_factor: true, ..bare }),
                &yes,
                None,
                true,
                Err(LinkError::AccountNotVerified),
            ),
            (None, same(false, true), &yes, None, true, Err(LinkError::Suspended)),
            (None, None, &silent, None, true, Err(LinkError::NoEmail)),
            (None, guarded, &yes, None, true, Err(LinkError::SecondFactor)),
            (known(B, true), guarded, &yes, None, true, Ok(Link::LogIn(B))),
            (None, guarded, &yes, known(B, true), true, Ok(Link::Attach(B))),
            // New.
            (None, None, &yes, None, true, Ok(Link::Register(email.clone()))),
            (None, None, &yes, None, false, Err(LinkError::SignUpClosed)),
            (None, None, &no, None, true, Err(LinkError::EmailNotVerified)),
            // Asked for by who is logged in.
            (None, same(true, true), &silent, known(A, true), false, Ok(Link::Attach(A))),
            (known(A, true), None, &silent, known(A, true), false, Ok(Link::LogIn(A))),
            (known(B, true), None, &yes, known(A, true), true, Err(LinkError::LinkedElsewhere)),
            (None, None, &yes, known(A, false), true, Err(LinkError::Suspended)),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(link(known, same, presented, wanted, signs_up), expected, "{number}");
        }
    }
}
