// Certificates for servers of tests, made by the openssl command.
//
//   const authority = newAuthority();
//   https.createServer(authority.issue("localhost", "127.0.0.1"), …);     // { key, cert }
//   startServer({ egress_ca_file: authority.file });
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { temporaryFolder } from "./server.js";

// The one extension that openssl's own settings would add would make every certificate an authority's.
const settings = "[req]\ndistinguished_name = name\n[name]\n";

function openssl(...args) {
  const done = spawnSync("openssl", args, { encoding: "utf8" });
  assert.equal(done.status, 0, `openssl ${args.join(" ")}:\n${done.error ?? done.stderr}`);
}

export function newAuthority(name = "Test authority") {
  const dir = temporaryFolder();
  const at = (file) => path.join(dir, file);
  let count = 0;

  const make = (base, subject, ...more) => openssl("req", "-x509", "-config", at("settings"), "-newkey", "ec",
    "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", at(`${base}.key`), "-out", at(`${base}.pem`),
    "-days", "30", "-subj", `/CN=${subject}`, ...more);

  fs.writeFileSync(at("settings"), settings);
  make("authority", name, "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign");
  return {
    file: at("authority.pem"),
    pem: fs.readFileSync(at("authority.pem"), "utf8"),
    issue(...hosts) {
      const base = `leaf${++count}`;
      const names = hosts.map((host) => `${net.isIP(host) ? "IP" : "DNS"}:${host}`).join(",");
      make(base, hosts[0], "-CA", at("authority.pem"), "-CAkey", at("authority.key"),
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", `subjectAltName=${names}`);
      return {
        key: fs.readFileSync(at(`${base}.key`)), cert: fs.readFileSync(at(`${base}.pem`)),
        keyFile: at(`${base}.key`), certFile: at(`${base}.pem`),
      };
    },
  };
}

// What Chromium's --ignore-certificate-errors-spki-list wants.
export const spkiDigest = ({ cert }) =>
  createHash("sha256").update(new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" })).digest("base64");
