// The authenticator's half of docs/wire/device.md, for the page and for its service worker: what is
// stored, signed requests, answers. Private keys are made so that no script can take them out.
'use strict';

/* --- the store --- */

const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open('authenticator', 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore('pairings', { keyPath: 'device' });
    asked.result.createObjectStore('codes', { keyPath: 'id' });
  };
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});
opened.catch(() => {}); // whoever reads says so

// Runs one statement; done when it is on disk.
async function inStore(name, mode, statement) {
  const work = (await opened).transaction(name, mode, { durability: 'strict' });
  const asked = statement(work.objectStore(name));
  return new Promise((resolve, reject) => {
    work.oncomplete = () => resolve(asked.result);
    work.onabort = () => reject(work.error);
  });
}
const stored = (name) => inStore(name, 'readonly', (store) => store.getAll());
const keep = (name, value) => inStore(name, 'readwrite', (store) => store.put(value));
const drop = (name, key) => inStore(name, 'readwrite', (store) => store.delete(key));

/* --- signatures --- */

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const utf8 = (text) => new TextEncoder().encode(text);
const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replace(/[+/=]/g, (c) => ({ '+': '-', '/': '_' })[c] ?? '');
const digest = async (text) => base64url(await crypto.subtle.digest('SHA-256', utf8(text)));
const sign = async (key, text) => base64url(await crypto.subtle.sign(ecdsa, key, utf8(text)));

let clockOffMs = 0; // the server's clock minus ours
const nowMs = () => Date.now() + clockOffMs;
const nowS = () => Math.floor(nowMs() / 1000);
function setClock(timeS) {
  if (Math.abs(timeS - nowS()) > 2) clockOffMs = timeS * 1000 + 500 - Date.now();
}

/* --- requests --- */

class Refusal extends Error {
  constructor(status, { code, message } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const options = { cache: 'no-store', credentials: 'omit', redirect: 'error' };
const farS = 250; // the server takes 300 s

// Signs and sends; answers with a Response that is good, or throws. A clock that is off is set by the
// server's, once. A device that the server does not know any more is marked as gone.
async function ask(pairing, method, target, { body = '', signal } = {}) {
  for (let again = true; ; again = false) {
    const time = nowS(), nonce = base64url(crypto.getRandomValues(new Uint8Array(18)));
    const text = ['countersign-request-v1', method, target, await digest(body), time, nonce, pairing.device, ''].join('\n');
    const answer = await fetch(target, {
      ...options, method, signal, body: body || undefined, headers: {
        'Content-Type': 'application/json', 'X-Device': pairing.device, 'X-Device-Time': time, 'X-Device-Nonce': nonce,
        'X-Device-Signature': await sign(pairing.key, text),
      },
    });
    if (answer.ok) {
      if (pairing.gone) await keep('pairings', Object.assign(pairing, { gone: false }));
      return answer;
    }
    const { error, time: theirs } = await answer.json().catch(() => ({}));
    const far = answer.status === 401 && Math.abs(theirs - time) > farS;
    if (far) setClock(theirs);
    if (far && again) continue;
    if (answer.status === 401 && error?.code === 'denied' && !far) await keep('pairings', Object.assign(pairing, { gone: true }));
    throw new Refusal(answer.status, error);
  }
}

async function askJson(...what) {
  const got = await (await ask(...what)).json();
  if (got.time) setClock(got.time);
  return got;
}

// Sends without a signature: only to pair.
async function post(path, value) {
  const answer = await fetch(path, {
    ...options, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value),
  });
  const got = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, got.error);
  return got;
}

/* --- pairing --- */

async function pairDevice(token, name, platform) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ecdsa, false, ['sign']);
  const key = base64url(await crypto.subtle.exportKey('raw', publicKey));
  const signature = await sign(privateKey, `countersign-pair-v1\n${token}\n${key}`);
  const { soft_token: soft, ...got } = await post('/device/pair', { token, name, platform, public_key: key, signature });
  await keep('pairings', { ...got, name, key: privateKey });
  return { soft, device: got.device };
}

// Tells every service where this browser is woken by Web Push, or that it is not any more.
async function tellPush(registration, pairings) {
  const { endpoint = '', keys = {} } = (await registration.pushManager?.getSubscription())?.toJSON() ?? {};
  for (const pairing of pairings) {
    if (pairing.gone || (pairing.endpoint ?? '') === endpoint) continue;
    await ask(pairing, 'POST', '/device/push', { body: JSON.stringify({ endpoint, ...keys }) });
    await keep('pairings', Object.assign(pairing, { endpoint }));
  }
}

/* --- what is asked --- */

// The requests of a list with what they show. One that contradicts itself, or is another service's, is
// none: nobody is to sign it.
function readable(pairing, { challenges }) {
  return challenges.flatMap((challenge) => {
    try {
      const shown = JSON.parse(challenge.shown);
      const sound = shown.v === 1 && shown.challenge === challenge.id && shown.service === pairing.service;
      return sound ? [{ ...challenge, pairing, text: challenge.shown, shown }] : [];
    } catch {
      return [];
    }
  });
}

const pendingOf = async (pairing) => readable(pairing, await askJson(pairing, 'GET', '/device/challenges'));

// The decision, signed over the very bytes that were shown.
async function answer({ pairing, id, text, hidden_digest }, decision, digits = '') {
  const payload = JSON.stringify({
    v: 1, service: pairing.service, challenge: id, device: pairing.device, shown_digest: await digest(text),
    hidden_digest, decision, digits, at: nowS(),
  });
  const body = JSON.stringify({ payload: base64url(utf8(payload)), signature: await sign(pairing.key, payload) });
  return (await askJson(pairing, 'POST', `/device/challenges/${id}/answer`, { body })).outcome;
}

// A notification of the system: it opens the request, and decides nothing.
const announce = (registration, { id, shown }, images) => registration.showNotification(shown.service_name, {
  ...images, body: shown.message, tag: id, requireInteraction: true, timestamp: shown.created_at * 1000,
  actions: [{ action: 'open', title: 'Review' }],
});

// Takes away notifications of what is over.
async function tidy(registration, ids) {
  for (const one of await registration.getNotifications()) if (!ids.includes(one.tag)) one.close();
}
