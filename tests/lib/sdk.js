// One call by an official SDK's own means, below its resources: what it sends, and what it makes of the reply.
//
//   const reply = await sdks.node({ url, user, password, account, method: "GET", path: "/Services", params });
//   // { status, headers, text, error }; error: { name, status, code }, or undefined where the SDK saw none
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";
import { root } from "./server.js";

const twilio = createRequire(import.meta.url)("twilio");

async function node({ url, user, password, account, method, path: uri, params }) {
  let reply;
  const httpClient = new class extends twilio.RequestClient {
    request = async (opts) => (reply = await super.request(opts));
  }();
  const client = twilio(user, password, { httpClient, accountSid: account });
  client.verify.baseUrl = url;
  const opts = { uri, method: method.toLowerCase(), ...(method === "GET" ? { params } : { data: params }), headers: {} };
  if (method === "POST") opts.headers["Content-Type"] = "application/x-www-form-urlencoded";
  const done = client.verify.v2[{ GET: "fetch", POST: "create", DELETE: "remove" }[method]](opts);
  const error = await done.then(() => undefined, (e) => ({ name: e.constructor.name, status: e.status, code: e.code }));
  const text = !reply.body ? "" : typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body);
  return { status: reply.statusCode, headers: reply.headers, text, error };
}

let program, answers, turn = Promise.resolve();
function python(question) {
  if (!program) {
    program = spawn("/usr/bin/python3", [path.join(root, "tests/interop/verify_refusals.py")], { stdio: ["pipe", "pipe", "inherit"] });
    answers = readline.createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    program.unref();
  }
  const asked = turn.then(async () => {
    program.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error("python ended");
    const reply = JSON.parse(value);
    return { ...reply, error: reply.error ?? undefined };
  });
  turn = asked.catch(() => {}); // one line at a time
  return asked;
}

export const sdks = { node: { call: node, error: "RestException", name: "npm twilio" },
  python: { call: python, error: "TwilioRestException", name: "python3-twilio", close: () => program?.stdin.end() } };
