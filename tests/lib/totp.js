// RFC 4226 and 6238 once more, independent of the program's own: an authenticator app for tests.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function base32Decode(text) {
  const clean = text.replace(/[\s=-]/g, "").toUpperCase();
  const bits = [...clean].map((c) => {
    assert.ok(alphabet.includes(c), `not base32: ${c}`);
    return alphabet.indexOf(c).toString(2).padStart(5, "0");
  }).join("");
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => parseInt(byte, 2)) ?? []);
}

export function hotp(key, counter, { digits = 6, algorithm = "SHA1" } = {}) {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac(algorithm.toLowerCase(), key).update(message).digest();
  const offset = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}

// The code at an instant; stepsLater = -1 for the one before.
export function totp({ secret, digits = 6, period = 30, algorithm = "SHA1" }, { atMs = Date.now(), stepsLater = 0 } = {}) {
  const step = Math.floor(atMs / 1000 / period) + stepsLater;
  return hotp(base32Decode(secret), step, { digits, algorithm });
}

// What an app reads from an otpauth:// address.
export function readOtpauth(address) {
  const url = new URL(address);
  assert.equal(url.protocol, "otpauth:");
  assert.equal(url.host, "totp");
  const say = (name, otherwise) => url.searchParams.get(name) ?? otherwise;
  return {
    label: decodeURIComponent(url.pathname.slice(1)), issuer: say("issuer"), secret: say("secret"),
    digits: Number(say("digits", 6)), period: Number(say("period", 30)), algorithm: say("algorithm", "SHA1"),
  };
}
