// What JavaScript adds: less waiting and fewer reloads. Every page works without it.
'use strict';

const all = (selector, root = document) => root.querySelectorAll(selector);
const one = (selector, root = document) => root.querySelector(selector);

// Says something to screen readers only; the region is in every page.
function say(text) {
  const region = one('#say');
  if (region) region.textContent = text;
}

/* --- forms --- */

// Two clicks in a row send once. Coming back by the Back button makes the form usable again.
function sendOnce(form) {
  form.addEventListener('submit', (event) => {
    if (Date.now() - Number(form.dataset.sent || 0) < 5000) event.preventDefault();
    else form.dataset.sent = Date.now();
  });
}
addEventListener('pageshow', () => { for (const form of document.forms) delete form.dataset.sent; });

// Takes blanks and dashes out of what was pasted, and sends when the code is complete: once, so that a
// wrong one can be corrected in peace.
function codeField(input) {
  const digits = Number(input.dataset.digits);
  let sent = false;
  if (!digits) return;
  input.addEventListener('input', () => {
    const clean = input.value.replace(/\D/g, '').slice(0, digits);
    if (clean !== input.value) input.value = clean;
    if (clean.length === digits && !sent) {
      sent = true;
      input.form.requestSubmit();
    }
  });
}

function showButton(button) {
  const input = document.getElementById(button.dataset.show);
  button.hidden = false;
  button.addEventListener('click', () => {
    const show = input.type === 'password';
    input.type = show ? 'text' : 'password';
    button.textContent = show ? 'Hide' : 'Show';
    button.setAttribute('aria-label', show ? 'Hide password' : 'Show password');
    input.focus();
  });
  // A browser must not remember it as plain text.
  input.form.addEventListener('submit', () => { input.type = 'password'; });
}

// Runs of neighbours, repeats and the person's own words count for little.
function strength(password, own) {
  let rest = password.toLowerCase();
  for (const word of own) if (word.length > 2) rest = rest.split(word.toLowerCase()).join('');
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
  let worth = 0;
  for (let k = 0; k < rest.length; k++) {
    const step = k ? rest.charCodeAt(k) - rest.charCodeAt(k - 1) : 9;
    worth += Math.abs(step) <= 1 ? 0.3 : 1;
  }
  return Math.min(worth, new Set(rest).size * 2) + kinds - 1;
}

function meter(line) {
  const input = document.getElementById(line.dataset.meter);
  const least = Number(input.dataset.min);
  const own = () => [...all('input[name=username], input[name=name], input[name=email]', input.form)]
    .flatMap((field) => field.value.split(/[\s@.]+/));
  line.hidden = false;
  input.addEventListener('input', () => {
    const missing = least - [...input.value].length;
    const worth = strength(input.value, own());
    line.textContent = !input.value ? '' : missing > 0 ? `${count(missing, 'more character', 'more characters')} needed.`
      : worth < 9 ? 'Long enough, but easy to guess.' : worth < 13 ? 'Good.' : 'Strong.';
  });
}

/* --- time --- */

const count = (n, word, words) => `${n} ${n === 1 ? word : words}`;

function spanWords(seconds) {
  const minutes = Math.floor(seconds / 60), rest = seconds % 60;
  const parts = [];
  if (minutes) parts.push(count(minutes, 'minute', 'minutes'));
  if (rest || !minutes) parts.push(count(rest, 'second', 'seconds'));
  return parts.join(' ');
}

// Calls tick(seconds left) now and every second, by the clock: a laptop that slept is not late.
function countDown(seconds, tick) {
  const end = Date.now() + seconds * 1000;
  const step = () => {
    const rest = Math.max(0, end - Date.now());
    tick(Math.ceil(rest / 1000));
    if (rest) setTimeout(step, rest % 1000 || 1000);
  };
  step();
}

function waitButton(button) {
  const words = one('[data-wait-words]', button.form);
  const wait = Number(button.dataset.wait);
  if (!wait) return;
  countDown(wait, (left) => {
    button.disabled = left > 0;
    if (words) words.textContent = left ? `Possible again in ${spanWords(left)}.` : '';
    if (!left) say('You can ask again now.');
  });
}

// Server times are in UTC; here they turn into the reader's zone, near ones into "5 minutes ago".
function localTime(time) {
  const at = new Date(time.dateTime);
  const lang = document.documentElement.lang || undefined;
  const ago = (at - Date.now()) / 60000;
  const exact = new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeStyle: 'short' }).format(at);
  if (Number.isNaN(ago)) return;
  time.title = exact;
  if (time.dataset.exact !== undefined || Math.abs(ago) >= 24 * 60) time.textContent = exact;
  else if (Math.abs(ago) < 1) time.textContent = 'just now';
  else {
    const unit = Math.abs(ago) < 60 ? ['minute', ago] : ['hour', ago / 60];
    time.textContent = new Intl.RelativeTimeFormat(lang).format(Math.round(unit[1]), unit[0]);
  }
}

/* --- waiting for a phone --- */

const states = {
  approved: 'Approved. Signing you in.',
  denied: 'The request was denied.',
  expired: 'The request has expired.',
  code: 'One moment.', // the page itself has news
};

function waiting(box) {
  const bar = one('[data-left]', box), words = one('[data-left-words]', box);
  let over = false, source, spoken = Math.ceil(bar.value / 15);

  const answer = ({ state, next }) => {
    if (over || !(state in states)) return;
    over = true;
    if (source) source.close();
    const text = box.dataset[state] || states[state];
    one('[data-state]', box).textContent = text;
    words.textContent = '';
    say(text);
    location.replace(next || location.href);
  };
  const poll = async () => {
    try {
      const got = await fetch(box.dataset.status, { headers: { accept: 'application/json' }, cache: 'no-store' });
      if (got.ok) answer(await got.json());
    } catch { /* offline for a moment: the next try comes */ }
    if (!over) setTimeout(poll, 2000);
  };
  const listen = () => {
    source = new EventSource(box.dataset.events);
    source.addEventListener('state', (event) => answer(JSON.parse(event.data)));
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) poll();
    });
  };

  countDown(Number(bar.value), (left) => {
    if (over) return;
    bar.value = left;
    words.textContent = `${Math.floor(left / 60)} min ${left % 60} s left.`;
    if (left && Math.ceil(left / 15) < spoken) say(`Waiting for your answer, ${spanWords(left)} left.`);
    spoken = Math.ceil(left / 15);
    if (!left && source) setTimeout(poll, 1000); // should the last event be lost
  });
  if (box.dataset.events && window.EventSource) listen();
  else poll();
}

/* --- the outbox of demo mode: looks again every two seconds while it is looked at --- */

function outbox(list) {
  const look = async () => {
    if (!document.hidden) {
      try {
        const got = await fetch(location.href, { cache: 'no-store' });
        const page = new DOMParser().parseFromString(await got.text(), 'text/html');
        const fresh = one('[data-outbox]', page);
        if (got.ok && fresh && fresh.dataset.newest !== list.dataset.newest) {
          list.replaceChildren(...fresh.children);
          list.dataset.newest = fresh.dataset.newest;
          for (const empty of all('[data-empty]')) empty.remove();
          wake(list);
          say('There is a new message.');
        }
      } catch { /* the server restarts: look again later */ }
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
}

/* --- copy and print --- */

function textOf(node) {
  if (node.tagName === 'OL') return [...node.children].map((item) => `${item.value}. ${item.textContent.trim()}`).join('\n');
  return node.dataset.value || node.value || node.textContent;
}

function copyButton(button) {
  const label = [...button.childNodes];
  if (!navigator.clipboard) return; // only where the page came over a safe connection
  button.hidden = false;
  button.addEventListener('click', async () => {
    const node = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(node.tagName === 'DATA' ? node.value : textOf(node));
    button.textContent = 'Copied';
    say('Copied');
    setTimeout(() => button.replaceChildren(...label), 2000);
  });
}

function printButton(button) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}

/* --- what a page has of all this --- */

function wake(root) {
  const parts = {
    form: sendOnce, 'input.code': codeField, '[data-show]': showButton, '[data-meter]': meter,
    '[data-wait]': waitButton, 'time[datetime]': localTime, '[data-waiting]': waiting,
    '[data-outbox]': outbox, '[data-copy]': copyButton, '[data-print]': printButton,
  };
  for (const [selector, start] of Object.entries(parts)) for (const node of all(selector, root)) start(node);
  for (const node of all('[data-nojs]', root)) node.hidden = true;
}
wake(document);
