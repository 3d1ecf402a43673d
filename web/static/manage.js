// The authenticator's services: pairing, names, notifications, leaving; and requests that are over.

/* --- pairing --- */

const host = (text) => { try { return new URL(text).origin; } catch { return ''; } };

// The token of a link, or what was typed when it looks like one.
function tokenIn(text) {
  const token = text.match(/#pair=([\w-]+)$/)?.[1] ?? text.match(/^[\w-]{16,}$/)?.[0];
  if (!token) return { wrong: 'This is no pairing link. Copy the whole link from your account.' };
  if (host(text) && host(text) !== location.origin)
    return { wrong: `This link belongs to ${host(text)}. Open it there: that is where its requests come from.` };
  return { token };
}

// Where a code leads that an application has signed for its user ("authy://account?token=…"), or nothing.
const signedPath = (text) => {
  const [, token] = text.match(/^authy:\/\/account\?token=([\w.-]+)$/) ?? [];
  return token && `/protected/json/registrations/pair?token=${token}`;
};

export function add() {
  const first = !pairings.length;
  const view = show('v-add', {
    title: first ? 'Approve on your phone' : 'Add a service',
    lead: first ? 'When you sign in, this device shows who asks and from where. Nobody gets in with your password alone.'
      : 'Each account that you pair asks this device by itself.',
  });
  const go = async (text) => {
    const { token, wrong } = tokenIn(text.trim()), path = signedPath(text.trim());
    if (path) { // it leads on to a link of ours, unless it is too old, used, or another server's
      const answer = await fetch(path, { redirect: 'manual' }).catch(() => undefined);
      if (answer?.type === 'opaqueredirect') return location.assign(path);
      return fill(view, { wrong: answer ? 'This code has been used or is too old. Ask for a new one where you saw it.' : noConnection });
    }
    if (token) location.hash = `#pair=${token}`;
    else fill(view, { wrong });
  };
  one('form', view).onsubmit = (event) => {
    event.preventDefault();
    go(one('#link', view).value);
  };
  one('[data-scan]', view).onclick = async () => {
    const text = await (await part('scan')).scan((found) => (/#pair=/.test(found) || signedPath(found)) && found);
    if (!text) return;
    one('details', view).open = true; // where it says what is wrong with it
    go(text);
  };
}

// "Pixel 9", "Chrome on Android": what the browser says of itself.
async function whatIsThis() {
  const agent = navigator.userAgent, { model } = await navigator.userAgentData?.getHighEntropyValues(['model']) ?? {};
  const find = (rows) => rows.find(([, mark]) => mark.test(agent))?.[0];
  const browser = find([['Edge', /Edg/], ['Opera', /OPR/], ['Samsung Internet', /SamsungBrowser/], ['Firefox', /Firefox|FxiOS/],
    ['Chrome', /Chrom|CriOS/], ['Safari', /Safari/]]) ?? 'Browser';
  const system = find([['iPhone', /iPhone/], ['iPad', /iPad/], ['Android', /Android/], ['Windows', /Windows/], ['ChromeOS', /CrOS/],
    ['Mac', /Mac/], ['Linux', /Linux/]]);
  const platform = system ? `${browser} on ${system}` : browser;
  return { name: model || platform, platform };
}

const pairTrouble = {
  410: 'This link has been used or is too old. Ask for a new one in your account, under Security.',
  409: 'As many devices as possible are paired already. Remove one in your account first.',
  429: 'That was a little fast. Wait a minute and try again.',
};
const noConnection = 'The server could not be reached. Check the connection and try again.';
const troubleOf = (error, words = {}) => words[error.status] ?? (error instanceof TypeError ? noConnection : error.message);

export async function pair(token) {
  let whom, trouble;
  try {
    whom = await post('/device/pairing', { token });
  } catch (error) {
    trouble = troubleOf(error, pairTrouble);
  }
  if (location.hash !== `#pair=${token}`) return;
  if (!whom) {
    add();
    return fill(main, { trouble });
  }
  const view = show('v-pair', { service: whom.service_name, account: whom.account, server: location.host });
  const { name, platform } = await whatIsThis();
  one('#name', view).value = name;
  one('form', view).onsubmit = async (event) => {
    event.preventDefault();
    one('[data-agree]', view).disabled = true;
    try {
      const { soft, device } = await pairDevice(token, one('#name', view).value.trim() || name, platform);
      if (soft) await (await part('codes')).add(soft, '', device); // for when the service asks for a code to type
      navigator.storage?.persist?.(); // so that the key is not cleared away when room is short
      history.replaceState(null, '', '#services');
      await paired();
      worker?.ready.then((registration) => tellPush(registration, pairings)).catch(() => {}); // at the next start, then
      show('v-paired', { service: whom.service_name });
      pushBlock(one('[data-push]', main));
    } catch (error) {
      one('[data-agree]', view).disabled = false;
      fill(view, { trouble: troubleOf(error, pairTrouble) });
    }
  };
}

/* --- notifications --- */

const apple = /iPhone|iPad/.test(navigator.userAgent);

async function pushBlock(place) {
  place.replaceChildren(copyOf('v-push'));
  const draw = async (trouble = '') => {
    const registration = await worker?.getRegistration('/authenticator');
    const able = Boolean(registration?.pushManager && window.Notification), blocked = able && Notification.permission === 'denied';
    const on = able && !blocked && Boolean(await registration.pushManager.getSubscription());
    fill(place, { never: !able, apple, blocked, on, off: able && !blocked && !on, trouble });
  };
  const change = (act) => async ({ target }) => {
    target.disabled = true;
    try {
      const registration = await worker.ready;
      await act(registration.pushManager);
      await tellPush(registration, pairings);
      await draw();
    } catch (error) {
      await draw(error.status === 400 ? 'The server does not know the push service of this browser.'
        : `Notifications could not be turned on: ${error.message}`);
    }
    target.disabled = false;
  };
  one('[data-on]', place).onclick = change(async (push) => {
    if (await Notification.requestPermission() === 'granted')
      await push.subscribe({ userVisibleOnly: true, applicationServerKey: pairings.at(-1).push_key });
  });
  one('[data-off]', place).onclick = change(async (push) => (await push.getSubscription())?.unsubscribe());
  await draw();
}

/* --- services --- */

const leaveTrouble = {
  409: 'Your account needs this device. Add another way to prove it\'s you first, under Security.',
};

async function leave(pairing, leave) {
  const { service_name: service, gone } = pairing;
  if (!await confirmed('d-unpair', { service, gone, active: !gone, leave })) return;
  try {
    if (!gone) await ask(pairing, 'DELETE', '/device/self');
  } catch (error) {
    if (!pairing.gone) return services(undefined, { trouble: troubleOf(error, leaveTrouble) });
  }
  for (const { id, device } of await stored('codes')) if (device === pairing.device) await drop('codes', id);
  await drop('pairings', pairing.device);
  await paired();
  services(undefined, { done: `This device has left ${service}.` });
}

async function rename(pairing) {
  const form = await confirmed('d-rename', { service: pairing.service_name, name: pairing.name });
  const name = form?.get('name').trim();
  if (!name || name === pairing.name) return;
  try {
    const got = await askJson(pairing, 'POST', '/device/self', { body: JSON.stringify({ name }) });
    await keep('pairings', Object.assign(pairing, { name: got.name }));
    services(undefined, { done: 'The name is changed.' });
  } catch (error) {
    services(undefined, { trouble: troubleOf(error) });
  }
}

export function services(_, said = {}) {
  const view = show('v-services', { ...said, none: !pairings.length });
  one('[data-list]', view).replaceChildren(...pairings.map((pairing) => {
    const { service_name: service, account, name, gone } = pairing, words = gone ? 'Forget' : 'Leave';
    const row = copyOf('v-service', { service, account, name, gone, active: !gone, leave: words });
    one('[data-rename]', row).onclick = () => rename(pairing);
    one('[data-unpair]', row).onclick = () => leave(pairing, words);
    return row;
  }));
  const active = () => pairings.filter(({ gone }) => !gone).length, before = active();
  if (before) pushBlock(one('[data-push]', view));
  live = () => { if (active() !== before) services(); };
}

/* --- what is over --- */

const past = new Map(); // by id

// A page of one device's history; remembers what it read.
async function pageOf(pairing, before = '') {
  const got = await askJson(pairing, 'GET', `/device/challenges/history${before && `?before=${before}`}`);
  const items = readable(pairing, got);
  for (const item of items) past.set(item.id, item);
  return { items, next: got.next };
}

// How it ended by what the server keeps; nothing when it has not, or nobody can be asked.
export async function outcomeOf({ id, pairing }) {
  const { items } = await pageOf(pairing).catch(() => ({ items: [] }));
  const item = items.find((other) => other.id === id);
  return item && item.state !== 'pending' ? wordOf(item) : undefined;
}
const wordOf = ({ state, reason }) => (['not_me', 'wrong_digits'].includes(reason) ? reason : state);

// A request that is not pending: it is over, or its list has not come yet.
export async function over(id) {
  const view = show('v-wait'), title = one('h1', view);
  let asked = false;
  live = () => {
    fill(view, { offline: offline.size });
    if (waiting().some((item) => item.id === id) || (asked && !offline.size && !unheard())) route();
  };
  live();
  for (const pairing of pairings) if (!past.has(id)) await pageOf(pairing).catch(() => {});
  const item = past.get(id), { finish } = await part('request');
  if (one('h1', main) !== title) return; // its list has come, or somebody has gone elsewhere
  asked = true;
  if (item ? item.state !== 'pending' : !offline.size) finish(item, item ? wordOf(item) : 'unknown', Boolean(item));
}

const stateWords = {
  approved: 'Approved', denied: 'Denied', expired: 'Expired', canceled: 'Withdrawn', not_me: 'Not me', wrong_digits: 'Wrong digits',
};

export function earlier() {
  const view = show('v-history'), more = one('[data-more]', view);
  const items = [], next = new Map(pairings.filter(({ gone }) => !gone).map((pairing) => [pairing, '']));
  more.onclick = async () => {
    let trouble = '';
    more.disabled = true;
    for (const [pairing, before] of next)
      try {
        const page = await pageOf(pairing, before);
        items.push(...page.items.filter(({ state }) => state !== 'pending'));
        if (page.next) next.set(pairing, page.next);
        else next.delete(pairing);
      } catch (error) {
        trouble = troubleOf(error);
      }
    items.sort((a, b) => b.created_at - a.created_at);
    one('[data-list]', view).replaceChildren(...items.map((item) => requestRow(item, stateWords[wordOf(item)])));
    fill(view, { none: !items.length && !trouble, more: next.size, trouble });
    more.disabled = false;
  };
  more.click();
}
