// The Authy dialect's signed requests, written from its reference: who asks names application and account
// and signs method, URL and parameters.
import { createHmac, randomUUID } from "node:crypto";

const escaped = (text) => encodeURIComponent(text).replace(/%20/g, "+").replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

// [name, value] pairs as Rails' to_query has them: members by bytes, list elements in their order.
export const canonical = (pairs) => pairs.map(([name, value], at) => ({ name: `${escaped(name)}=`, text: `${escaped(name)}=${escaped(value)}`, at }))
  .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.at - b.at)).map(({ text }) => text).join("&");

// The same of a callback's nested body: what a GET carries as its query.
export function toQuery(value, name = "") {
  if (Array.isArray(value)) return value.map((item) => toQuery(item, `${name}[]`)).filter(Boolean).join("&");
  if (value !== null && typeof value === "object")
    return Object.entries(value).map(([key, item]) => toQuery(item, name ? `${name}[${key}]` : key)).filter(Boolean).sort((a, b) => (a < b ? -1 : 1)).join("&");
  return `${escaped(name)}=${escaped(String(value ?? ""))}`;
}

export const callbackSignature = (key, nonce, method, url, query) => createHmac("sha256", key).update([nonce, method, url, query].join("|")).digest("base64");

export const signatureOf = (key, nonce, method, url, pairs) => createHmac("sha256", key).update([nonce, method, url, canonical(pairs)].join("|")).digest("base64");

// `who` is what `app create --json` printed; place: where the parameters stand; `change` replaces headers.
export function signedRequest(client, who, method, path, pairs = [], { place = "form", nonce = `${Date.now() / 1000}.${randomUUID()}`, base = client.server.url, change = {} } = {}) {
  const all = [["app_api_key", who.api_key], ["access_key", who.account_sid], ...pairs];
  const text = all.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
  const types = { form: "application/x-www-form-urlencoded", json: "application/json" };
  const json = () => JSON.stringify(Object.fromEntries(all.map(([name]) => [name.replace("[]", ""),
    name.endsWith("[]") ? all.filter(([n]) => n === name).map(([, v]) => v) : all.find(([n]) => n === name)[1]])));
  return client.request(method, place === "query" ? `${path}?${text}` : path, {
    body: place === "query" ? undefined : place === "json" ? json() : text,
    headers: { "content-type": types[place], "x-authy-signature": signatureOf(who.auth_token, nonce, method, base + path, all), "x-authy-signature-nonce": nonce, ...change },
  });
}
