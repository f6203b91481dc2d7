//! The Entropy port, on every host's adapter.

use std::collections::BTreeSet;
use std::sync::Arc;

use headlesspro_edge::port::entropy::{Entropy, HostEntropy};

use crate::remote;

fn adapters() -> Vec<(&'static str, Arc<dyn Entropy>)> {
    let remote = remote::hosts().into_iter().map(|host| (host.name, host as Arc<dyn Entropy>));
    [("native", Arc::new(HostEntropy) as Arc<dyn Entropy>)].into_iter().chain(remote).collect()
}

#[test]
fn every_byte_is_filled_and_no_two_calls_are_alike() {
    for (name, entropy) in adapters() {
        // Whoever runs a program a second time finds other bytes than the first time.
        let calls: BTreeSet<Vec<u8>> = (0..50)
            .map(|_| {
                let mut bytes = vec![0; 16];
                entropy.fill(&mut bytes).unwrap();
                bytes
            })
            .collect();
        assert_eq!(calls.len(), 50, "{name}");
        // Of 65,536 bytes (what a browser gives at once) each value comes about 256 times.
        let mut many = vec![0; 65_536];
        entropy.fill(&mut many).unwrap();
        let mut times = [0_u32; 256];
        many.iter().for_each(|byte| times[usize::from(*byte)] += 1);
        assert!(times.iter().all(|times| (128..512).contains(times)), "{name}: {times:?}");
        entropy.fill(&mut []).unwrap();
        // More than a browser gives at once.
        let mut more = vec![0; 200_000];
        entropy.fill(&mut more).unwrap();
        assert!(more[199_000..].iter().any(|byte| *byte != 0), "{name}");
    }
}
