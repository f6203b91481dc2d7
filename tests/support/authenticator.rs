//! An authenticator in software, with the browser around it: makes passkeys and logs in with them, as told.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::{KeyPair, Seed};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// What signs.
#[derive(Clone)]
pub enum Key {
    Es256(Box<SigningKey>),
    EdDsa(KeyPair),
}

/// One credential on one device. Cloning it is what must be found out.
#[derive(Clone)]
pub struct Authenticator {
    pub key: Key,
    pub credential_id: Vec<u8>,
    /// Where the page is.
    pub origin: String,
    /// For whom it signs; the options' relying party unless it lies.
    pub rp_id: Option<String>,
    pub flags: u8,
    /// `None`: it does not count.
    pub count: Option<u32>,
    /// Whether a registration carries a statement by the credential itself.
    pub attests: bool,
    pub user_handle: String,
}

impl Authenticator {
    /// With a key of its own for each `seed`.
    pub fn es256(seed: &str, origin: &str) -> Authenticator {
        let key = SigningKey::from_slice(&Sha256::digest(seed)).expect("a scalar");
        Authenticator::new(Key::Es256(Box::new(key)), seed, origin)
    }

    pub fn ed_dsa(seed: &str, origin: &str) -> Authenticator {
        Authenticator::new(Key::EdDsa(KeyPair::from_seed(Seed::new(Sha256::digest(seed).into()))), seed, origin)
    }

    fn new(key: Key, seed: &str, origin: &str) -> Authenticator {
        Authenticator {
            key,
            credential_id: Sha256::digest(format!("id of {seed}")).to_vec(),
            origin: origin.to_owned(),
            rp_id: None,
            flags: PRESENT | VERIFIED | ELIGIBLE | BACKED_UP,
            count: None,
            attests: false,
            user_handle: String::new(),
        }
    }

    /// As if nobody had been verified.
    pub fn without_verification(mut self) -> Authenticator {
        self.flags &= !VERIFIED;
        self
    }

    /// As if nobody had touched it.
    pub fn untouched(mut self) -> Authenticator {
        self.flags &= !PRESENT;
        self
    }

    /// What `navigator.credentials.create()` gives, as `toJSON()` writes it.
    pub fn create(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        self.user_handle = options["user"]["id"].as_str().expect("a user").to_owned();
        let key = self.cose();
        let length = u16::try_from(self.credential_id.len()).expect("a short id").to_be_bytes();
        let attested = [&[7; 16][..], &length, &self.credential_id, &key].concat();
        let data = self.data(options["rp"]["id"].as_str().expect("a party"), ATTESTED, &attested);
        let client_data = self.client_data("webauthn.create", options);
        let mut object = vec![0xa3];
        object.extend(text("fmt"));
        if self.attests {
            object.extend(text("packed"));
            object.extend(text("attStmt"));
            object.push(0xa2);
            object.extend(text("alg"));
            object.push(match self.key {
                Key::Es256(_) => 0x26,
                Key::EdDsa(_) => 0x27,
            });
            object.extend(text("sig"));
            object.extend(bytes(&self.sign(&data, &client_data)));
        } else {
            object.extend(text("none"));
            object.extend(text("attStmt"));
            object.push(0xa0);
        }
        object.extend(text("authData"));
        object.extend(bytes(&data));
        self.credential(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
            "transports": ["internal", "hybrid"],
        }))
    }

    /// What `navigator.credentials.get()` gives, as `toJSON()` writes it.
    pub fn get(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        self.count = self.count.map(|count| count + 1);
        let data = self.data(options["rpId"].as_str().expect("a party"), 0, &[]);
        let client_data = self.client_data("webauthn.get", options);
        self.credential(json!({
            "signature": URL_SAFE_NO_PAD.encode(self.sign(&data, &client_data)),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "userHandle": self.user_handle,
        }))
    }

    fn credential(&self, response: Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.credential_id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false })
            .to_string()
    }

    fn data(&self, rp_id: &str, flags: u8, attested: &[u8]) -> Vec<u8> {
        let rp_id = self.rp_id.as_deref().unwrap_or(rp_id);
        let count = self.count.unwrap_or(0).to_be_bytes();
        [&Sha256::digest(rp_id)[..], &[self.flags | flags], &count, attested].concat()
    }

    fn sign(&self, data: &[u8], client_data: &str) -> Vec<u8> {
        let message = [data, &Sha256::digest(client_data)].concat();
        match &self.key {
            Key::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(&message);
                der(&signature.to_bytes())
            }
            Key::EdDsa(pair) => pair.sk.sign(&message, None).to_vec(),
        }
    }

    /// The public key as COSE has it.
    fn cose(&self) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = (point.x().expect("a point"), point.y().expect("a point"));
                [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21][..], &bytes(x), &[0x22], &bytes(y)].concat()
            }
            Key::EdDsa(pair) => {
                [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21][..], &bytes(pair.pk.as_ref())].concat()
            }
        }
    }
}

/// A text string of CBOR, shorter than 24 bytes.
fn text(text: &str) -> Vec<u8> {
    let mut cbor = vec![0x60 | u8::try_from(text.len()).expect("short")];
    cbor.extend(text.as_bytes());
    cbor
}

/// A byte string of CBOR.
fn bytes(bytes: &[u8]) -> Vec<u8> {
    let mut cbor = match u8::try_from(bytes.len()) {
        Ok(length) => vec![0x58, length],
        Err(_) => [&[0x59][..], &u16::try_from(bytes.len()).expect("short").to_be_bytes()].concat(),
    };
    cbor.extend(bytes);
    cbor
}

/// `r` and `s` as DER has them.
fn der(raw: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let mut number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        if number.first().is_none_or(|first| 0x7f < *first) {
            number.insert(0, 0);
        }
        [&[0x02, u8::try_from(number.len()).expect("short")][..], &number].concat()
    };
    let both = [integer(&raw[..32]), integer(&raw[32..])].concat();
    [&[0x30, u8::try_from(both.len()).expect("short")][..], &both].concat()
}
