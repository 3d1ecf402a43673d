// The test vectors of docs/wire/device.md: the tool still makes the very same bytes, and the tests' own
// authenticator makes and takes what they say.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { digest, pairText, requestText, signText } from "../lib/device.js";
import { root } from "../lib/server.js";
import { section } from "../../tools/device-vectors.mjs";

const vectors = JSON.parse(section.match(/```json\n([^]*?)```/)[1]);
const bytes = (text) => Buffer.from(text, "base64url");
const point = bytes(vectors.public_key);
const jwk = { kty: "EC", crv: "P-256", x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") };
const publicKey = createPublicKey({ key: jwk, format: "jwk" });
const privateKey = createPrivateKey({ key: { ...jwk, d: vectors.private_key }, format: "jwk" });
const fits = (text, signature) => verify("sha256", Buffer.from(text), { key: publicKey, dsaEncoding: "ieee-p1363" }, bytes(signature));

test("the document holds what the tool makes", () => {
  assert.ok(fs.readFileSync(path.join(root, "docs/wire/device.md"), "utf8").endsWith(`\n${section}`), "node tools/device-vectors.mjs");
});

test("every signature is right, and a fresh one is as good", () => {
  for (const { text, signature } of [vectors.pair, ...vectors.requests, ...vectors.payloads]) {
    assert.ok(fits(text, signature), text);
    assert.ok(fits(text, signText(privateKey, text)), text);
  }
  for (const { why, text, signature } of vectors.refused) assert.ok(!fits(text, signature), why);
});

test("texts and digests are made as the document says", () => {
  assert.equal(pairText(vectors.pair.token, vectors.public_key), vectors.pair.text);
  for (const request of vectors.requests) assert.equal(requestText(request), request.text);
  const { shown, shown_digest, hidden_details, hidden_digest } = vectors.answer;
  assert.deepEqual([digest(shown), digest(hidden_details)], [shown_digest, hidden_digest]);
});
