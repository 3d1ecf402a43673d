// What no log may say: a code, a token, a key, a whole number. While the tests run, servers and commands
// write their logs into one folder, at the level that says most, and the test library notes every secret
// that passes through it; the last step of tests/run.js looks for the ones in the others.
//
//   saw.code("482913"); saw.token(cookie); saw.number("+4915112345678"); saw.body({ password, code, to });
//
// Compared are whole words, and codes of six and more digits, so that nothing is found by chance: a log line
// has no such run of digits but those of its own counters, which are left out first.
import fs from "node:fs";
import path from "node:path";

const folder = process.env.COUNTERSIGN_TEST_TRACES; // set by tests/run.js; without it nothing is kept
const tokenMin = 16, codeMin = 6, numberMin = 8;

const seen = new Map(); // value -> kind
if (folder)
  process.on("exit", () => fs.writeFileSync(path.join(folder, `${process.pid}.seen`),
    [...seen].map(([value, kind]) => `${JSON.stringify([kind, value])}\n`).join("")));

function keep(kind, value) {
  if (folder && value) seen.set(value, kind);
}

const isText = (value) => typeof value === "string" || typeof value === "number";

export const saw = {
  code(value) {
    if (new RegExp(`^[0-9A-Za-z]{${codeMin},10}$`).test(value) && /\d/.test(value)) keep("code", String(value));
  },
  // Also a URL or a cookie: what is long in it and looks like nothing that a person would write. The names of
  // things (VA…, and 32 hex digits) are public.
  token(value) {
    for (const word of String(value).match(/[\w-]+/g) ?? [])
      if (word.length >= tokenMin && !/^[A-Z]{2}[0-9a-f]{32}$/.test(word) && (/\d/.test(word) || word.length >= 32)) keep("token", word);
  },
  number(value) {
    const digits = String(value).replace(/\D/g, "");
    if (String(value).startsWith("+") && digits.length >= numberMin) keep("number", digits);
  },
  // A request's fields or an answer's, by their names.
  body(fields) {
    if (Array.isArray(fields)) return fields.forEach((one) => saw.body(one));
    if (!fields || typeof fields !== "object") return;
    for (const [name, value] of Object.entries(fields)) {
      if (!isText(value)) {
        saw.body(value);
        continue;
      }
      if (/^(code|token|otp|authpayload|customcode)$/i.test(name)) saw.code(String(value));
      if (/token|secret|link|api_?key|signing_key|jwt|seed/i.test(name)) saw.token(value);
      if (/^(to|phone|phone_number|target|number|e164)$/i.test(name)) saw.number(value);
      if (/^(body|text)$/i.test(name)) saw.message(String(value));
    }
  },
  // What a phone or a mailbox got.
  message(text) {
    for (const [, code] of text.matchAll(/(?<![\w./+-])(\d{6,10})(?![\w./-])/g)) saw.code(code);
    for (const [link] of text.matchAll(/https?:\/\/\S+/g)) saw.token(new URL(link.replace(/[).,]+$/, "")).pathname);
  },
};

// --- logs ----------------------------------------------------------------------------------------

let logs = 0;
// Where the next server or command of this process writes; undefined when nothing is kept.
export function traceFile() {
  return folder && path.join(folder, `${process.pid}-${++logs}.log`);
}

// --- looking for them ----------------------------------------------------------------------------

// What our own lines count with: the time in front, and fields that are numbers by their nature.
const counters = /^\S+Z |\bid=[0-9a-f]{16}\b|\b(?:id|us|attempt|provider_id|cut_off|pid|port)=(?:"\d+"|\d+\b)|(?<=[\d.\]a-z]):\d+/g;

// The secrets of one process in its lines: [{ line, kind }], and the value is not repeated.
export function leaks(lines, secrets) {
  const kinds = new Map(secrets.map(([kind, value]) => [value, kind]));
  const found = [];
  lines.forEach((line, index) => {
    const rest = line.replace(counters, " ");
    for (const word of rest.match(/[\w-]+/g) ?? []) {
      const candidates = [word, ...word.split(/[_-]/), ...(word.match(/\d+/g) ?? [])];
      const hit = candidates.find((candidate) => kinds.has(candidate));
      if (hit) found.push({ line: index + 1, kind: kinds.get(hit) });
    }
  });
  return found;
}

// Everything in a folder: { processes, lines, secrets, found: ["17-1.log:3: a code", …] }.
export function searchFolder(dir) {
  const sum = { lines: 0, secrets: 0, found: [] };
  for (const name of fs.readdirSync(dir).filter((n) => n.endsWith(".seen"))) {
    const process = name.slice(0, -5);
    const secrets = fs.readFileSync(path.join(dir, name), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
    sum.secrets += secrets.length;
    for (const log of fs.readdirSync(dir).filter((n) => n.startsWith(`${process}-`) && n.endsWith(".log"))) {
      const lines = fs.readFileSync(path.join(dir, log), "utf8").split("\n");
      sum.lines += lines.length - 1;
      for (const { line, kind } of leaks(lines, secrets)) sum.found.push(`${log}:${line}: a ${kind}`);
    }
  }
  return sum;
}
