// A browser without a screen: keeps cookies, fills in forms, follows redirects when asked to.
//
//   const me = new Client(server);
//   const page = await me.get("/login");
//   const answer = await me.fill(page, { login: "ada", password: "…" });  // hidden fields come along
//   const next = await me.follow(answer);
//   await me.postJson("/login", { login, password });
import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import { parse } from "node-html-parser";
import { saw } from "./scrub.js";
import { limitMs } from "./server.js";

export class Answer {
  constructor(path, message, body) {
    this.path = path; // what was asked for
    this.status = message.statusCode;
    this.headers = message.headers;
    this.rawHeaders = message.rawHeaders;
    this.setCookies = message.headers["set-cookie"] ?? [];
    this.bytes = body;
    this.text = body.toString("utf8");
  }

  get location() {
    return this.headers.location;
  }

  get json() {
    return JSON.parse(this.text);
  }

  get html() {
    return (this.parsed ??= parse(this.text));
  }

  // The words a person reads, with blanks squeezed. Of a list only what is chosen.
  get words() {
    const body = this.text.replace(/^[^]*<body[^>]*>/i, "")
      .replace(/<(script|style|template)\b[^]*?<\/\1>|<!--[^]*?-->/gi, "")
      .replace(/<option\b(?![^>]*\bselected\b)[^>]*>[^<]*(<\/option>)?/gi, "")
      .replace(/<\/?(a|abbr|b|bdi|code|em|i|small|span|strong|time|u)\b[^>]*>/gi, "")
      .replace(/<[^>]*>/g, " ");
    return decode(body).replace(/\s+/g, " ").trim();
  }

  // Every form of the page: { method, action, fields: Map of name to value, buttons: [{ name, value, text }] }.
  get forms() {
    return this.html.querySelectorAll("form").map((form) => {
      const fields = new Map();
      for (const input of form.querySelectorAll("input, textarea, select")) {
        const name = input.getAttribute("name");
        const type = (input.getAttribute("type") ?? "text").toLowerCase();
        if (!name || input.hasAttribute("disabled") || ["submit", "button", "image", "file"].includes(type)) continue;
        if (input.rawTagName === "textarea") fields.set(name, decode(input.textContent).replace(/^\n/, ""));
        else if (input.rawTagName === "select") fields.set(name, chosen(input));
        else if (type !== "checkbox" && type !== "radio") fields.set(name, input.getAttribute("value") ?? "");
        else if (input.hasAttribute("checked")) fields.set(name, input.getAttribute("value") ?? "on");
        else if (!fields.has(name)) fields.set(name, undefined); // known, but not sent
      }
      const buttons = form.querySelectorAll("button, input[type=submit]").map((b) => ({
        name: b.getAttribute("name"), value: b.getAttribute("value") ?? "", text: b.textContent.trim(),
      }));
      return {
        method: (form.getAttribute("method") ?? "get").toUpperCase(),
        action: form.getAttribute("action") || this.path, fields, buttons,
      };
    });
  }

  // The one form that has all these fields; with `action`, the one that goes there.
  form(names, action) {
    const fitting = this.forms.filter((f) =>
      names.every((n) => f.fields.has(n) || f.buttons.some((b) => b.name === n)) &&
      (action === undefined || f.action.split("?")[0] === action));
    assert.equal(fitting.length, 1, `${fitting.length} forms with ${names.join(", ") || "no fields"}` +
      `${action ? ` for ${action}` : ""} on ${this.path} (${this.status}):\n${this.words.slice(0, 600)}`);
    return fitting[0];
  }
}

// Text without tags, its entities read.
const decode = (text) => parse(`<p>${text}</p>`).firstChild.text;

function chosen(select) {
  const options = select.querySelectorAll("option");
  const option = options.find((o) => o.hasAttribute("selected")) ?? options[0];
  return option ? option.getAttribute("value") ?? option.textContent.trim() : "";
}

// What passed here that no log may say.
function noteExchange(headers, body, answer) {
  for (const line of answer.setCookies) saw.token(line.split(";")[0].split("=")[1]);
  if (/json/.test(headers["content-type"] ?? "")) try {
    saw.body(JSON.parse(body));
  } catch { /* a test of malformed bodies */ }
  else if (/urlencoded/.test(headers["content-type"] ?? "")) saw.body(Object.fromEntries(new URLSearchParams(String(body ?? ""))));
  if (/json/.test(answer.headers["content-type"] ?? "")) try {
    saw.body(JSON.parse(answer.text));
  } catch { /* cut off */ }
}

export class Client {
  constructor(server, { headers = {}, ca, localAddress } = {}) {
    this.server = server;
    this.cookies = new Map();
    this.headers = headers; // sent with every request
    const { Agent } = server.url.startsWith("https:") ? https : http;
    this.agent = new Agent({ keepAlive: true, maxSockets: 256, ca, localAddress });
  }

  // The lowest way in. A header given as undefined is not sent.
  request(method, path, { headers = {}, body } = {}) {
    const { request } = this.server.url.startsWith("https:") ? https : http;
    const url = new URL(path, this.server.url);
    const all = { ...this.headers, ...headers };
    if (this.cookies.size && !("cookie" in all))
      all.cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    if (body !== undefined) all["content-length"] ??= Buffer.byteLength(body);
    for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
    return new Promise((resolve, reject) => {
      const rq = request(url, { method, headers: all, agent: this.agent, timeout: limitMs(20_000) });
      rq.on("timeout", () => rq.destroy(new Error(`${method} ${path}: no answer in time`)));
      rq.on("error", reject);
      rq.on("response", (message) => {
        const chunks = [];
        message.on("data", (chunk) => chunks.push(chunk));
        message.on("error", reject);
        message.on("end", () => {
          const answer = new Answer(path, message, Buffer.concat(chunks));
          answer.setCookies.forEach((line) => this.keepCookie(line));
          noteExchange(all, body, answer);
          resolve(answer);
        });
      });
      rq.end(body);
    });
  }

  keepCookie(line) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    const maxAge = attributes.map((a) => a.match(/^max-age=(-?\d+)$/i)?.[1]).find((v) => v !== undefined);
    if (maxAge !== undefined && Number(maxAge) <= 0) this.cookies.delete(pair.slice(0, at));
    else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }

  get(path, options) {
    return this.request("GET", path, options);
  }

  // A form as a browser sends it. Values that are undefined are left out.
  post(path, fields = {}, { headers = {} } = {}) {
    const body = fields instanceof URLSearchParams || typeof fields === "string" ? String(fields)
      : String(new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== undefined)));
    return this.request("POST", path, {
      body, headers: { "content-type": "application/x-www-form-urlencoded", origin: this.server.url, ...headers },
    });
  }

  postJson(path, value, { headers = {} } = {}) {
    return this.request("POST", path, {
      body: JSON.stringify(value),
      headers: { "content-type": "application/json", accept: "application/json", origin: this.server.url, ...headers },
    });
  }

  getJson(path, { headers = {} } = {}) {
    return this.get(path, { headers: { accept: "application/json", ...headers } });
  }

  // Fills in the form of the page that has these fields and sends it, hidden fields included.
  fill(page, values = {}, { action, headers } = {}) {
    const form = page.form(Object.keys(values), action);
    const fields = { ...Object.fromEntries(form.fields), ...values };
    if (form.method === "GET")
      return this.get(`${form.action}?${new URLSearchParams(Object.entries(fields).filter(([, v]) => v !== undefined))}`);
    return this.post(form.action, fields, { headers });
  }

  // Goes where a redirect points; a redirect that leaves the server is an error.
  async follow(answer) {
    assert.ok(answer.status >= 300 && answer.status < 400, `no redirect: ${answer.status} ${answer.path}\n${answer.words.slice(0, 600)}`);
    const url = new URL(answer.location, new URL(answer.path, this.server.url));
    assert.equal(url.origin, this.server.url, `a redirect to elsewhere: ${answer.location}`);
    return this.get(url.pathname + url.search);
  }

  // Follows until there is a page.
  async land(answer) {
    for (let i = 0; answer.status >= 300 && answer.status < 400; i++) {
      assert.ok(i < 10, "redirects in a circle");
      answer = await this.follow(answer);
    }
    return answer;
  }

  // Server-sent events, one by one: for await (const { event, data } of me.events("/login/events")).
  async *events(path) {
    const { request } = this.server.url.startsWith("https:") ? https : http;
    const headers = { ...this.headers, accept: "text/event-stream" };
    if (this.cookies.size) headers.cookie = [...this.cookies].map(([n, v]) => `${n}=${v}`).join("; ");
    const rq = request(new URL(path, this.server.url), { headers }); // a connection of its own
    rq.end();
    try {
      const [message] = await new Promise((resolve, reject) => {
        rq.on("response", (m) => resolve([m]));
        rq.on("error", reject);
      });
      assert.equal(message.statusCode, 200);
      let text = "";
      for await (const chunk of message.setEncoding("utf8")) {
        text += chunk;
        for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
          const lines = text.slice(0, end).split("\n").filter((line) => line && !line.startsWith(":"));
          if (lines.length) yield Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2)));
        }
      }
    } finally {
      rq.destroy();
    }
  }

  close() {
    this.agent.destroy();
  }
}
