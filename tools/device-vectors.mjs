// Writes the test vectors of docs/wire/device.md: `node tools/device-vectors.mjs` rewrites the section,
// with --print it only says it. Signatures are deterministic (RFC 6979, below), so that every byte can be
// made again; a signer with a random nonce makes others that are as good.
import { createHash, createHmac } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const file = path.join(path.dirname(fileURLToPath(import.meta.url)), "../docs/wire/device.md");
const head = "## 7. Test vectors";

// --- P-256 with BigInt: slow, and fine for this ------------------------------------------------------

const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const G = [0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n, 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n];

const mod = (a, m) => ((a % m) + m) % m;
function inverse(a, m) {
  let [r0, r1, s0, s1] = [mod(a, m), m, 1n, 0n];
  while (r1) [r0, r1, s0, s1] = [r1, r0 % r1, s1, s0 - (r0 / r1) * s1];
  return mod(s0, m);
}
function add(A, B) {
  if (!A || !B) return A ?? B;
  if (A[0] === B[0] && mod(A[1] + B[1], p) === 0n) return null;
  const slope = A[0] === B[0] ? (3n * A[0] * A[0] - 3n) * inverse(2n * A[1], p) : (B[1] - A[1]) * inverse(B[0] - A[0], p);
  const x = mod(slope * slope - A[0] - B[0], p);
  return [x, mod(slope * (A[0] - x) - A[1], p)];
}
function times(k, A) {
  let sum = null;
  for (; k; k >>= 1n, A = add(A, A)) if (k & 1n) sum = add(sum, A);
  return sum;
}
const octets = (v) => Buffer.from(v.toString(16).padStart(64, "0"), "hex");
const number = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

// RFC 6979 section 3.2, with SHA-256 on a curve of 256 bits.
function sign(d, text) {
  const hash = createHash("sha256").update(text).digest();
  const seed = Buffer.concat([octets(d), octets(mod(number(hash), n))]);
  const mac = (key, ...parts) => createHmac("sha256", key).update(Buffer.concat(parts)).digest();
  let V = Buffer.alloc(32, 1), K = Buffer.alloc(32, 0);
  for (const byte of [0, 1]) {
    K = mac(K, V, Buffer.of(byte), seed);
    V = mac(K, V);
  }
  for (;;) {
    V = mac(K, V);
    const k = number(V);
    if (k > 0n && k < n) {
      const r = mod(times(k, G)[0], n), s = mod(inverse(k, n) * (number(hash) + r * d), n);
      if (r && s) return Buffer.concat([octets(r), octets(s)]);
    }
    K = mac(K, V, Buffer.of(0));
    V = mac(K, V);
  }
}

// RFC 6979 A.2.5, message "sample": the arithmetic above is right.
const d = 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n;
if (!sign(d, "sample").toString("hex").startsWith("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"))
  throw new Error("RFC 6979's own vector does not come out");

// --- the vectors -------------------------------------------------------------------------------------

const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const digest = (text) => b64(createHash("sha256").update(text).digest());
const point = Buffer.concat([Buffer.of(4), ...times(d, G).map(octets)]);

const token = "dGVzdC12ZWN0b3ItdG9rZW4tMDEyMzQ1Njc4OWFiY2Q";
const device = "YF00112233445566778899aabbccddeeff", service = "VA00112233445566778899aabbccddeeff";
const challenge = "YC00112233445566778899aabbccddeeff";
const signed = (text) => ({ text, signature: b64(sign(d, text)) });
const requestText = (method, target, body, time, nonce) =>
  ["countersign-request-v1", method, target, digest(body), time, nonce, device].map((line) => `${line}\n`).join("");
const request = (method, target, body, nonce, time = "1795300000") =>
  ({ method, target, body, time, nonce, device, ...signed(requestText(method, target, body, time, nonce)) });

const shown = JSON.stringify({
  v: 1, service, service_name: "Serenity Bank", challenge, message: "Pay 20 € to Zoë?",
  details: [{ label: "To", value: "Zoë Washburne" }, { label: "Amount", value: "20,00 €" }],
  address: "203.0.113.7", browser: "Firefox on Linux", place: "", needs_digits: true, created_at: 1795300000, expires_at: 1795300120,
});
const hidden = '{"order":"A-1017"}';
const payload = (decision, digits) => JSON.stringify({
  v: 1, service, challenge, device, shown_digest: digest(shown), hidden_digest: digest(hidden), decision, digits, at: 1795300042,
});
const get = request("GET", "/device/challenges", "", "AAECAwQFBgcICQoLDA0ODw");

const flip = (signature) => {
  const bytes = Buffer.from(signature, "base64url");
  bytes[63] ^= 1;
  return b64(bytes);
};
const vectors = {
  private_key: b64(octets(d)),
  public_key: b64(point),
  pair: { token, ...signed(`countersign-pair-v1\n${token}\n${b64(point)}`) },
  requests: [
    get,
    request("POST", "/device/self", '{"name":"Känguru 9"}', "EBESExQVFhcYGRobHB0eHw"),
    request("GET", `/device/challenges/history?before=${challenge}`, "", "nonce-of-64-characters-0123456789-0123456789-0123456789-01234567", "1795300299"),
  ],
  answer: { shown, shown_digest: digest(shown), hidden_details: hidden, hidden_digest: digest(hidden) },
  payloads: [signed(payload("approved", "482913")), signed(payload("denied", "")), signed(payload("not_me", ""))],
  refused: [
    { why: "a bit of the signature is another", text: get.text, signature: flip(get.signature) },
    { why: "the target is another", text: get.text.replace("challenges", "events"), signature: get.signature },
    { why: "the last line end is missing", text: get.text.slice(0, -1), signature: get.signature },
    { why: "r and s are zero", text: get.text, signature: b64(Buffer.alloc(64)) },
    { why: "s is not below the order", text: get.text, signature: b64(Buffer.concat([Buffer.from(get.signature, "base64url").subarray(0, 32), Buffer.alloc(32, 255)])) },
  ],
};

export const section = `${head}

Made by \`tools/device-vectors.mjs\`; \`src/device/vectors_test.c\` and \`tests/device/vectors.test.js\` check the
program and the tests' own authenticator against them. The key is that of RFC 6979, A.2.5, and the signatures
are made as that RFC says, so every byte can be made again; a signer that takes a random nonce makes others,
which are as good. Texts are shown as JSON strings: \`\\n\` is one line end. What stands under \`refused\` must not
verify with \`public_key\`.

\`\`\`json
${JSON.stringify(vectors, null, 2)}
\`\`\`
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = fs.readFileSync(file, "utf8");
  const at = text.indexOf(head);
  if (process.argv.includes("--print")) process.stdout.write(section);
  else fs.writeFileSync(file, `${(at < 0 ? text : text.slice(0, at)).trimEnd()}\n\n${section}`);
}
