// Judges replies by the facts of the official OpenAPI file (tests/data/verify_v2_facts.json): every
// field there, none extra, each with its type, enum, pattern and bounds, null only where it may be.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { root } from "./server.js";

export const facts = JSON.parse(fs.readFileSync(path.join(root, "tests/data/verify_v2_facts.json"), "utf8"));

const matchers = facts.operations.map((op) => ({
  op,
  literals: op.path.split("/").filter((segment) => !segment.startsWith("{")).length,
  pattern: new RegExp(`^${op.path.replace(/\{\w+\}/g, "[^/]+")}$`),
})).sort((a, b) => b.literals - a.literals); // "/Attempts/Summary" before "/Attempts/{Sid}"

export const operationOf = (method, pathname) =>
  matchers.find((m) => m.op.method === method && m.pattern.test(pathname))?.op;

const isIso = (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && !Number.isNaN(Date.parse(text));
const isUrl = (text) => URL.canParse(text);

// What is wrong with a value, as sentences.
function judge(value, fact, at) {
  if (value === null) return fact.nullable ? [] : [`${at} is null`];
  if (fact.is) return judgeObject(value, facts.schemas[fact.is], at);
  const wrong = [];
  const kind = Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
  if (fact.type && fact.type !== kind && !(fact.type === "number" && kind === "integer"))
    return [`${at} is ${kind}, not ${fact.type}`];
  if (fact.enum && !fact.enum.includes(value)) wrong.push(`${at} is ${value}, not one of ${fact.enum}`);
  if (kind === "string") {
    if (fact.pattern && !new RegExp(fact.pattern).test(value)) wrong.push(`${at} is ${value}: not ${fact.pattern}`);
    if (fact.minLength > value.length || fact.maxLength < value.length) wrong.push(`${at} has ${value.length} characters`);
    if (fact.format === "date-time" && !isIso(value)) wrong.push(`${at} is no time: ${value}`);
    if (fact.format === "uri" && !isUrl(value)) wrong.push(`${at} is no absolute URL: ${value}`);
  }
  if (kind === "integer" && (fact.minimum > value || fact.maximum < value)) wrong.push(`${at} is out of bounds`);
  if (kind === "array" && fact.items)
    wrong.push(...value.flatMap((item, i) => judge(item, fact.items, `${at}[${i}]`)));
  if (fact.format === "uri-map")
    wrong.push(...Object.entries(value).filter(([, url]) => !isUrl(url)).map(([name]) => `${at}.${name} is no URL`));
  return wrong;
}

function judgeObject(value, schema, at) {
  const missing = Object.keys(schema.fields).filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`);
  const extra = Object.keys(value).filter((name) => !(name in schema.fields)).map((name) => `${at}.${name} is extra`);
  const wrong = Object.entries(schema.fields).filter(([name]) => name in value)
    .flatMap(([name, fact]) => judge(value[name], fact, `${at}.${name}`));
  return [...missing, ...extra, ...wrong];
}

function judgeError(body, status) {
  const wrong = [];
  if (!Number.isInteger(body.code)) wrong.push("code is no integer");
  if (typeof body.message !== "string" || !body.message) wrong.push("message is empty");
  if (body.status !== status) wrong.push("status is not the reply's");
  if (body.more_info !== `https://www.twilio.com/docs/errors/${body.code}`) wrong.push("more_info is not the code's");
  const extra = Object.keys(body).filter((name) => !["code", "message", "more_info", "status"].includes(name));
  return [...wrong, ...extra.map((name) => `${name} is extra`)];
}

// Remembers which operations were seen to succeed, and which refused.
export class Contract {
  succeeded = new Set();
  refused = new Set();

  // Fails the test if the reply breaks the contract. headers: a Headers object.
  check(method, pathname, status, headers, body) {
    const op = operationOf(method, pathname);
    const where = `${method} ${pathname} -> ${status}`;
    assert.ok(status < 500, `${where}: ${JSON.stringify(body)}`);
    for (const name of ["access-control-allow-origin", "access-control-allow-methods",
      "access-control-allow-headers", "access-control-allow-credentials", "access-control-expose-headers"])
      assert.ok(headers.get(name), `${where} lacks ${name}`);
    assert.ok(headers.get("date"), `${where} lacks Date`);
    if (status >= 400) {
      assert.deepEqual(judgeError(body, status), [], where);
      if (op) this.refused.add(op.id);
      return;
    }
    assert.ok(op, `${where}: no such operation`);
    const reply = op.replies[status];
    assert.ok(reply, `${where}: ${op.id} never answers so`);
    if (status === 204) assert.equal(body, undefined, where);
    else if (reply.list) {
      assert.deepEqual(Object.keys(body).sort(), [reply.list, "meta"].sort(), where);
      assert.deepEqual(body[reply.list].flatMap((item) => judgeObject(item, facts.schemas[reply.schema], reply.list)), [], where);
      assert.deepEqual(judgeObject(body.meta, { fields: reply.meta }, "meta"), [], where);
      assert.equal(body.meta.key, reply.list);
    } else assert.deepEqual(judgeObject(body, facts.schemas[reply.schema], op.id), [], where);
    this.succeeded.add(op.id);
  }
}
