//! The published vectors of Web Authentication Level 3 (section "Test Vectors"): for example.org.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn party() -> RelyingParty {
    RelyingParty::new("example.org", "Example", vec!["https://example.org".to_owned()]).unwrap()
}

/// The last 32 bytes before the key: what the vectors have as `credential_id`.
fn registration(client_data: &str, object: &str) -> Registration {
    let attestation_object = bytes(object);
    let parsed = attestation(&attestation_object).unwrap();
    let credential_id = AuthenticatorData::read(parsed.bytes).unwrap().attested.unwrap().credential_id.to_vec();
    Registration { client_data: bytes(client_data), attestation_object, credential_id }
}

fn assertion(client_data: &str, data: &str, signature: &str) -> Assertion {
    Assertion { client_data: bytes(client_data), authenticator_data: bytes(data), signature: bytes(signature) }
}

/// Whether the key has signed it: none of the vectors' logins has verified its user, which we ask for.
fn is_signed(key: &[u8], assertion: &Assertion) -> bool {
    let client = client_data(&assertion.client_data).unwrap();
    let refused = assertion.verify(&client, &party(), &URL_SAFE_NO_PAD.encode(key));
    assert_eq!(refused, Err(PasskeyError::NotVerified));
    let (key, _) = CredentialKey::read(key).unwrap();
    has_signed(&key, &assertion.authenticator_data, &assertion.client_data, &assertion.signature)
}

fn key_of(registration: &Registration) -> Vec<u8> {
    let object = attestation(&registration.attestation_object).unwrap();
    AuthenticatorData::read(object.bytes).unwrap().attested.unwrap().key_bytes.to_vec()
}

const NONE_CREATED: &str = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d5074345578784754\
     53746e63647134313759447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a\
     2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c\
     69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c64\
     7320696e20746865206675747572652c207375636820617320746869733a20426b5165446a646354427258426941774a544c\
     453551227d";
const NONE_OBJECT: &str = "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8\
     edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3f\
     b63f579ba6122b33ad94ff3ec330084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb2\
     49c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220";
const NONE_GOT: &str = "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f\
     334a5558543049393770767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f65\
     78616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d";
const NONE_DATA: &str = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000";
const NONE_SIGNATURE: &str = "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f5\
     75bf11a1dd5d78c6e486013f937295ea13653e331e87";

const SELF_CREATED: &str = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a2265476e4374334c55745936\
     366b336a506a796e6962506b31716e666644616966715a774c33417032392d55222c226f726967696e223a2268747470733a\
     2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c\
     69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c64\
     7320696e20746865206675747572652c207375636820617320746869733a205539685458764b453255526b4d6e625f307859\
     485667227d";
const SELF_OBJECT: &str = "a363666d74667061636b65646761747453746d74a263616c672663736967584630440220067a20754ab925005dbf378097c9\
     2120031581c73228d1fb4f5b881bcd7da98302207fc7b147558c7c0eba3af18bd9d121fa3d3a26d17fe3f220272178f473b6\
     006d68617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b55d00000000\
     df850e09db6afbdfab51697791506cfc0020455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58c\
     a5010203262001215820eb151c8176b225cc651559fecf07af450fd85802046656b34c18f6cf193843c5225820927b8aa427\
     a2be1b8834d233a2d34f61f13bfd44119c325d5896e183fee484f2";
const SELF_GOT: &str = "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a225248696843784e534e493352594d\
     45314f7731476d3132786e726b634a5f6666707637546e2d4a71386773222c226f726967696e223a2268747470733a2f2f65\
     78616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e\
     74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c64732069\
     6e20746865206675747572652c207375636820617320746869733a206754623533727a36456853576f6d58477a696d433151\
     227d";
const SELF_DATA: &str = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50900000000";
const SELF_SIGNATURE: &str = "304402203310b9431903c401f1be2bdc8d23a4007682dbbddcf846994947b7f465daf84002204e94dd00047b316061b3b997\
     72b7efd95994a83ef584b3b6b825ea3550251b66";

const RS256_GOT: &str = "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224b56395a39667150356978617970\
     346e596d7834794e6f33617562597a5333536d75757459423462784d55222c226f726967696e223a2268747470733a2f2f65\
     78616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d";
const RS256_DATA: &str = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000";
const RS256_SIGNATURE: &str = "01063d52d7c39b4d432fc7063c5d93e582bdcb16889cd71f888d67d880ea730a428498d3bc8e1ee11f2b1ecbe6c292b118c5\
     5ffaaddefa8cad0a54dd137c51f1eec673f1bb6c4d1789d6826a222b22d0f585fc901fdc933212e579d199b89d672aa44891\
     333e6a1355536025e82b25590256c3538229b55737083b2f6b9377e49e2472f11952f79fdd0da180b5ffd901b4049a8f081b\
     b40711bef76c62aed943571f2d0575304cb549d68d8892f95086a30f93716aee818f8dc06e96c0d5e0ed4cfa9fd8773d9046\
     4b68cf140f7986666ff9c9e3302acd0535d60d769f465e2ab57ef8aabc89fccfef7ba32a64154a8b3d26be2298f470b8cc53\
     77dbe3dfd4b0b45f8f01e63bde6cfc76b62771f9b70aa27cf40152cad93aa5acd784fd4b90f676e2ea828d0bf2400aebbaae\
     4153e5838f537f88b6228346782a93a899be66ec77de45b3efcf311da6321c92e6b0cd11bfe653bf3e98cee8e341f02d67db\
     b6f9c98d9e8178090cfb5b70fbc6d541599ac794ae2f1d4de1286ec8de8c2daf7b1d15c8438e90d924df5c19045220a4c843\
     8c1b979bbe016cf3d0eeec23c3999d4882cc645b776de930756612cdc6dd398160ff02a6";

const EDDSA_GOT: &str = "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a2269566c583442786a4f6d6d44534b\
     4c596f7870557439736e364d48454f7943413135726947514a6e763949222c226f726967696e223a2268747470733a2f2f65\
     78616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d";
const EDDSA_DATA: &str = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50100000000";
const EDDSA_SIGNATURE: &str = "f5c59c7e46c34f6f8cc197101ddf9934fa2595f68eb1913a637e8419eb9ba4cfdfc48f85393bc0d40b011f0d6fecb097d660\
     7525713223a0dc0d453993dae00b";

const EDDSA_KEY: &str = "a401010327200621582044e06ddd331c36a8dc667bab52bcae63486c916aa5e339e6acebaa84934bf832";

#[test]
fn an_es256_credential_without_attestation() {
    let registration = registration(NONE_CREATED, NONE_OBJECT);
    let client = client_data(&registration.client_data).unwrap();
    let challenge = bytes("00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130");
    assert_eq!(client.challenge, URL_SAFE_NO_PAD.encode(challenge));
    // Its user was not verified either.
    assert_eq!(registration.verify(&client, &party()), Err(PasskeyError::NotVerified));
    let login = assertion(NONE_GOT, NONE_DATA, NONE_SIGNATURE);
    assert!(is_signed(&key_of(&registration), &login));
    let other = Assertion { client_data: bytes(SELF_GOT), ..login };
    assert!(!is_signed(&key_of(&registration), &other));
}

#[test]
fn an_es256_credential_with_self_attestation() {
    let registration = registration(SELF_CREATED, SELF_OBJECT);
    let client = client_data(&registration.client_data).unwrap();
    let credential = registration.verify(&client, &party()).unwrap();
    assert_eq!((credential.algorithm, credential.sign_count), (-7, 0));
    assert_eq!(credential.aaguid, "df850e09db6afbdfab51697791506cfc");
    assert!(is_signed(&key_of(&registration), &assertion(SELF_GOT, SELF_DATA, SELF_SIGNATURE)));

    // Its statement is signed: neither the credential nor the page can be another.
    let mut object = registration.attestation_object.clone();
    let at = object.len() - 1;
    object[at] ^= 1;
    let changed = Registration { attestation_object: object, ..self::registration(SELF_CREATED, SELF_OBJECT) };
    assert!(changed.verify(&client, &party()).is_err());
    let elsewhere = Registration { client_data: bytes(NONE_CREATED), ..changed };
    assert!(elsewhere.verify(&client, &party()).is_err());
    let other = RelyingParty::new("example.com", "Example", vec!["https://example.com".to_owned()]).unwrap();
    assert_eq!(registration.verify(&client, &other), Err(PasskeyError::Origin));
    let renamed = Registration { credential_id: vec![1], ..registration };
    assert_eq!(renamed.verify(&client, &party()), Err(PasskeyError::Malformed));
}

#[test]
fn an_rs256_and_an_ed25519_credential() {
    // The vector's modulus: (2^1279 - 1) * (2^2203 - 1), which is 2^3482 - 2^2203 - 2^1279 + 1.
    let mut modulus = [0_u8; 436];
    let mut set = |bit: usize| modulus[435 - bit / 8] |= 1 << (bit % 8);
    (2_203..3_482).filter(|bit| *bit != 2_203).for_each(&mut set);
    (1_279..2_203).for_each(&mut set);
    set(0);
    let key = [&bytes("a4010303390100205901b4")[..], &modulus, &bytes("2143010001")[..]].concat();
    assert!(is_signed(&key, &assertion(RS256_GOT, RS256_DATA, RS256_SIGNATURE)));
    assert!(is_signed(&bytes(EDDSA_KEY), &assertion(EDDSA_GOT, EDDSA_DATA, EDDSA_SIGNATURE)));
    assert!(!is_signed(&bytes(EDDSA_KEY), &assertion(RS256_GOT, EDDSA_DATA, EDDSA_SIGNATURE)));
}
