//! What the audit log keeps of a change: what was done to which thing, and how it was before and after.

use serde_json::{Map, Value as Json, json};

/// Members that hold personal data in the wire types of people, addresses and orders.
pub const PERSONAL: &[&str] = &[
    "email",
    "phone",
    "name",
    "firstName",
    "lastName",
    "shippingAddress",
    "billingAddress",
    "addresses",
    "company",
    "line1",
    "line2",
    "city",
    "region",
    "postalCode",
];

/// Stands in the place of a value that the log must not hold.
pub const MASKED: &str = "[redacted]";

/// In `after`: the value is masked, and is another one than before.
pub const MASKED_CHANGED: &str = "[redacted, changed]";

/// One thing that was done. What it was done to is named by its id: names and addresses belong to nobody's log.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub(super) action: &'static str,
    pub(super) subject: String,
    pub(super) before: Option<Json>,
    pub(super) after: Option<Json>,
    pub(super) is_of_organization: bool,
}

impl Change {
    /// `action` is such as `order.place`. Without more, the change is one that has no state: a sign-in.
    pub fn new(action: &'static str, subject: impl ToString) -> Change {
        Change { action, subject: subject.to_string(), before: None, after: None, is_of_organization: false }
    }

    /// How the thing was; left out where it is new.
    #[must_use]
    pub fn before(mut self, state: Json) -> Change {
        self.before = Some(state);
        self
    }

    /// How the thing is now; left out where it is gone.
    #[must_use]
    pub fn after(mut self, state: Json) -> Change {
        self.after = Some(state);
        self
    }

    /// A member more of how the thing was.
    #[must_use]
    pub fn had(mut self, member: &str, value: Json) -> Change {
        add(&mut self.before, member, value);
        self
    }

    /// A member more of how the thing is now.
    #[must_use]
    pub fn has(mut self, member: &str, value: Json) -> Change {
        add(&mut self.after, member, value);
        self
    }

    /// A member more, as it was and as it is now.
    #[must_use]
    pub fn turned(self, member: &str, was: Json, is: Json) -> Change {
        self.had(member, was).has(member, is)
    }

    /// Masks the members with these names, at any depth, in what was given so far; [`PERSONAL`] for the usual
    /// ones. Null stays null, and a masked value that has changed says so.
    #[must_use]
    pub fn redacted(mut self, members: &[&str]) -> Change {
        if let Some(after) = &mut self.after {
            mask(after, self.before.as_ref(), members);
        }
        if let Some(before) = &mut self.before {
            mask(before, None, members);
        }
        self
    }

    /// It concerns the organization and none of its stores: whoever reads the log of any of them sees it.
    #[must_use]
    pub fn of_organization(mut self) -> Change {
        self.is_of_organization = true;
        self
    }
}

fn add(state: &mut Option<Json>, member: &str, value: Json) {
    if let Json::Object(members) = state.get_or_insert_with(|| json!({})) {
        members.insert(member.to_owned(), value);
    }
}

fn mask(value: &mut Json, earlier: Option<&Json>, members: &[&str]) {
    match value {
        Json::Object(object) => mask_members(object, earlier.and_then(Json::as_object), members),
        Json::Array(items) => {
            let earlier = earlier.and_then(Json::as_array);
            for (at, item) in items.iter_mut().enumerate() {
                mask(item, earlier.and_then(|items| items.get(at)), members);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn mask_members(object: &mut Map<String, Json>, earlier: Option<&Map<String, Json>>, members: &[&str]) {
    for (name, value) in object {
        let earlier_value = earlier.and_then(|object| object.get(name));
        if !members.contains(&name.as_str()) {
            mask(value, earlier_value, members);
        } else if !value.is_null() {
            let is_changed = earlier_value.is_some_and(|earlier| earlier != value);
            *value = Json::from(if is_changed { MASKED_CHANGED } else { MASKED });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_masked_at_any_depth_and_a_change_of_it_is_told() {
        let customer = |email: &str, city: &str, tier: i64| {
            json!({
                "email": email,
                "phone": null,
                "tier": tier,
                "homes": [{ "city": city, "countryCode": "GB" }],
                "shippingAddress": { "line1": "12 St James's Square" },
            })
        };
        let change = Change::new("customer.update", "usr_1")
            .before(customer("ada@example.com", "London", 1))
            .after(customer("ada@example.org", "London", 2))
            .redacted(PERSONAL);
        let masked = |email: &str, tier: i64| {
            json!({
                "email": email,
                "phone": null,
                "tier": tier,
                "homes": [{ "city": "[redacted]", "countryCode": "GB" }],
                "shippingAddress": "[redacted]",
            })
        };
        assert_eq!(change.before, Some(masked("[redacted]", 1)));
        assert_eq!(change.after, Some(masked("[redacted, changed]", 2)));
        let told = format!("{change:?}");
        assert!(!told.contains("ada") && !told.contains("London") && !told.contains("Square"), "{told}");
    }

    #[test]
    fn a_state_is_told_member_by_member() {
        let change = Change::new("address.update", "adr_1")
            .turned("name", "Ada".into(), "Grace".into())
            .had("isDefaultBilling", true.into())
            .turned("countryCode", "GB".into(), Json::Null)
            .redacted(PERSONAL);
        assert_eq!(change.before, Some(json!({ "name": "[redacted]", "isDefaultBilling": true, "countryCode": "GB" })));
        assert_eq!(change.after, Some(json!({ "name": "[redacted, changed]", "countryCode": null })));
        assert_eq!(Change::new("session.open", "ses_1").has("role", "owner".into()).before, None);
    }

    #[test]
    fn only_the_named_members_are_masked() {
        let change = Change::new("store.update", "store_1").after(json!({ "name": "Acme", "owner": "Ada" }));
        assert_eq!(change.clone().redacted(&["owner"]).after, Some(json!({ "name": "Acme", "owner": "[redacted]" })));
        assert_eq!(change.clone().redacted(&[]), change);
    }
}
