// The authenticator's service worker: keeps the app for the time without a network, and is woken by Web
// Push. A push says nothing but "wake": what is asked is fetched here, signed. The server puts `shell` (what
// to keep) and `parts` before this.
importScripts(parts.device);

const page = '/authenticator';
const images = { icon: parts.icon, badge: parts.badge };
const cacheName = `shell ${shell.join(' ')}`;

addEventListener('install', (event) => {
  event.waitUntil((async () => {
    await (await caches.open(cacheName)).addAll(shell);
    await skipWaiting();
  })());
});

addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== cacheName) await caches.delete(name);
    await clients.claim();
  })());
});

// The page: from the server, from here when that fails. What carries a hash: from here. The rest,
// above all /device/, is none of our business.
addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.mode === 'navigate' && pathname === page)
    event.respondWith(fetch(event.request).then((got) => (got.ok ? got : caches.match(page)), () => caches.match(page)));
  else if (shell.includes(pathname))
    event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(event.request)));
});

async function lookAround() {
  const pairings = (await stored('pairings')).filter(({ gone }) => !gone);
  const lists = await Promise.all(pairings.map((one) => pendingOf(one).catch(() => null)));
  const asked = lists.flat().filter(Boolean);
  const windows = await clients.matchAll({ type: 'window' });
  if (!lists.includes(null)) await tidy(registration, asked.map(({ id }) => id));
  if (windows.some((one) => one.visibilityState === 'visible')) return; // the app shows it
  for (const one of asked) await announce(registration, one, images);
  if (asked.length) return;
  const [title, body] = lists.includes(null) ? ['A request may be waiting', 'Open this to look.']
    : ['No request is waiting', 'It was answered, or has expired.'];
  await registration.showNotification(title, { ...images, body, tag: 'none' }); // browsers want one for every push
}

addEventListener('push', (event) => event.waitUntil(lookAround()));

addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil((async () => {
    const pairings = await stored('pairings');
    const key = pairings.find((one) => !one.gone)?.push_key;
    if (key && !event.newSubscription)
      await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    await tellPush(registration, pairings);
  })());
});

addEventListener('notificationclick', (event) => {
  const { notification } = event;
  const hash = notification.tag === 'none' ? '' : `#request=${notification.tag}`;
  notification.close();
  event.waitUntil((async () => {
    const windows = await clients.matchAll({ type: 'window' });
    const open = windows.find((one) => new URL(one.url).pathname === page);
    if (!open) return clients.openWindow(page + hash);
    open.postMessage(hash);
    return open.focus();
  })());
});
