// The authenticator web app as a push factor of the Verify v2 dialect: an application's access token is
// its pairing link, and what the application asks is answered on the phone's page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../lib/server.js";
import { newApp, VerifyApp } from "../lib/verify.js";
import { Phone } from "./phone.js";
import { browser, openScene, server } from "./scene.js";

let app;
openScene({}, () => {
  app = new VerifyApp(server, newApp(server, "Corner Shop"));
});

test("it pairs by an access token and answers a challenge", async () => {
  const { token } = await app.ok(201, app.post(`${app.service}/AccessTokens`, { Identity: "alice-0001", FactorType: "push", Ttl: 300 }));
  const phone = await Phone.open(browser, server);
  await phone.pair(`${server.url}/authenticator#pair=${token}`);
  const entity = `${app.service}/Entities/alice-0001`;
  const { factors } = await app.ok(200, app.get(`${entity}/Factors`));
  assert.deepEqual(factors.map((f) => [f.factor_type, f.status, f.friendly_name]), [["push", "verified", "Pixel 9"]]);
  const ask = async (message) => (await app.ok(201, app.post(`${entity}/Challenges`, { FactorSid: factors[0].sid, "Details.Message": message,
    "Details.Fields": '{"label":"Amount","value":"€39.99"}' }))).sid;
  const ends = (sid, status) => eventually(async () =>
    assert.equal((await app.ok(200, app.get(`${entity}/Challenges/${sid}`))).status, status));

  const paid = await ask("Pay Corner Shop?");
  await phone.asked();
  await phone.page.getByText("Pay Corner Shop?").waitFor();
  await phone.page.getByText("€39.99").waitFor();
  await phone.press("Approve"); // asks once more, for there are no digits to type
  await phone.page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await phone.sees("Approved");
  await ends(paid, "approved");
  await phone.go("Done");

  const refused = await ask("Pay Corner Shop again?");
  await phone.page.getByText("Pay Corner Shop again?").waitFor();
  await phone.press("Deny");
  await phone.sees("Denied");
  await ends(refused, "denied");
  assert.deepEqual(phone.page.complaints, []);
  await phone.close();
});
