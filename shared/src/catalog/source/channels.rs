//! In which channels a product is published.

use std::collections::BTreeMap;

use super::{Fault, Source};

impl Source {
    /// Puts ids in the place of handles, each once and in their order, and answers what names no channel. `known` are
    /// the ids of the store's channels, by their handles.
    pub fn settle_channels(&mut self, known: &BTreeMap<String, String>) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (at, channel) in self.channels.iter_mut().enumerate() {
            match known.get(channel) {
                Some(id) => channel.clone_from(id),
                None if known.values().any(|id| id == channel) => {}
                None => {
                    faults.push(Fault { path: format!("channels/{at}"), reason: "there is no such channel".to_owned() })
                }
            }
        }
        self.channels.sort();
        self.channels.dedup();
        faults
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_channel_is_named_by_its_handle_or_its_id_and_kept_once() {
        let known = [("outlet", "chan_2"), ("web", "chan_1")].map(|(handle, id)| (handle.to_owned(), id.to_owned()));
        let known = BTreeMap::from(known);
        let read = |channels| {
            let json = json!({ "title": "Tent", "channels": channels });
            Source::read(&json, "EUR".parse().unwrap())
        };
        let settled = |channels| {
            let mut source = read(channels).unwrap();
            let faults = source.settle_channels(&known);
            (source.channels, faults.into_iter().map(|fault| fault.path).collect::<Vec<_>>())
        };
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(settled(json!(["outlet", "web", "chan_2", "web"])), (ids(&["chan_1", "chan_2"]), Vec::new()));
        assert_eq!(settled(json!(null)), (Vec::new(), Vec::new()));
        assert_eq!(settled(json!(["web", "shop", "chan_3"])).1, ["channels/1", "channels/2"]);
        for wrong in [json!([]), json!("web"), json!({}), json!([1]), json!(vec!["web"; 101])] {
            let faults = read(wrong.clone()).unwrap_err();
            assert!(faults.iter().all(|fault| fault.path.starts_with("channels")), "{wrong}: {faults:?}");
        }
    }
}
