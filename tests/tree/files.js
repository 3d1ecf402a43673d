// The files of this tree, as text, without what is built or installed.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

const leftOut = /^(\.git|node_modules|data|build[^/]*)$/;

// Paths relative to the root, sorted, of all files whose path matches.
export function filesMatching(pattern) {
  const found = [];
  const walk = (dir) => {
    for (const entry of fs.readdirSync(path.join(root, dir), { withFileTypes: true })) {
      if (dir === "" && leftOut.test(entry.name)) continue;
      const name = path.join(dir, entry.name);
      if (entry.isDirectory()) walk(name);
      else if (entry.isFile() && pattern.test(name)) found.push(name);
    }
  };
  walk("");
  return found.sort();
}

export const read = (name) => fs.readFileSync(path.join(root, name), "utf8");

// The same C text with comments and literals blanked, line numbers kept.
export function codeOnly(text) {
  const tokens = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
  return text.replace(tokens, (token) => token.replace(/[^\n]/g, " "));
}

// "file:line: text" of every line that matches.
export function linesMatching(name, text, pattern) {
  return text.split("\n").flatMap((line, i) =>
    pattern.test(line) ? [`${name}:${i + 1}: ${line.trim()}`] : []);
}
