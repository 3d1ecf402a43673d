// An application's ear: an HTTP server that keeps what it is told and answers as the test says.
//
//   const ear = await Receiver.start();
//   const { method, headers, body } = await ear.take();   // the next that nobody has taken yet
//   ear.answer = 500;   // a status; or "hang", "reset", or a function (request, response)
import assert from "node:assert/strict";
import http from "node:http";
import { eventually } from "./server.js";

export class Receiver {
  static async start(path = "/authy/callback") {
    const ear = new Receiver();
    await new Promise((resolve) => ear.http.listen(0, "127.0.0.1", resolve));
    ear.origin = `http://127.0.0.1:${ear.http.address().port}`;
    ear.url = ear.origin + path;
    return ear;
  }

  constructor() {
    this.got = [];
    this.answer = 200;
    this.http = http.createServer((rq, rs) => {
      const chunks = [];
      rq.on("data", (chunk) => chunks.push(chunk));
      rq.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        this.got.push({ method: rq.method, url: rq.url, headers: rq.headers, raw: rq.rawHeaders, httpVersion: rq.httpVersion, body });
        if (typeof this.answer === "function") return this.answer(rq, rs);
        if (this.answer === "hang") return;
        if (this.answer === "reset") return rq.socket.resetAndDestroy();
        rs.writeHead(this.answer, this.answer === 302 ? { location: "/elsewhere" } : {}).end("ok");
      });
    });
  }

  async take(options) {
    await eventually(() => assert.ok(this.got.length > 0, "nothing came"), options);
    return this.got.shift();
  }

  stop() {
    this.http.closeAllConnections();
    this.http.close();
  }
}
