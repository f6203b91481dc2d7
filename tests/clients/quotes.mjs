// A storefront or an ERP verifies a quote with a real JOSE client and the published keys, asking nobody.
//
//   node tests/clients/quotes.mjs SETTINGS
//
// SETTINGS is JSON: `keys`, a key set; `issuer`; `quote`, a good token, with the `claims` that it must have; `others`,
// tokens that are no good quotes; and `now`, in seconds. Ends with status 0 when every answer was right.

import assert from "node:assert/strict";
import { createLocalJWKSet, jwtVerify } from "jose";

const { keys, issuer, quote, claims, others, now } = JSON.parse(process.argv[2]);

const set = createLocalJWKSet(keys);
const options = { issuer, audience: "checkout", typ: "quote+jwt", algorithms: ["EdDSA"], requiredClaims: ["exp", "jti"] };
const verify = (token, at = now) => jwtVerify(token, set, { ...options, currentDate: new Date(at * 1000) });

const { payload, protectedHeader } = await verify(quote);
assert.deepEqual(payload, claims);
assert.equal(protectedHeader.typ, "quote+jwt");
await assert.rejects(verify(quote, payload.exp + 1), { code: "ERR_JWT_EXPIRED" });
for (const other of others) {
  await assert.rejects(verify(other), other);
}
console.log("ok");
