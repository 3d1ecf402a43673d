// A screen that nobody sees, and a desktop that shows notifications to the test: Xvfb, a session bus and
// notifier.py on it. A click on one is what a person's would be to the browser.
//
//   const desktop = await Desktop.open();
//   const context = await vendor.browser({ ...desktop.browserOptions });
//   const shown = await desktop.next(({ body }) => body === "Sign-in on the web");
//   desktop.click(shown);                                     // or click(shown, "0"): its first button
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { eventually } from "./server.js";

const notifier = path.join(path.dirname(fileURLToPath(import.meta.url)), "notifier.py");

export class Desktop {
  children = [];
  notices = [];

  static async open() {
    const desktop = new Desktop();
    try {
      // each picks what is free, and says so in its first line
      const display = await desktop.#start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]).first;
      const address = await desktop.#start("dbus-daemon", ["--session", "--nofork", "--print-address=1"]).first;
      desktop.env = { ...process.env, DISPLAY: `:${display}`, DBUS_SESSION_BUS_ADDRESS: address };
      desktop.notifier = desktop.#start("/usr/bin/python3", [notifier], desktop.env, (line) => desktop.notices.push(JSON.parse(line)));
      await desktop.notifier.first;
    } catch (error) {
      await desktop.close();
      throw error;
    }
    return desktop;
  }

  // Starts a program that ends with us; `first` is its first line.
  #start(file, args, env = process.env, onLine = () => {}) {
    const child = spawn(file, args, { env, stdio: ["pipe", "pipe", "ignore"] });
    this.children.push(child);
    const lines = createInterface({ input: child.stdout });
    const first = Promise.race([
      once(lines, "line").then(([line]) => line),
      once(child, "error").then(([error]) => { throw error; }),
      once(child, "exit").then(([code]) => { throw new Error(`${file} ended with ${code}`); }),
    ]);
    first.catch(() => {});
    child.stdin.on("error", () => {});
    lines.on("line", onLine);
    return Object.assign(child, { first });
  }

  get browserOptions() {
    return { headless: false, env: this.env };
  }

  // The next notification that fits, taken off the list.
  async next(fits = () => true) {
    return eventually(() => {
      const at = this.notices.findIndex((one) => one.title !== undefined && fits(one));
      if (at < 0) throw new Error(`no such notification among ${JSON.stringify(this.notices)}`);
      return this.notices.splice(at, 1)[0];
    }, { ms: 20_000 });
  }

  click({ id }, action = "default") {
    this.notifier.stdin.write(`${id} ${action}\n`);
  }

  async close() {
    for (const child of this.children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    }
  }
}
