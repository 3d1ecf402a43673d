// second_factor = authy against a second Countersign: what proves, what does not, and to whom.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { approve, asked, beginLogin, deny, isSignedIn, settled, startAuthyPair, until, withRemote } from "./remote.js";

let pair, bea;
before(async () => {
  pair = await startAuthyPair();
  bea = await withRemote(pair);
});
after(() => pair.stop());

test("an approval on the phone signs in the browser that asked", async () => {
  const { browser, state, handle, method } = await beginLogin(pair, bea.person);
  assert.deepEqual([state, method], ["waiting", "remote"]);
  const shown = (await asked(bea.phone)).shows;
  assert.equal(shown.details.find((d) => d.label === "Username").value, bea.person.username);
  assert.equal(await isSignedIn(browser), false);
  await approve(bea.phone);
  await until(browser, "approved", `/login/status?attempt=${handle}`);
  assert.equal(await isSignedIn(browser), true);
});
