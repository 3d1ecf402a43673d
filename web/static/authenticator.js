// The authenticator's page: its views, and what is asked, live. Words are in the page's templates; the
// views that are not always needed are files of their own, fetched when they are.
'use strict';

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const main = one('#main');
const say = (text) => { one('#say').textContent = text; };
const can = { camera: 'BarcodeDetector' in window && Boolean(navigator.mediaDevices) };
const worker = navigator.serviceWorker;
const bus = new BroadcastChannel('authenticator'); // to the other tabs of this browser

/* --- views --- */

// Fills in text (data-t) and says what is shown (data-if).
function fill(root, facts) {
  for (const node of all('[data-t]', root)) if (node.dataset.t in facts) node.textContent = facts[node.dataset.t];
  for (const node of all('[data-if]', root)) if (node.dataset.if in facts) node.hidden = !facts[node.dataset.if];
}

function copyOf(id, facts = {}) {
  const copy = one(`#${id}`).content.cloneNode(true);
  for (const node of all('[data-if]', copy)) node.hidden = true;
  fill(copy, { ...can, blind: !can.camera, ...facts });
  return copy;
}

const product = one('#brand').textContent;
let live; // called every second and on all news, while its view is shown
let moved = false;

// Shows a view, and begins reading at its title.
function show(id, facts) {
  const { tab = 'requests', brand = product } = one(`#${id}`).dataset;
  live = undefined;
  main.replaceChildren(copyOf(id, facts));
  one('#brand').textContent = brand;
  for (const link of all('.tabs a')) link.ariaCurrent = link.hash === `#${tab}` ? 'page' : null;
  const title = one('h1', main);
  title.tabIndex = -1;
  if (moved) title.focus();
  moved = true;
  scrollTo(0, 0);
  return main;
}

// Asks in a dialog; resolves to the form's data, or to nothing.
function confirmed(id, facts) {
  document.body.append(copyOf(id, facts));
  const dialog = document.body.lastElementChild;
  for (const node of all('[data-v]', dialog)) node.value = facts[node.dataset.v];
  for (const node of all('[data-close]', dialog)) node.onclick = () => dialog.close();
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener('close', () => {
    resolve(dialog.returnValue ? new FormData(one('form', dialog)) : undefined);
    dialog.remove();
  }));
}

/* --- words --- */

const count = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

function leftWords(s, words = count, minute = 'minute', second = 'second') {
  if (s >= 7200) return count(Math.floor(s / 3600), 'hour');
  if (s < 60) return words(s, second);
  return `${words(Math.floor(s / 60), minute)} ${words(s % 60, second)}`;
}

function agoWords(atS) {
  const s = Math.max(0, nowS() - atS);
  const [n, unit] = s < 60 ? [s, 'second'] : s < 3600 ? [s / 60, 'minute'] : s < 86400 ? [s / 3600, 'hour'] : [s / 86400, 'day'];
  return new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'auto' }).format(-Math.floor(n), unit);
}

// What is said of a request, as label and value: the service's details, then what the server saw.
function factRows(list, { details = [], browser, address, place }) {
  const rows = details.map(({ label, value }) => [label, value]);
  for (const [label, value] of [['From', browser], ['Address', address], ['Place', place]])
    if (value && !rows.some((row) => row[1] === value)) rows.push([label, value]);
  list.replaceChildren(...rows.map((row) => {
    const line = document.createElement('div');
    line.append(...['dt', 'dd'].map((name, i) => {
      const node = document.createElement(name), text = document.createElement('bdi');
      text.textContent = row[i];
      node.append(text);
      return node;
    }));
    return line;
  }));
}

/* --- what is asked --- */

let pairings = [];
const lists = new Map(); // of each device, since it was heard
const offline = new Set(); // devices that reach no server

const inTime = ({ expires_at: end }) => !end || end > nowS();
const waiting = () => [...lists.values()].flat().filter(inTime).sort((a, b) => b.created_at - a.created_at);
const unheard = () => pairings.some(({ device, gone }) => !gone && !lists.has(device));

function drawCount() {
  const n = waiting().length, badge = one('#count');
  badge.textContent = n;
  badge.hidden = !n;
  document.title = document.title.replace(/^(\(\d+\) )?/, n ? `(${n}) ` : '');
}

async function notifyOf(fresh) {
  if (!worker?.controller || Notification.permission !== 'granted') return;
  const registration = await worker.ready;
  await tidy(registration, waiting().map(({ id }) => id));
  if (!document.hidden) return;
  const images = { icon: one('link[rel=apple-touch-icon]').href, badge: document.body.dataset.badge };
  for (const item of fresh) await announce(registration, item, images);
}

// A device's list has come.
function hear(pairing, got) {
  const known = waiting().map(({ id }) => id), first = !lists.has(pairing.device);
  setClock(got.time);
  lists.set(pairing.device, readable(pairing, got));
  offline.delete(pairing.device);
  const fresh = waiting().filter(({ id }) => !known.includes(id));
  if (fresh.length) say(`New request from ${fresh[0].shown.service_name}.`);
  if (fresh.length && (!location.hash || (!first && location.hash === '#requests'))) location.replace(`#request=${fresh[0].id}`);
  notifyOf(fresh);
  news();
}

function news() {
  drawCount();
  live?.();
}

/* --- listening --- */

let stop = new AbortController();
const pause = (ms, signal) => new Promise((resolve) => {
  setTimeout(resolve, ms);
  signal.addEventListener('abort', resolve);
});

// Reads the stream of events to its end. Throws when it says nothing, not even a heartbeat.
async function stream(pairing, signal, heard) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), 10000), text = '';
  signal.addEventListener('abort', () => silence.abort());
  try {
    const answer = await ask(pairing, 'GET', '/device/events', { signal: silence.signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let got; !(got = await reader.read()).done;) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), 60000);
      const events = (text + got.value).split('\n\n');
      text = events.pop();
      for (const event of events) {
        const data = event.match(/^data: (.*)$/m);
        if (data) heard(JSON.parse(data[1]));
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

// Follows one device: by its stream; where none comes through, by asking again and again.
async function follow(pairing, signal, mute) {
  const heard = (got) => {
    bus.postMessage({ device: pairing.device, got });
    hear(pairing, got);
  };
  let wait = 500;
  while (!signal.aborted && !pairing.gone) {
    let spoke = false;
    try {
      if (mute-- <= 0) await stream(pairing, signal, (got) => { spoke = true; heard(got); });
    } catch { /* asked for below */ }
    if (!spoke && !signal.aborted)
      try {
        heard(await askJson(pairing, 'GET', '/device/challenges', { signal }));
        wait = 3000;
        mute ||= 20;
      } catch {
        offline.add(pairing.device);
        wait = Math.min(wait * 2, 30000);
        news();
      }
    else wait = 500;
    await pause(wait * (0.5 + Math.random()), signal);
  }
}

const streamsMax = 4; // of the six connections that a browser opens to one server

// The tab that was looked at last listens, and tells the others.
async function listen(how = { steal: true }) {
  stop.abort();
  const { signal } = stop = new AbortController();
  const run = () => Promise.all(pairings.map((pairing, i) => follow(pairing, signal, i < streamsMax ? 0 : Infinity)));
  try {
    await (navigator.locks ? navigator.locks.request('listen', how, run) : run());
  } catch {
    if (signal === stop.signal) listen({}); // when the tab that took over is gone
  }
}

/* --- the list --- */

// A row of a list: of what waits, or of what is over.
function requestRow({ id, shown, created_at: at, pairing: { account } }, state) {
  const row = copyOf('v-row', { service: shown.service_name, message: shown.message, ago: `, ${agoWords(at)}`, account, state });
  one('[data-link]', row).href = `#${state ? 'past' : 'request'}=${id}`;
  return row;
}

function requests() {
  if (!pairings.length) return lazy('manage', 'add')();
  const view = show('v-requests'), list = one('[data-list]', view);
  let drawn;
  live = () => {
    const items = waiting(), ids = items.map(({ id }) => id).join();
    fill(view, { none: !items.length && !unheard(), offline: offline.size });
    if (ids !== drawn) list.replaceChildren(...items.map((item) => requestRow(item)));
    drawn = ids;
  };
  live();
}

/* --- where to --- */

const part = (name) => import(document.body.dataset[name]);
const lazy = (name, view) => async (arg) => {
  const at = location.hash, file = await part(name);
  if (at === location.hash) file[view](arg);
};
const views = {
  requests, request: lazy('request', 'request'), codes: lazy('codes', 'codes'), answer: (arg) => location.replace(`#request=${arg.split('.')[0]}`),
  history: lazy('manage', 'earlier'), past: lazy('manage', 'over'), services: lazy('manage', 'services'), add: lazy('manage', 'add'), pair: lazy('manage', 'pair'),
};

const newest = () => location.replace(`#request=${waiting()[0].id}`);

// The address says which view: #name or #name=argument; without one, the newest request.
function route() {
  const [name, arg] = location.hash.slice(1).split(/=(.*)/s);
  if (!name && waiting().length) return newest();
  (views[name] ?? requests)(arg);
}

// Reads the pairings anew, here and in the other tabs.
async function paired({ told = false } = {}) {
  pairings = await stored('pairings');
  for (const device of lists.keys()) if (!pairings.some((pairing) => pairing.device === device)) lists.delete(device);
  if (!told) bus.postMessage({ paired: true });
  if (!told) listen();
}

bus.onmessage = ({ data: { device, got, paired: news } }) => {
  const pairing = pairings.find((other) => other.device === device);
  if (pairing) hear(pairing, got);
  if (news) paired({ told: true });
};

async function start() {
  try {
    await paired();
    if (!isSecureContext) throw new Error('no cryptography here');
  } catch {
    return show('v-broken');
  }
  one('.tabs').hidden = false;
  addEventListener('hashchange', route);
  addEventListener('online', () => listen());
  document.addEventListener('visibilitychange', () => { if (!document.hidden) listen(); });
  setInterval(() => live?.(), 1000);
  route();
  if (!worker) return;
  worker.onmessage = ({ data }) => { location.hash = data; };
  try {
    await tellPush(await worker.register('/authenticator/sw.js', { scope: '/authenticator' }), pairings);
  } catch { /* once more next time; all but notifications works without */ }
}
start();
