// A request on the authenticator's page, and how it ends.

// Groups the digits for the eye; takes blanks and dashes out of what is pasted.
function digitsField(input, changed) {
  const digitsIn = (text) => text.replace(/[٠-٩۰-۹]/g, (c) => c.charCodeAt(0) & 15).replace(/\D/g, '').slice(0, 6);
  const grouped = (digits) => digits.replace(/^(...)(.)/, '$1 $2');
  input.addEventListener('input', () => {
    const before = digitsIn(input.value.slice(0, input.selectionStart));
    const digits = digitsIn(input.value);
    input.value = grouped(digits);
    input.setSelectionRange(...Array(2).fill(before.length + (before.length > 3)));
    changed(digits);
  });
  return (digits) => {
    input.value = digits ?? '';
    input.dispatchEvent(new Event('input'));
  };
}

// Whether a person has just touched or typed; a script that presses a button has not.
const touched = () => navigator.userActivation?.isActive ?? true;

// Answers; resolves to the outcome, or to nothing when the answer may not have got through.
async function decided(item, decision, digits) {
  try {
    return await answer(item, decision, digits);
  } catch (error) {
    const known = { 401: 'gone', 403: 'refused', 404: 'unknown' }[error.status];
    return known ?? (await part('manage')).outcomeOf(item); // it may have been taken, and its receipt lost
  }
}

// How it ended: just now, or some time ago.
export function finish(item, outcome, past = false) {
  const service = item?.shown.service_name ?? 'The service';
  const what = past ? { message: item.shown.message, ago: `, ${agoWords(item.created_at)}` } : {};
  const view = show('v-outcome', { service, ...what, past, now: !past, facts: item });
  for (const node of all('[data-outcome]', view)) if (node.dataset.outcome !== outcome) node.remove();
  if (item) factRows(one('[data-facts]', view), item.shown);
  say(one('h1', view).textContent);
  live = () => {
    if (past && location.hash.startsWith('#request') && waiting().length) return newest(); // nobody asked for the old one
    fill(view, { next: waiting().length, done: !past && !waiting().length });
  };
  live();
}

export function request(id) {
  const item = waiting().find((other) => other.id === id);
  if (!item) return lazy('manage', 'over')(id);
  const { shown, pairing } = item, asks = shown.needs_digits, names = { service: shown.service_name, message: shown.message };
  const view = show('v-request', { ...names, digits: asks, timed: item.expires_at, mixed: JSON.stringify(shown).includes('⚠') });
  const form = one('form', view), approve = one('[data-approve]', form), acts = one('[data-acts]', form), bar = one('progress', view);
  let digits = '', busy = false, spoken = Infinity;

  const wake = () => {
    for (const button of all('button', form)) button.disabled = busy;
    approve.disabled = busy || (asks && digits.length < 6);
  };
  const act = async (decision) => {
    if (decision === 'approved' && !touched()) return fill(view, { trouble: 'Nothing was approved: press the button yourself.' });
    busy = true;
    wake();
    fill(view, { trouble: '' });
    const outcome = await decided(item, decision, digits);
    busy = false;
    if (one('form', main) !== form) return; // somebody has gone elsewhere
    wake();
    if (!outcome) return fill(view, { trouble: 'Your answer did not get through. Check the connection and try again.' });
    lists.set(pairing.device, lists.get(pairing.device).filter((other) => other.id !== id));
    finish(item, outcome === 'denied' ? decision : outcome);
    drawCount();
  };

  factRows(one('[data-facts]', view), shown);
  const put = digitsField(one('input', form), (typed) => {
    digits = typed;
    wake();
    if (asks && !approve.disabled) say('Six digits are in. You can approve.');
  });
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (asks || await confirmed('d-approve', names)) act('approved');
  };
  one('[data-deny]', form).onclick = () => act('denied');
  one('[data-not-me]', form).onclick = async () => { if (await confirmed('d-not-me')) act('not_me'); };
  one('[data-scan]', form).onclick = async () => put(await (await part('scan')).scan((text) => text.split(`#answer=${id}.`)[1]));
  wake();
  acts.inert = true; // it may have come under a finger that was on its way
  setTimeout(() => { acts.inert = false; }, 500);
  bar.max = item.expires_at ? item.expires_at - item.created_at : 1;
  live = () => {
    if (!busy && !one('dialog') && !waiting().some((other) => other.id === id)) return waiting().length ? newest() : route();
    const others = waiting().length - 1;
    fill(view, {
      ago: `${/[.?!…]$/.test(shown.message) ? ' Asked' : ','} ${agoWords(item.created_at)}`,
      others: others > 0 && count(others, 'more request'),
    });
    if (!item.expires_at) return;
    const left = Math.min(item.expires_at - nowS(), bar.max), quarter = Math.ceil(left / 15);
    bar.value = left;
    fill(view, { left: `${leftWords(left, (n, word) => `${n} ${word}`, 'min', 's')} left.` });
    if (quarter < spoken && spoken < Infinity && left < 7200) say(`${leftWords(left)} left to answer.`);
    spoken = quarter;
  };
  live();
}
