// Codes of services that want one from an app (RFC 6238). The secrets are kept as keys that no script can
// take out of this browser again.

const algorithms = { SHA1: 'SHA-1', SHA256: 'SHA-256', SHA512: 'SHA-512' };

function base32(text) {
  const clean = text.toUpperCase().replace(/[\s=-]/g, '');
  if (!/^[A-Z2-7]{16,}$/.test(clean)) return undefined;
  const bits = [...clean].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
}

// What an otpauth:// link or a bare key says; nothing when it cannot be used.
function read(text, service) {
  let url;
  try {
    url = new URL(/^otpauth:/.test(text) ? text : `otpauth://totp/${encodeURIComponent(service)}?secret=${encodeURIComponent(text)}`);
  } catch {
    return undefined;
  }
  const say = (name, otherwise) => url.searchParams.get(name) ?? otherwise;
  const [, before, label] = decodeURIComponent(url.href.split('?')[0].replace(/^otpauth:\/\/totp\/?/i, '')).match(/^(?:([^:]*): *)?(.*)$/s);
  const code = {
    id: crypto.randomUUID(), issuer: say('issuer', before ?? label) || 'Codes', label, digits: Number(say('digits', 6)),
    period: Number(say('period', 30)), hash: algorithms[say('algorithm', 'SHA1').toUpperCase()],
  };
  const secret = base32(say('secret', ''));
  const sound = /^otpauth:\/\/totp\//i.test(url.href) && secret && code.hash && code.digits >= 6 && code.digits <= 8 &&
    code.period >= 10 && code.period <= 300;
  return sound ? { code, secret } : undefined;
}

async function digitsOf({ key, hash, digits, period }, atS) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(atS / period)));
  const mac = new DataView(await crypto.subtle.sign({ name: 'HMAC', hash }, key, counter));
  const number = mac.getUint32(mac.getUint8(mac.byteLength - 1) & 15) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

// With `device` it is that pairing's own code: it goes when the device leaves the service.
export async function add(text, service, device) {
  const got = read(text.trim(), service.trim());
  if (!got) return false;
  const { code, secret } = got;
  if (device) code.device = device;
  code.label = code.label === code.issuer ? '' : code.label;
  code.key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: code.hash }, false, ['sign']);
  await keep('codes', code);
  return true;
}

// A row with its code, kept fresh by the function it returns.
function row(code) {
  const part = copyOf('v-code', code), node = part.firstElementChild;
  const button = one('[data-copy]', node), bar = one('progress', node);
  let digits = '', step;
  bar.max = code.period;
  button.onclick = async () => {
    await navigator.clipboard.writeText(digits);
    fill(node, { copied: 'Copied' });
    say('Copied');
    setTimeout(() => fill(node, { copied: 'Copy' }), 2000);
  };
  one('[data-remove]', node).onclick = async () => {
    if (!await confirmed('d-remove', code)) return;
    await drop('codes', code.id);
    codes();
  };
  const fresh = async () => {
    const now = Math.floor(nowMs() / 1000), present = Math.floor(now / code.period);
    bar.value = code.period - now % code.period;
    if (step === present) return;
    step = present;
    digits = await digitsOf(code, now);
    const half = Math.ceil(digits.length / 2);
    fill(node, { digits: `${digits.slice(0, half)} ${digits.slice(half)}`, copied: 'Copy' });
  };
  return { node, fresh };
}

export async function codes() {
  const list = await stored('codes');
  const rows = list.sort((a, b) => a.issuer.localeCompare(b.issuer)).map(row);
  if (location.hash !== '#codes') return;
  const view = show('v-codes', { none: !list.length, some: list.length });
  const put = async (text, service) => {
    if (await add(text, service)) {
      await codes();
      return say('Added');
    }
    fill(view, { trouble: 'This is no key for time-based codes. Check that it is complete.' });
  };
  one('[data-list]', view).append(...rows.map(({ node }) => node));
  one('form', view).onsubmit = (event) => {
    event.preventDefault();
    put(one('#otpauth', view).value, one('#issuer', view).value);
  };
  one('[data-scan]', view).onclick = async () => {
    const text = await (await part('scan')).scan((found) => /^otpauth:/.test(found) && found);
    if (text) put(text, '');
  };
  live = () => { for (const { fresh } of rows) fresh(); };
  live();
}
