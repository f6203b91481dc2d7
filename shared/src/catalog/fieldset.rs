//! Which members of a document are wanted: sparse fieldsets.
//!
//! Names with commas between them, as of JSON:API 1.1 ("Sparse Fieldsets"); with a dot before a member of an object, or
//! of each object of a list, as of Google's AIP-157 (`variants.price`). One dot at most.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A member that a document may have. Names are letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    /// Those of its object, or of each in its list, that may be asked for one by one. None: it is had as a whole.
    pub members: &'static [&'static str],
}

impl Field {
    pub const fn whole(name: &'static str) -> Field {
        Field { name, members: &[] }
    }

    pub const fn of(name: &'static str, members: &'static [&'static str]) -> Field {
        Field { name, members }
    }
}

/// It is there whatever is asked for, in each object that has one.
const ID: &str = "id";

/// The members that are wanted. Shown in one form, however they were named: sorted, each once, with the ids that come
/// unasked, and no part of what is wanted as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fieldset(BTreeMap<&'static str, Option<Members>>);

/// Names of members of an object.
pub type Members = BTreeSet<&'static str>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFieldset {
    #[error("must have at most {MOST_BYTES} bytes", MOST_BYTES = Fieldset::MOST_BYTES)]
    TooLong,
    #[error("there is no field {}; there are {}", .unknown.join(", "), .known.join(", "))]
    Unknown {
        /// As they were given.
        unknown: Vec<String>,
        /// Those there are, beside them.
        known: Vec<String>,
    },
}

impl Fieldset {
    /// Of names with their commas: more than all fields of a document have.
    pub const MOST_BYTES: usize = 2_000;

    /// Reads the names of some of `fields`.
    ///
    /// # Errors
    /// [`InvalidFieldset`], with every name that is not among them: the empty one too.
    pub fn parse(text: &str, fields: &[Field]) -> Result<Fieldset, InvalidFieldset> {
        if Fieldset::MOST_BYTES < text.len() {
            return Err(InvalidFieldset::TooLong);
        }
        let mut wanted = BTreeMap::<&'static str, Option<Members>>::new();
        let (mut unknown, mut known) = (Vec::new(), BTreeSet::new());
        for name in text.split(',') {
            let (first, member) = name.split_once('.').map_or((name, None), |(first, member)| (first, Some(member)));
            let Some(field) = fields.iter().find(|field| field.name == first) else {
                unknown.push(name.to_owned());
                known.extend(fields.iter().map(|field| field.name.to_owned()));
                continue;
            };
            let members = wanted.entry(field.name).or_insert_with(|| Some(Members::new()));
            match member.map(|member| field.members.iter().find(|known| **known == member)) {
                None => *members = None,
                Some(Some(member)) => {
                    if let Some(members) = members {
                        members.insert(*member);
                    }
                }
                Some(None) => {
                    unknown.push(name.to_owned());
                    known.insert(field.name.to_owned());
                    known.extend(field.members.iter().map(|member| format!("{first}.{member}")));
                }
            }
        }
        if !unknown.is_empty() {
            return Err(InvalidFieldset::Unknown { unknown, known: known.into_iter().collect() });
        }
        for field in fields {
            if field.name == ID {
                wanted.insert(ID, None);
            }
            if let Some(Some(members)) = wanted.get_mut(field.name) {
                members.extend(field.members.iter().filter(|member| **member == ID));
            }
        }
        Ok(Fieldset(wanted))
    }

    /// Whether a member of this name is wanted, and of those that are wanted in part, which members of theirs.
    pub fn wants(&self, name: &str) -> Option<(&'static str, Option<&Members>)> {
        self.0.get_key_value(name).map(|(name, members)| (*name, members.as_ref()))
    }
}

impl fmt::Display for Fieldset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (name, members) in &self.0 {
            match members {
                None => write!(f, "{between}{name}")?,
                Some(members) => {
                    for member in members {
                        write!(f, "{between}{name}.{member}")?;
                        between = ",";
                    }
                }
            }
            between = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIELDS: [Field; 6] = [
        Field::whole("id"),
        Field::whole("title"),
        Field::whole("attributes"),
        Field::of("seo", &["title", "description"]),
        Field::of("image", &["id", "url"]),
        Field::of("variants", &["id", "sku", "price"]),
    ];

    fn parse(text: &str) -> Result<Fieldset, InvalidFieldset> {
        Fieldset::parse(text, &FIELDS)
    }

    fn all_names() -> Vec<String> {
        let of = |field: &Field| {
            let members = field.members.iter().map(|member| format!("{}.{member}", field.name));
            members.chain([field.name.to_owned()]).collect::<Vec<_>>()
        };
        FIELDS.iter().flat_map(of).collect()
    }

    #[test]
    fn what_says_the_same_has_one_form() {
        for (text, form) in [
            ("id", "id"),
            ("title", "id,title"),
            ("title,id,title", "id,title"),
            ("variants.price,title", "id,title,variants.id,variants.price"),
            ("variants.price,variants", "id,variants"),
            ("variants,variants.price", "id,variants"),
            ("variants,title,variants", "id,title,variants"),
            ("seo.description,image.id", "id,image.id,seo.description"),
            ("image.url,image.url", "id,image.id,image.url"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), form, "{text}");
        }
    }

    #[test]
    fn what_is_unknown_is_named_with_what_there_is() {
        let refused = |text: &str| parse(text).unwrap_err().to_string();
        let all = "attributes, id, image, seo, title, variants";
        assert_eq!(refused(""), format!("there is no field ; there are {all}"));
        assert_eq!(refused("title,Title, id"), format!("there is no field Title,  id; there are {all}"));
        let seo = "seo, seo.description, seo.title";
        assert_eq!(refused("seo.keywords,title"), format!("there is no field seo.keywords; there are {seo}"));
        assert_eq!(refused("seo.title.x"), format!("there is no field seo.title.x; there are {seo}"));
        assert_eq!(refused("title.x"), "there is no field title.x; there are title");
        assert_eq!(parse(&"id,".repeat(667)), Err(InvalidFieldset::TooLong));
        assert!(parse(&["id"; 667].join(",")).is_ok());
    }

    fn names() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec(proptest::sample::select(all_names()), 1..12)
    }

    proptest! {
        #[test]
        fn order_and_repeats_do_not_count(names in names()) {
            let one = parse(&names.join(",")).unwrap();
            let mut others = names.clone();
            others.reverse();
            others.extend(names);
            prop_assert_eq!(&parse(&others.join(",")).unwrap(), &one);
            prop_assert_eq!(&parse(&one.to_string()).unwrap(), &one);
            prop_assert!(one.to_string().split(',').any(|name| name == "id"));
        }

        #[test]
        fn a_member_is_wanted_where_it_is_named_or_a_part_of_it(names in names()) {
            let some = parse(&names.join(",")).unwrap();
            for field in &FIELDS {
                let is_named = |name: &str| names.iter().any(|named| named == name);
                let part = |member: &&&str| is_named(&format!("{}.{member}", field.name));
                let mut members: Members = field.members.iter().filter(part).copied().collect();
                let expected = match field.name {
                    "id" => Some(None),
                    name if is_named(name) => Some(None),
                    _ if members.is_empty() => None,
                    _ => {
                        members.extend(field.members.iter().filter(|member| **member == "id"));
                        Some(Some(&members))
                    }
                };
                prop_assert_eq!(some.wants(field.name), expected.map(|members| (field.name, members)));
            }
            prop_assert_eq!(some.wants("other"), None);
        }

        #[test]
        fn hostile_text_is_no_panic(names in ".{0,60}") {
            if let Ok(some) = parse(&names) {
                prop_assert_eq!(parse(&some.to_string()), Ok(some));
            }
        }
    }
}
