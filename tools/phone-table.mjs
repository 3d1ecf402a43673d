// Writes what src/core/phone_plan.c knows about the world's numbering plans, and the facts that its
// tests compare with. Run by `make phone-table` after a new libphonenumber-js; both files are committed.
//
//   src/core/phone_table.inc      the plans: Google's libphonenumber metadata as C tables
//   tests/data/phone_numbers.tsv  numbers, and what libphonenumber-js makes of them
//
// The layout of the metadata is documented in libphonenumber-js's METADATA.md.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parsePhoneNumber } from "libphonenumber-js/max";

const require = createRequire(import.meta.url);
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const metadata = require("libphonenumber-js/metadata.max.json");
const examples = require("libphonenumber-js/examples.mobile.json");
const { version } = require("libphonenumber-js/package.json");
if (metadata.version !== 4) throw new Error(`metadata of version ${metadata.version}: read METADATA.md`);

// Where the fields of a plan are, and the order of its types.
const at = { code: 0, idd: 1, national: 2, lengths: 3, formats: 4, trunk: 7, trunkPlain: 5, rewrite: 8, leading: 10, types: 11 };
const types = ["FIXED", "MOBILE", "TOLL_FREE", "PREMIUM", "PERSONAL", "VOICEMAIL", "UAN", "PAGER", "VOIP", "SHARED_COST"];

const names = new Intl.DisplayNames("en", { type: "region" });
const byName = (a, b) => new Intl.Collator("en").compare(a.name, b.name);

// "ZZ" holds the codes that belong to no country (+800, +881 ...).
const plans = [
  ...Object.entries(metadata.countries).map(([region, data]) => ({ region, name: names.of(region), data })),
  ...Object.values(metadata.nonGeographic).map((data) => ({ region: "", name: "", data })),
];
plans.sort((a, b) => (a.region < b.region ? -1 : a.region > b.region ? 1 : Number(a.data[0]) - Number(b.data[0])));

// --- the table -----------------------------------------------------------------------------------

const regexes = new Map([["", 0]]); // 0 is "no rule"; equal rules share one entry
const regex = (text) => {
  if (!text) return 0;
  if (!regexes.has(text)) regexes.set(text, regexes.size);
  return regexes.get(text);
};
const literal = (text) => JSON.stringify(text);
const mask = (lengths) => "0x" + lengths.reduce((bits, n) => bits | (1 << n), 0).toString(16);

// Every format is a row of digit groups with blanks between: "(\d{2})(\d{3,4})" becomes "2 3-4".
function groups(pattern, template) {
  const counts = [...pattern.matchAll(/\(\\d(\\d)?(?:\{(\d+)(?:,(\d+))?\})?\)/g)];
  if (counts.map((m) => m[0]).join("") !== pattern) throw new Error(`unknown kind of format: ${pattern}`);
  const order = template.match(/\$\d/g).join("");
  if (order !== counts.map((_, i) => `$${i + 1}`).join("")) throw new Error(`unknown kind of format: ${template}`);
  return counts.map((m) => (m[3] ? `${m[2]}-${m[3]}` : m[2] ?? (m[1] ? "2" : "1"))).join(" ");
}

const typeRows = [];
const formatRows = [];
const planRows = plans.map(({ region, name, data }) => {
  const firstType = typeRows.length;
  for (const [i, type] of (data[at.types] || []).entries())
    if (type && type[0]) typeRows.push(`{PHONE_${types[i]}, ${regex(type[0])}, ${mask(type[1] ?? data[at.lengths])}},`);
  const firstFormat = formatRows.length;
  for (const [pattern, template, leading, , , international] of data[at.formats] || [])
    formatRows.push(`{${regex(leading?.at(-1))}, ${literal(groups(pattern, international ?? template))}},`);
  const fields = [
    literal(region), literal(name), literal(data[at.code]), regex(data[at.idd]), regex(data[at.national]),
    regex(data[at.trunk] || data[at.trunkPlain]), data[at.rewrite] ? literal(data[at.rewrite]) : "NULL",
    regex(data[at.leading]), mask(data[at.lengths]),
    firstType, typeRows.length - firstType, firstFormat, formatRows.length - firstFormat,
  ];
  return `{${fields.join(", ")}},`;
});

const indexOf = (region) => plans.findIndex((plan) => plan.region === region);
const codes = [
  ...Object.entries(metadata.country_calling_codes).map(([code, regions]) => ({ code, list: regions.map(indexOf) })),
  ...Object.keys(metadata.nonGeographic).map((code) =>
    ({ code, list: [plans.findIndex((plan) => plan.region === "" && plan.data[at.code] === code)] })),
].sort((a, b) => (a.code < b.code ? -1 : 1));
const members = codes.flatMap(({ list }) => list);
if (plans.length > 256) throw new Error("members[] holds bytes");
let firstMember = 0;
const codeRows = codes.map(({ code, list }) => {
  firstMember += list.length;
  return `{${literal(code)}, ${firstMember - list.length}, ${list.length}},`;
});
const picker = plans.map((plan, i) => ({ ...plan, i })).filter((plan) => plan.region).sort(byName)
  .map(({ region, name, data }) => {
    const main = metadata.country_calling_codes[data[at.code]][0] === region;
    return `{STR(${literal(region)}), STR(${literal(name)}), STR(${literal(data[at.code])}), ${main}},`;
  });

const wrap = (numbers) => numbers.join(", ").replace(/(.{1,100})(?:, |$)/g, "$1,\n").trimEnd();
const table = (type, name, rows) => `static const ${type} ${name}[] = {\n${rows.join("\n")}\n};\n`;
fs.writeFileSync(path.join(root, "src/core/phone_table.inc"), `\
/* Made by tools/phone-table.mjs from libphonenumber-js ${version}; do not edit. The data is Google's
 * libphonenumber metadata, under the Apache License 2.0. src/core/phone_plan.c says what it means. */

${table("char *const", "patterns", [...regexes.keys()].map((text) => `${literal(text)},`))}
${table("struct type_rule", "type_rules", typeRows)}
${table("struct format_rule", "format_rules", formatRows)}
${table("struct phone_plan", "plans", planRows)}
/* By calling code; a code's main country comes first. */
static const uint8_t members[] = {
${wrap(members)}
};

${table("struct calling_code", "calling_codes", codeRows)}
${table("struct phone_region", "regions_by_name", picker)}`);

// --- the facts -----------------------------------------------------------------------------------

// A fixed sequence, so that the file changes only with the metadata.
let state = 1;
const random = (n) => (state = (state * 48271) % 2147483647) % n;

// Some text that a rule matches. The rules know digits, \d, classes, groups, '|', '?', '{n,m}'.
function sample(rule) {
  let i = 0;
  const count = () => {
    if (rule[i] === "?") { i++; return random(2); }
    const m = /^\{(\d+)(?:,(\d+))?\}/.exec(rule.slice(i));
    if (!m) return 1;
    i += m[0].length;
    return Number(m[1]) + random(Number(m[2] ?? m[1]) - Number(m[1]) + 1);
  };
  const repeated = (make) => {
    const start = i;
    make();
    const end = i;
    const n = count();
    const after = i;
    let text = "";
    for (let k = 0; k < n; k++) { i = start; text += make(); if (i !== end) throw new Error(rule); }
    i = after;
    return text;
  };
  const atom = () => {
    if (rule.startsWith("(?:", i)) {
      i += 3;
      const text = alternatives();
      i++;
      return text;
    }
    if (rule[i] === "[") {
      const end = rule.indexOf("]", i);
      const set = rule.slice(i + 1, end).replace(/(\d)-(\d)/g, (_, a, b) => {
        let all = "";
        for (let d = Number(a); d <= Number(b); d++) all += d;
        return all;
      });
      i = end + 1;
      return set[random(set.length)];
    }
    if (rule.startsWith("\\d", i)) { i += 2; return String(random(10)); }
    return rule[i++];
  };
  const sequence = () => {
    let text = "";
    while (i < rule.length && rule[i] !== "|" && rule[i] !== ")") text += repeated(atom);
    return text;
  };
  const alternatives = () => {
    const all = [sequence()];
    while (rule[i] === "|") { i++; all.push(sequence()); }
    return all[random(all.length)];
  };
  return alternatives();
}

const typeNames = {
  FIXED_LINE: "fixed", MOBILE: "mobile", FIXED_LINE_OR_MOBILE: "fixed or mobile", TOLL_FREE: "toll free",
  PREMIUM_RATE: "premium", SHARED_COST: "shared cost", VOIP: "voip", PERSONAL_NUMBER: "personal",
  PAGER: "pager", UAN: "uan", VOICEMAIL: "voicemail", undefined: "unknown",
};
function fact(country, input) {
  const number = parsePhoneNumber(input, country || undefined);
  return [country, input, number.number, number.country ?? "", typeNames[number.getType()],
    number.isValid() ? "valid" : number.isPossible() ? "possible" : "no", number.formatInternational()].join("\t");
}

const facts = new Set();
for (const [region, national] of Object.entries(examples)) {
  const number = parsePhoneNumber(national, region);
  facts.add(fact(region, number.formatNational()));
  facts.add(fact("", number.formatInternational()));
}
for (const { region, data } of plans)
  for (const type of data[at.types] || [])
    if (type && type[0]) {
      const lengths = type[1] ?? data[at.lengths];
      let national;
      do national = sample(type[0]); while (!lengths.includes(national.length));
      facts.add(fact(region, `+${data[at.code]}${national}`));
    }
for (const { region, data } of plans.filter((plan) => plan.region)) // right in length, mostly not more
  facts.add(fact(region, `+${data[at.code]}${sample(`[1-9]\\d{${data[at.lengths].at(-1) - 1}}`)}`));
fs.writeFileSync(path.join(root, "tests/data/phone_numbers.tsv"), `\
# Made by tools/phone-table.mjs with libphonenumber-js ${version}; do not edit.
# country typed e164 region type verdict international
${[...facts].join("\n")}
`);
console.log(`${plans.length} plans, ${regexes.size} rules, ${formatRows.length} formats, ${facts.size} facts`);
