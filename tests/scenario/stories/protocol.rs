//! What a browser, a proxy and a curious developer see.

use http::Method;

use super::keys::routes;
use crate::product_file::Product;
use crate::world::World;

pub async fn any_origin_may_ask(world: World) {
    for path in ["/api/v1/products", "/api/v1/cart", "/api/v1/checkouts", "/openapi.json", "/nowhere"] {
        let answer = world
            .nobody
            .call(Method::OPTIONS, path)
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, content-type, idempotency-key")
            .send()
            .await
            .expect(204);
        let listed = |name: &str| -> Vec<String> {
            answer.the(name).split(',').map(|word| word.trim().to_ascii_lowercase()).collect()
        };
        let methods = listed("access-control-allow-methods");
        assert!(
            ["get", "post", "patch", "delete"].iter().all(|method| methods.contains(&(*method).to_owned())),
            "{methods:?}"
        );
        let headers = listed("access-control-allow-headers");
        for header in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"] {
            assert!(headers.contains(&header.to_owned()), "{path}: {headers:?}");
        }
    }
    let answer =
        world.ours.shopper.get("/api/v1/products?limit=1").header("origin", "https://shop.example").send().await;
    let exposed = answer.expect(200).the("access-control-expose-headers").to_ascii_lowercase();
    for header in [
        "etag",
        "link",
        "location",
        "x-request-id",
        "retry-after",
        "ratelimit-reset",
        "idempotent-replayed",
        "server-timing",
    ] {
        assert!(exposed.contains(header), "{exposed}");
    }
}

pub async fn unknown_paths_and_wrong_methods_say_so(world: World) {
    for path in [
        "/",
        "/nowhere",
        "/api",
        "/api/v1",
        "/api/v2/products",
        "/api/v1/products/",
        "//api/v1/products",
        "/api/v1/cart/",
    ] {
        for client in [&world.nobody, &world.ours.shopper] {
            client.get(path).send().await.expect_problem(404, "no-route");
            client.post(path).send().await.expect_problem(404, "no-route");
        }
    }
    for (method, path, _) in routes() {
        for wrong in [Method::PUT, Method::DELETE, Method::POST, Method::GET, Method::PATCH, Method::OPTIONS] {
            if routes().iter().any(|(allowed, other, _)| *other == path && *allowed == wrong) {
                continue;
            }
            let answer = world.ours.merchant.call(wrong, &path).send().await.expect_problem(405, "method-not-allowed");
            let allowed: Vec<&str> = answer.the("allow").split(',').map(str::trim).collect();
            assert!(allowed.contains(&method.as_str()), "{answer}");
        }
    }
}

pub async fn head_is_get_without_the_body(world: World) {
    let (handle, vendor) = (world.name("head"), world.name("heads"));
    world.ours.import(&[Product::simple(&handle, "1", 1).vendor(&vendor)]).await;
    for path in [
        format!("/api/v1/products/{handle}"),
        format!("/api/v1/products?filter%5Bvendor%5D={vendor}"),
        "/openapi.json".to_owned(),
        "/healthz".to_owned(),
    ] {
        let (get, head) = (world.ours.shopper.get(&path).send().await, world.ours.shopper.head(&path).send().await);
        assert_eq!((head.status, head.body.len()), (200, 0), "{head}");
        for header in ["etag", "cache-control", "cache-tag", "content-type", "vary"] {
            assert_eq!(head.header(header), get.header(header), "{path}: {header}");
        }
        if let Some(length) = head.header("content-length") {
            assert_eq!(length, get.body.len().to_string(), "{path}");
        }
        if let Some(etag) = get.header("etag") {
            let known = world.ours.shopper.head(&path).header("if-none-match", etag).send().await;
            assert_eq!(known.status, 304, "{known}");
        }
    }
    for path in ["/nowhere".to_owned(), format!("/api/v1/products/{}", world.name("missing"))] {
        world.ours.shopper.head(&path).send().await.expect(404);
    }
    world.nobody.head("/api/v1/products").send().await.expect(401);
}

pub async fn a_request_keeps_its_plain_id_and_gets_one_otherwise(world: World) {
    let ask = async |id: &[u8]| {
        let call = world.ours.shopper.get("/api/v1/products/none").header("x-request-id", id);
        call.send().await.expect(404).the("x-request-id").to_owned()
    };
    for plain in ["a", "Req-1.2_3", &"x".repeat(64)] {
        assert_eq!(ask(plain.as_bytes()).await, plain);
    }
    let hostile: [&[u8]; 7] =
        [b"", b"a b", b"a\tb", b"<script>", b"a%0d%0aSet-Cookie:x", "id-\u{fc}".as_bytes(), &[b'x'; 65]];
    for id in hostile {
        let given = ask(id).await;
        assert_ne!(given.as_bytes(), id);
        assert!(given.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{given}");
    }
    let (one, two) = (world.nobody.get("/healthz").send().await, world.nobody.get("/healthz").send().await);
    assert_ne!(one.the("x-request-id"), two.the("x-request-id"));
}

pub async fn health_and_description_need_no_key(world: World) {
    let health = world.nobody.get("/healthz").send().await.expect(200);
    assert_eq!(health.json()["status"], "ok");
    assert_eq!(health.the("cache-control"), "no-store");
    let description = world.nobody.get("/openapi.json").send().await.expect(200);
    assert!(description.the("cache-control").contains("max-age"), "{description}");
    let description = description.json();
    assert!(description["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "not OpenAPI 3.1");
    // It describes every route there is, by method and path.
    for (method, path, _) in routes() {
        let described =
            description["paths"].as_object().unwrap().iter().any(|(template, item)| {
                fits(template, &path) && item.get(method.as_str().to_ascii_lowercase()).is_some()
            });
        assert!(described, "{method} {path} is not described");
    }
}

/// Whether `path` is one of `template`, such as `/api/v1/cart/{id}`.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(expected, got)| expected.starts_with('{') || expected == got)
}
