// Demo mode's outbox: the messages that would have gone to phones and mailboxes, newest first.
import assert from "node:assert/strict";
import { Client } from "./client.js";

export async function outbox(server, to) {
  const answer = await new Client(server).getJson(`/outbox.json${to ? `?to=${encodeURIComponent(to)}` : ""}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.messages;
}

// The newest message to an address; by what channel, if that matters.
export async function newest(server, to, channel) {
  const found = (await outbox(server, to)).find((m) => channel === undefined || m.channel === channel);
  assert.ok(found, `no ${channel ?? "message"} to ${to}`);
  return found;
}

// The path (with query) of the first link in the newest message to an address that leads to us.
export async function newestLink(server, to, match = /./) {
  for (const message of await outbox(server, to))
    for (const [link] of message.body.matchAll(/https?:\/\/[^\s"'<>]+/g)) {
      const url = new URL(link);
      if (match.test(url.pathname)) return url.pathname + url.search;
    }
  return assert.fail(`no link ${match} in the messages to ${to}`);
}
