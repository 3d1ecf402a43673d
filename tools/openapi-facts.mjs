// Reads the official OpenAPI file of the Verify v2 API (its path is the argument; it is not kept in
// this tree) and prints a table of the facts that can be checked by a machine, as tests/data/
// verify_v2_facts.json holds it: operations with their parameters and statuses, schemas with their
// fields. No prose of the file goes along.
//
//   node tools/openapi-facts.mjs twilio_verify_v2.json > tests/data/verify_v2_facts.json
import fs from "node:fs";

const [file] = process.argv.slice(2);
if (!file) throw new Error("which OpenAPI file?");
const api = JSON.parse(fs.readFileSync(file, "utf8"));
const schemas = api.components.schemas;

const nameOf = (ref) => ref.replace("#/components/schemas/", "");

// Facts of one value; a reference to a schema that is only an enum is written out.
function valueFacts(schema) {
  if (schema.$ref) {
    const target = schemas[nameOf(schema.$ref)];
    return target.properties ? { is: nameOf(schema.$ref) } : { ...valueFacts(target), nullable: schema.nullable };
  }
  const { type, format, enum: values, pattern, minimum, maximum, minLength, maxLength, nullable, items } = schema;
  const facts = { type, format, enum: values, pattern, minimum, maximum, minLength, maxLength, nullable };
  if (items) facts.items = valueFacts(items);
  return facts;
}

const fieldsOf = (schema) => Object.fromEntries(
  Object.entries(schema.properties ?? {}).map(([name, value]) => [name, valueFacts(value)]));

// What a reply's body is: a schema by name, or for a list the key and the schema of its items.
function replyFacts(response) {
  const schema = response.content?.["application/json"]?.schema;
  if (!schema) return {};
  if (schema.$ref) return { schema: nameOf(schema.$ref) };
  const [key, list] = Object.entries(schema.properties ?? {}).find(([, v]) => v.items?.$ref) ?? [];
  return key ? { list: key, schema: nameOf(list.items.$ref), meta: fieldsOf(schema.properties.meta) } : {};
}

function operationFacts(path, method, op) {
  const form = op.requestBody?.content?.["application/x-www-form-urlencoded"]?.schema
    ?? op.requestBody?.content?.["application/json"]?.schema ?? {};
  const at = (place) => Object.fromEntries((op.parameters ?? []).filter((p) => p.in === place)
    .map((p) => [p.name, { ...valueFacts(p.schema), required: p.required }]));
  const body = Object.fromEntries(Object.entries(fieldsOf(form.$ref ? schemas[nameOf(form.$ref)] : form))
    .map(([name, facts]) => [name, { ...facts, required: form.required?.includes(name) || undefined }]));
  return {
    id: op.operationId, method: method.toUpperCase(), path,
    pathParameters: at("path"), query: at("query"), body,
    replies: Object.fromEntries(Object.entries(op.responses).map(([status, r]) =>
      [status, { ...replyFacts(r), headers: Object.keys(r.headers ?? {}) }])),
  };
}

const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  ["get", "post", "delete"].filter((m) => item[m]).map((m) => operationFacts(path, m, item[m])));
operations.sort((a, b) => (a.id < b.id ? -1 : 1));

const named = Object.fromEntries(Object.entries(schemas).filter(([, s]) => s.properties)
  .map(([name, s]) => [name, { required: s.required, fields: fieldsOf(s) }]));

const line = (value) => JSON.stringify(value);
const lines = (entries) => entries.join(",\n");
process.stdout.write([
  "{", `"version": ${line(api.info.version)},`,
  '"operations": [', lines(operations.map(line)), "],",
  '"schemas": {', lines(Object.entries(named).map(([name, s]) => `${line(name)}: ${line(s)}`)), "}", "}", "",
].join("\n"));
