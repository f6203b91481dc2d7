//! HMAC-SHA-1 (RFC 2104), which authenticator apps compute: SHA-1's collisions do not touch it.

const BLOCK: usize = 64;

/// Under a key of at most one block.
pub fn hmac_sha1(key: &[u8; 20], message: &[u8]) -> [u8; 20] {
    let padded = |pad: u8| {
        let mut block = [pad; BLOCK];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        block
    };
    let mut inner = sha1_smol::Sha1::new();
    inner.update(&padded(0x36));
    inner.update(message);
    let mut outer = sha1_smol::Sha1::new();
    outer.update(&padded(0x5c));
    outer.update(&inner.digest().bytes());
    outer.digest().bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_rfc_2202() {
        assert_eq!(hex::encode(hmac_sha1(&[0x0b; 20], b"Hi There")), "b617318655057264e28bc0b6fb378c8ef146be00");
        assert_eq!(hex::encode(hmac_sha1(&[0xaa; 20], &[0xdd; 50])), "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
        // RFC 4226, appendix D.
        let key = b"12345678901234567890";
        assert_eq!(hex::encode(hmac_sha1(key, &0_u64.to_be_bytes())), "cc93cf18508d94934c64b65d8ba7667fb7cde4b0");
    }
}
