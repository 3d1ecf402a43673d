// Walks the route table itself: what a stranger, a stale form and a password alone get from every row.
// Attacks 1, 23, 27 and 28: the person here has a second factor set up that no policy demands.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { root, startServer } from "../lib/server.js";
import { enterPassword, nextTotp, signIn, signUp, turnOnTotp } from "./people.js";

const rows = [...fs.readFileSync(path.join(root, "src/portal/routes.c"), "utf8")
  .matchAll(/\{(GET|POST), *"([^"]+)", *AUTH_(\w+),/g)].map(([, method, pattern, auth]) => ({ method, pattern, auth }));
const pathOf = ({ pattern }) => pattern.replace("{kind}", "totp").replace("{id}", "1").replace("{file}", "x").replace("{token}", "a".repeat(43));

let server, ada, app, me;
before(async () => {
  server = await startServer();
  ada = await signUp(server);
  me = await signIn(server, ada);
  app = await turnOnTotp(me);
});
after(() => server.stop());

test("the table is read whole", () => {
  assert.ok(rows.length > 50, `${rows.length} rows`);
  assert.ok(rows.some((row) => row.pattern === "/account/security/{kind}/off" && row.method === "POST"));
});

test("a stranger reaches no row that asks for more", async () => {
  for (const row of rows.filter((r) => r.auth !== "NONE")) {
    const stranger = new Client(server);
    const answer = row.method === "GET" ? await stranger.getJson(pathOf(row)) : await stranger.postJson(pathOf(row), {});
    assert.equal(answer.status, 401, `${row.method} ${row.pattern}`);
    const page = await new Client(server).get(pathOf(row));
    if (row.method === "GET") assert.match(page.location ?? "", /^\/login/, row.pattern);
    stranger.close();
  }
});

test("every form wants its token", async () => {
  for (const row of rows.filter((r) => r.method === "POST")) {
    const answer = await me.post(pathOf(row), { password: ada.password, login: ada.username, code: "1" });
    assert.equal(answer.status, 403, row.pattern);
    assert.deepEqual(answer.setCookies.filter((line) => /session|login/.test(line)), [], row.pattern);
  }
  assert.equal((await me.get("/account")).status, 200);
});

test("the password alone opens no session, whatever is asked", async () => {
  const { browser } = await enterPassword(server, ada);
  const csrf = (await browser.get("/verify")).form(["code"]).fields.get("csrf");
  const fields = {
    csrf, login: ada.username, password: ada.password, code: "000000", method: "totp", name: "M", username: ada.username,
    email: ada.email, current_password: ada.password, country_code: "+49", phone: "015121234567", next: "/account",
  };
  for (const row of rows) {
    if (row.pattern === "/logout" || (row.method === "POST" && ["/login", "/verify"].includes(row.pattern))) continue;
    for (const answer of row.method === "GET" ? [await browser.get(pathOf(row)), await browser.getJson(pathOf(row))]
      : [await browser.post(pathOf(row), fields), await browser.postJson(pathOf(row), fields)])
      assert.ok(!answer.setCookies.some((line) => /cs_session=[^;]/.test(line)), `${row.method} ${row.pattern}`);
    assert.equal((await browser.getJson("/account")).status, 401, `after ${row.method} ${row.pattern}`);
  }
  assert.equal((await browser.post("/login", fields)).location, "/verify");
  const wrong = await browser.postJson("/verify", { code: "000000" });
  assert.equal(wrong.status, 401);
  assert.equal((await browser.getJson("/account")).status, 401);
  assert.equal((await browser.postJson("/verify", { code: nextTotp(app) })).json.state, "signed_in");
  assert.equal((await browser.getJson("/account")).status, 200);
});
