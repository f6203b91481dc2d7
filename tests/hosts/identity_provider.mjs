// A real OpenID Connect provider (npm `oidc-provider`), and one that says whatever it is told to say.
//
//   node tests/hosts/identity_provider.mjs 4000
//
// Prints its address as the only line on stdout. Ends on SIGINT and SIGTERM, or when stdin closes, so that it never
// outlives the test that started it.
//
// - `/`: `oidc-provider` with the client `shop` (secret `shop secret: 100%`). Whoever comes is logged in as
//   `login_hint` says, with the address `<login_hint>@example.com`, verified unless it begins with `unverified`.
// - `POST /test/rotate`: it signs with another key from now on, and forgets the one before.
// - `POST /test/away?path=/jwks` and `POST /test/back`: what begins so is answered with 503.
// - `/test/count?path=/jwks`: how often that was asked for.
// - `/told`: an issuer whose token endpoint takes as code what it shall answer, in JSON: `{alg, header, claims, by}`.

import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;
const clientSecret = "shop secret: 100%";
const redirectUri = "https://shop.example/login";

let number = 0;

function key(alg) {
  const [type, options] = {
    RS256: ["rsa", { modulusLength: 2048 }],
    ES256: ["ec", { namedCurve: "P-256" }],
    EdDSA: ["ed25519", {}],
  }[alg];
  const { privateKey, publicKey } = generateKeyPairSync(type, options);
  const more = { kid: `${alg}-${(number += 1)}`, use: "sig", alg };
  return {
    privateKey,
    private: { ...privateKey.export({ format: "jwk" }), ...more },
    public: { ...publicKey.export({ format: "jwk" }), ...more },
  };
}

// One of each kind, made when it is asked for: an RSA key is seconds of a busy machine.
function keys() {
  const made = {};
  const one = (alg) => (made[alg] ??= key(alg));
  return {
    get RS256() {
      return one("RS256");
    },
    get ES256() {
      return one("ES256");
    },
    get EdDSA() {
      return one("EdDSA");
    },
  };
}

function provider() {
  const made = new Provider(origin, {
    clients: [
      { client_id: "shop", client_secret: clientSecret, redirect_uris: [redirectUri], id_token_signed_response_alg: "RS256" },
      {
        client_id: "shop-es256",
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: "client_secret_basic",
        id_token_signed_response_alg: "ES256",
      },
    ],
    jwks: { keys: [key("RS256").private, key("ES256").private] },
    cookies: { keys: ["of the tests"] },
    pkce: { required: () => true },
    scopes: ["openid", "email", "profile"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: !id.startsWith("unverified"),
        name: `Person ${id}`,
      }),
    }),
    async loadExistingGrant(context) {
      const { session, client, params } = context.oidc;
      const grant = new made.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      await grant.save();
      return grant;
    },
  });
  return made;
}

let current = provider();
let away = "";
const asked = new Map();

// The issuer that is told what to say.

const told = keys();
const unknown = keys();

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token({ alg, header = {}, claims, by = "known" }) {
  const keys = by === "unknown" ? unknown : told;
  const { kid } = (told[alg] ?? told.RS256).public;
  const signed = `${encoded({ alg, kid, ...header })}.${encoded(claims)}`;
  const bytes = Buffer.from(signed);
  const signature = {
    none: () => Buffer.alloc(0),
    // The public key taken for a shared secret.
    HS256: () => createHmac("sha256", Buffer.from(told.RS256.public.n, "base64url")).update(bytes).digest(),
    RS256: () => sign("sha256", bytes, keys.RS256.privateKey),
    ES256: () => sign("sha256", bytes, { key: keys.ES256.privateKey, dsaEncoding: "ieee-p1363" }),
    EdDSA: () => sign(null, bytes, keys.EdDSA.privateKey),
  }[alg]();
  return `${signed}.${signature.toString("base64url")}`;
}

async function answerAsTold(path, request, body) {
  const base = `${origin}/told`;
  switch (path) {
    case "/told/.well-known/openid-configuration":
      return {
        issuer: base,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        userinfo_endpoint: `${base}/userinfo`,
        jwks_uri: `${base}/jwks`,
        token_endpoint_auth_methods_supported: ["client_secret_post"],
      };
    case "/told/jwks":
      return { keys: Object.values(told).map((key) => key.public).concat([{ kty: "new", kid: 7 }]) };
    case "/told/sign":
      return { token: token(JSON.parse(body)) };
    case "/told/token": {
      const form = new URLSearchParams(body);
      if (form.get("client_secret") !== clientSecret || !form.get("code_verifier")) return undefined;
      const wanted = JSON.parse(form.get("code"));
      return { access_token: encoded(wanted.userinfo ?? {}), token_type: "Bearer", id_token: token(wanted) };
    }
    case "/told/userinfo":
      return JSON.parse(Buffer.from(request.headers.authorization.slice("Bearer ".length), "base64url").toString());
    default:
      return undefined;
  }
}

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, origin);
  if (pathname === "/test/rotate") {
    current = provider();
    return response.end();
  }
  if (pathname === "/test/away" || pathname === "/test/back") {
    away = searchParams.get("path") ?? "";
    return response.end();
  }
  if (pathname === "/test/count") {
    return response.end(String(asked.get(searchParams.get("path")) ?? 0));
  }
  asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
  if (away !== "" && pathname.startsWith(away)) {
    response.statusCode = 503;
    return response.end();
  }
  if (pathname.startsWith("/told/")) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const told = await answerAsTold(pathname, request, Buffer.concat(parts).toString());
    response.statusCode = told === undefined ? 400 : 200;
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify(told ?? { error: "invalid_request" }));
  }
  if (pathname.startsWith("/interaction/")) {
    const { params } = await current.interactionDetails(request, response);
    return current.interactionFinished(request, response, { login: { accountId: params.login_hint } });
  }
  return current.callback()(request, response);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end();
  });
});

server.listen(port, "127.0.0.1", () => console.log(origin));

function end() {
  process.exit(0);
}
process.on("SIGINT", end);
process.on("SIGTERM", end);
process.stdin.on("end", end);
process.stdin.resume();
