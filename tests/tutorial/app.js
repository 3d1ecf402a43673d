// A small application as the two-factor tutorials write it: people sign up, log in with their password, and
// prove themselves on their phone or by a token. It speaks through the npm package "authy-client" alone, on
// node:http with a router in the manner of Express. One thing is ours: an approval belongs to the session
// that asked, not to the user.
import http from "node:http";
import { createRequire } from "node:module";
import { randomUUID, scryptSync, timingSafeEqual } from "node:crypto";

const { Client } = createRequire(import.meta.url)("authy-client");

// app.post("/path", async (request, response) => …): body parsed, session found, response.json(status, value).
class App {
  routes = new Map();
  sessions = new Map();

  on(method, path, handler) {
    this.routes.set(`${method} ${path}`, handler);
  }

  get = (path, handler) => this.on("GET", path, handler);
  post = (path, handler) => this.on("POST", path, handler);

  async handle(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.json = (status, value) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    try {
      request.body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
      request.protocol = "http";
      const id = /session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
      request.session = this.sessions.get(id);
      const handler = this.routes.get(`${request.method} ${request.url}`);
      if (!handler) return response.json(404, { error: "not found" });
      await handler(request, response);
    } catch (error) {
      response.json(500, { error: error.message });
    }
  }

  begin(response, session) {
    const id = randomUUID();
    this.sessions.set(id, session);
    response.setHeader("set-cookie", `session=${id}; HttpOnly`);
  }
}

const hashed = (password, salt) => scryptSync(password, salt, 32);

// Starts it on a free port; `authy` is { key, host }.
export async function startTutorial(authy) {
  const app = new App(), users = new Map(), client = new Client({ key: authy.key }, { host: authy.host });
  const signedIn = (handler) => (request, response) => (request.session?.state === "in" ? handler(request, response) : response.json(401, { error: "log in" }));
  const begun = (handler) => (request, response) => (request.session ? handler(request, response) : response.json(401, { error: "log in" }));

  app.post("/user", async ({ body }, response) => {
    const { user: { id: authyId } } = await client.registerUser({ countryCode: body.country_code, email: body.email, phone: body.phone });
    const salt = randomUUID();
    users.set(body.email, { email: body.email, name: body.name, authyId, salt, password: hashed(body.password, salt) });
    response.json(200, { authyId });
  });

  // The password; then the phone is asked, if there is one, else a token is sent.
  app.post("/session", async ({ body }, response) => {
    const user = users.get(body.email);
    if (!user || !timingSafeEqual(user.password, hashed(body.password, user.salt))) return response.json(401, { error: "wrong" });
    const session = { user, state: "token" };
    const { status } = await client.getUserStatus({ authyId: user.authyId });
    if (status.registered) {
      const { approval_request: { uuid } } = await client.createApprovalRequest({
        authyId: user.authyId, message: "Log in to the tutorial", details: { visible: { "E-mail": user.email }, hidden: { attempt: randomUUID() } },
      });
      Object.assign(session, { state: "pending", uuid });
    } else {
      await client.requestSms({ authyId: user.authyId });
    }
    app.begin(response, session);
    response.json(200, { next: session.state });
  });

  app.get("/session/status", begun(({ session }, response) => response.json(200, { state: session.state })));

  app.post("/session/resend", begun(async ({ session }, response) => {
    const { cellphone } = await client.requestSms({ authyId: session.user.authyId }, { force: true });
    response.json(200, { cellphone });
  }));

  app.post("/session/token", begun(async ({ session, body }, response) => {
    try {
      await client.verifyToken({ authyId: session.user.authyId, token: body.token });
    } catch (error) {
      return response.json(401, { error: error.message });
    }
    session.state = "in";
    response.json(200, { state: "in" });
  }));

  app.post("/authy/callback", async (request, response) => {
    try {
      await client.verifyCallback(request);
    } catch {
      return response.json(401, { error: "signature" });
    }
    for (const session of app.sessions.values())
      if (session.uuid === request.body.uuid && session.state === "pending") session.state = request.body.status === "approved" ? "in" : "denied";
    response.json(200, {});
  });

  app.get("/account", signedIn(({ session }, response) => response.json(200, { name: session.user.name })));

  const server = http.createServer((request, response) => app.handle(request, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
