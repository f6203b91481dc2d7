//! JSON Merge Patch (RFC 7396).

use serde_json::{Map, Value};

use super::read::{MEMBERS, SEO};
use super::reader::{Fault, Reader};
use super::translated;

/// `target` as `patch` says: members that are null go, objects are merged, all else takes the place of what was
/// there. Source: RFC 7396, section 2.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge_patch(members.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// Members of a patch that no product has. One that takes away what is not there leaves no trace in the product.
pub fn unknown_members(patch: &Value) -> Vec<Fault> {
    let mut reader = Reader::default();
    let of = reader.members(patch, &MEMBERS);
    if of.get("seo").is_some_and(Value::is_object) {
        reader.object(of, "seo", &SEO, |_, _| ());
    }
    translated::unknown_members(&mut reader, of);
    reader.faults
}
