//! What Google, Kakao and Naver are asked for, field by field, as their sites describe it. Each answers to nothing else.

use std::collections::BTreeMap;
use std::sync::Mutex;

use headlesspro_edge::port::clock::Clock;
use sha2::{Digest, Sha256};

use super::*;

const PAGE: &str = "https://shop.example/login";
/// What a form and HTTP Basic must encode.
const SECRET: &str = "s+e:c/r e&t";

type Fields = BTreeMap<String, String>;

/// One of the three, with what it is told before.
struct Preset {
    issuer: &'static str,
    authorization: &'static str,
    token: &'static str,
    profile: &'static str,
    /// OpenID Connect: how a client may say who it is. `None`: OAuth 2.0 alone.
    methods: Option<&'static [&'static str]>,
    scope: &'static str,
    /// The query of the page that the browser was sent to.
    query: Mutex<Fields>,
}

fn google() -> Preset {
    Preset {
        issuer: "https://accounts.google.com",
        authorization: "https://accounts.google.com/o/oauth2/v2/auth",
        token: "https://oauth2.googleapis.com/token",
        profile: "https://openidconnect.googleapis.com/v1/userinfo",
        methods: Some(&["client_secret_post", "client_secret_basic"]),
        scope: "openid email profile",
        query: Mutex::default(),
    }
}

fn kakao() -> Preset {
    Preset {
        issuer: "https://kauth.kakao.com",
        authorization: "https://kauth.kakao.com/oauth/authorize",
        token: "https://kauth.kakao.com/oauth/token",
        profile: "https://kapi.kakao.com/v1/oidc/userinfo",
        methods: Some(&["client_secret_post"]),
        scope: "openid account_email",
        query: Mutex::default(),
    }
}

fn naver() -> Preset {
    Preset {
        issuer: "https://nid.naver.com",
        authorization: "https://nid.naver.com/oauth2.0/authorize",
        token: "https://nid.naver.com/oauth2.0/token",
        profile: "https://openapi.naver.com/v1/nid/me",
        methods: None,
        scope: "",
        query: Mutex::default(),
    }
}

impl Preset {
    fn keys(&self) -> String {
        format!("{}/keys", self.issuer)
    }

    fn begun(&self) -> Fields {
        self.query.lock().expect("nobody panicked").clone()
    }

    fn answer(&self, request: &http::Request<Bytes>) -> Option<Value> {
        let url = request.uri().to_string();
        let header = |name| request.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        if let Some(methods) = self.methods {
            if url == format!("{}/.well-known/openid-configuration", self.issuer) {
                return Some(json!({
                    "issuer": self.issuer, "authorization_endpoint": self.authorization,
                    "token_endpoint": self.token, "userinfo_endpoint": self.profile, "jwks_uri": self.keys(),
                    "token_endpoint_auth_methods_supported": methods,
                }));
            }
            if url == self.keys() {
                let x = URL_SAFE_NO_PAD.encode(issuers_key().pk.as_ref());
                return Some(json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x }] }));
            }
        }
        assert_eq!(header("accept").as_deref(), Some("application/json"), "{url}");
        if url == self.profile {
            assert_eq!((request.method().as_str(), header("authorization").as_deref()), ("GET", Some("Bearer AAAA")));
            let (email, name) = ("hedy@example.com", "Hedy");
            return Some(match self.methods {
                Some(_) => json!({ "sub": "3274", "email": email, "email_verified": true, "name": name }),
                None => json!({ "resultcode": "00", "response": { "id": "3274", "email": email, "name": name } }),
            });
        }
        if url != self.token {
            return None;
        }
        assert_eq!(request.method(), "POST");
        assert_eq!(header("content-type").as_deref(), Some("application/x-www-form-urlencoded"));
        self.check_form(fields(request.body()), header("authorization").as_deref());
        let mut tokens = json!({ "access_token": "AAAA", "token_type": "bearer", "expires_in": 3_600 });
        if self.methods.is_some() {
            tokens["id_token"] = self.id_token().into();
        }
        Some(tokens)
    }

    /// RFC 6749, section 4.1.3; RFC 7636, section 4.5; and who the client is by section 2.3.1.
    fn check_form(&self, form: Fields, authorization: Option<&str>) {
        let begun = self.begun();
        let mut expected = vec![("grant_type", "authorization_code"), ("code", "4/0Ab x")];
        if self.methods.is_some() {
            let digest = Sha256::digest(form.get("code_verifier").expect("a verifier"));
            assert_eq!(begun["code_challenge"], URL_SAFE_NO_PAD.encode(digest));
            expected.extend([("redirect_uri", PAGE), ("code_verifier", form["code_verifier"].as_str())]);
        } else {
            expected.push(("state", begun["state"].as_str()));
        }
        let by_basic = self.methods.is_some_and(|methods| methods.contains(&"client_secret_basic"));
        if by_basic {
            let basic = STANDARD.encode("shop:s%2Be%3Ac%2Fr+e%26t");
            assert_eq!(authorization, Some(format!("Basic {basic}").as_str()));
        } else {
            assert_eq!(authorization, None);
            expected.extend([("client_id", "shop"), ("client_secret", SECRET)]);
        }
        assert_eq!(form, of(&expected));
    }

    /// As Kakao's: it does not say whether the address is verified.
    fn id_token(&self) -> String {
        let encoded = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let now = SystemClock.now().millis() / 1_000;
        let claims = json!({ "iss": self.issuer, "sub": "3274", "aud": "shop", "iat": now, "exp": now + 60,
            "nonce": self.begun()["nonce"] });
        let signed = format!("{}.{}", encoded(json!({ "alg": "EdDSA" })), encoded(claims));
        let signature = URL_SAFE_NO_PAD.encode(issuers_key().sk.sign(signed.as_bytes(), None).as_ref());
        format!("{signed}.{signature}")
    }

    fn check_page(&self, url: &str) {
        let (page, query) = url.split_once('?').expect("a query");
        let query = fields(query.as_bytes());
        assert_eq!(page, self.authorization);
        let mut expected = vec![("response_type", "code"), ("client_id", "shop"), ("redirect_uri", PAGE)];
        let mut own = vec!["state"];
        if self.methods.is_some() {
            expected.extend([("scope", self.scope), ("code_challenge_method", "S256")]);
            own.extend(["nonce", "code_challenge"]);
        }
        expected.extend(own.iter().map(|name| (*name, query[*name].as_str())));
        assert_eq!(query, of(&expected));
        // 256 bits in base64url, each.
        assert!(own.iter().all(|name| query[*name].len() == 43), "{query:?}");
        *self.query.lock().expect("nobody panicked") = query;
    }
}

struct Provider(Arc<Preset>);

impl Fetch for Provider {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, FetchError>> {
        let answer = self.0.answer(&request).unwrap_or_else(|| panic!("nothing is at {}", request.uri()));
        Box::pin(async move { Ok(http::Response::new(answer.to_string().into())) })
    }
}

fn fields(form: &[u8]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(form) {
        assert_eq!(fields.insert(name.clone().into_owned(), value.into_owned()), None, "{name} stands there twice");
    }
    fields
}

fn of(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn each_preset_asks_for_what_its_provider_wants() {
    for (kind, preset) in [("google", google()), ("kakao", kakao()), ("naver", naver())] {
        let preset = Arc::new(preset);
        let mut shop = Shop::beside(Arc::new(Provider(Arc::clone(&preset))), SignUp::Open, "").await;
        let login = json!({ "email": "ada@example.com", "password": PASSWORD });
        let token = format!("Bearer {}", shop.send("POST", "/api/v1/auth/login", login).await.text("/accessToken"));
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        let body = json!({ "kind": kind, "name": kind, "clientId": "shop", "clientSecret": SECRET,
            "redirectUris": [PAGE], "trustsEmail": true });
        let made = shop.call("POST", "/api/v1/identity-providers", &headers, body.to_string()).await.text("/id");
        let path = format!("/api/v1/auth/providers/{made}/begin");
        let begun = shop.send("POST", &path, json!({ "redirectUri": PAGE })).await;
        preset.check_page(&begun.text("/authorizationUrl"));
        let back = json!({ "state": preset.begun()["state"], "code": "4/0Ab x",
            "browserToken": begun.text("/browserToken") });
        let opened = shop.send("POST", "/api/v1/auth/providers/finish", back).await;
        assert_eq!(opened.status, 200, "{kind}: {}", opened.body);
        let person = format!("Bearer {}", opened.text("/accessToken"));
        let me = shop.call("GET", "/api/v1/auth/me", &[("authorization", &person)], "").await;
        assert_eq!((&me.body["email"], &me.body["name"]), (&json!("hedy@example.com"), &json!("Hedy")), "{kind}");
    }
}
