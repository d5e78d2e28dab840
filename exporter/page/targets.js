// The list of all targets, worst first: configured runtimes and what /probe has polled. Also what "/" shows where the
// address names none of several runtimes.

import { byId, element, outsideText, setText } from './dom.js';
import { getJson } from './feed.js';
import { clock, count, duration, isKnown, percent, rate, UNKNOWN } from './format.js';
import { sentences } from './status.js';

const EVERY_MS = 5_000;
// More rows than anyone reads; the filter finds the others.
const MOST_ROWS = 500;

const RANKS = { down: 0, warn: 1, untried: 2, up: 3 };
const stateOf = ({ state, warnings }) => (state === 'up' && warnings.length > 0 ? 'warn' : state);
const WORDS = { down: 'Down', warn: 'Up, with warnings', untried: 'Not polled yet', up: 'Up' };
const collator = new Intl.Collator('en', { numeric: true });

const nameOf = ({ runtime, module, url }) => (module === undefined ? runtime ?? 'Buntime' : url);

function addressOf({ runtime, module, url }) {
  if (module !== undefined) return `./?${new URLSearchParams({ target: url, module })}`;
  return runtime === null ? './' : `./?${new URLSearchParams({ runtime })}`;
}

const queueOf = ({ ephemeral_queue_depth: depth, ephemeral_queue_limit: limit }) =>
  (isKnown(limit) ? `${count(depth)} of ${count(limit)}` : UNKNOWN);

const COLUMNS = [
  ['Utilization', ({ utilization }) => percent(utilization)],
  ['Requests/s', ({ requests_per_second: requests }) => rate(requests)],
  ['Errors/s', ({ errors_per_second: errors }) => rate(errors)],
  ['Queue', queueOf],
  ['Workers', ({ workers }) => count(workers)],
  ['Answered in', ({ poll_seconds: seconds }) => duration(seconds)],
  ['Latest answer', ({ last_success: time }) => clock(time)],
];

function sinceOf({ down_since: down, warnings }) {
  const since = down ?? Math.min(...warnings.map((warning) => warning.since));
  return Number.isFinite(since) ? ` since ${clock(since)}` : '';
}

function cell(label, text) {
  return element('td', { 'data-label': label, ...(text === UNKNOWN && { class: 'unknown' }) }, text);
}

function row(target) {
  const state = stateOf(target);
  const causes = [target.error, ...sentences(target.warnings).map(({ text }) => text)].filter((text) => text);
  const about = [target.module === undefined && target.url, target.module && `module ${target.module}`, target.version && `Buntime ${target.version}`,
    target.layout && `layout ${target.layout}`].filter((text) => text);
  return element('tr', { 'data-state': state },
    element('th', { scope: 'row' }, element('a', { href: addressOf(target) }, outsideText(nameOf(target))),
      element('span', { class: 'muted' }, about.join(' · '))),
    element('td', {}, element('b', {}, WORDS[state]), sinceOf(target),
      ...causes.map((text) => element('span', { class: 'cause' }, outsideText(text)))),
    ...COLUMNS.map(([label, text]) => cell(label, text(target))));
}

function byWorst(left, right) {
  return RANKS[stateOf(left)] - RANKS[stateOf(right)] ||
    (right.errors_per_second ?? 0) - (left.errors_per_second ?? 0) || collator.compare(nameOf(left), nameOf(right));
}

const wordsOf = (target) =>
  `${nameOf(target)} ${target.url} ${target.module ?? ''} ${WORDS[stateOf(target)]} ${target.outcome}`.toLowerCase();

let known = null;
let failedSince = null;
let paused = false;

function showTable(id, targets) {
  const section = byId(id);
  section.hidden = targets.length === 0;
  const table = section.querySelector('table');
  // The focus stays on its link.
  const focused = table.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  const heads = ['Target', 'State', ...COLUMNS.map(([label]) => label)].map((label) => element('th', { scope: 'col' }, label));
  table.replaceChildren(element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...targets.slice(0, MOST_ROWS).map(row)));
  if (focused !== null) [...table.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus();
}

function show() {
  if (known === null) return;
  const words = byId('search').value.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const matching = (list) => list.filter((target) => words.every((word) => wordsOf(target).includes(word))).sort(byWorst);
  const [runtimes, probes] = [matching(known.runtimes), matching(known.probes)];
  showTable('runtimes', runtimes);
  showTable('probes', probes);
  const all = known.runtimes.length + known.probes.length;
  setText(byId('shown'), `${count(runtimes.length + probes.length)} of ${count(all)} targets`);
  for (const link of document.querySelectorAll('nav a:not([href=targets])')) link.hidden = known.runtimes.length !== 1;
}

function describe() {
  if (failedSince !== null) return ['reconnecting', 'Reconnecting', `The exporter has not answered since ${clock(failedSince)}.`];
  if (known === null) return ['connecting', 'Connecting', ''];
  const all = [...known.runtimes, ...known.probes];
  const wanted = new URLSearchParams(location.search).get('runtime');
  if (wanted !== null && !known.runtimes.some(({ runtime }) => runtime === wanted)) {
    return ['warn', `There is no runtime ${wanted}`, all.length > 0 ? 'Choose one of these.' : ''];
  }
  if (all.length === 0) return ['connecting', 'Nothing was probed yet', 'Ask for /probe?target=HOST:PORT, or set --runtime.url.'];
  const many = Object.fromEntries(Object.keys(RANKS).map((state) => [state, all.filter((each) => stateOf(each) === state).length]));
  const state = many.down > 0 ? 'down' : many.warn > 0 ? 'warn' : 'up';
  const said = [[many.down, 'down'], [many.warn, 'with warnings'], [many.untried, 'not polled yet']]
    .filter(([number]) => number > 0).map(([number, word]) => `${count(number)} ${word}`);
  return [state, `${count(many.up + many.warn)} of ${count(all.length)} up`, said.join(', ')];
}

function say() {
  const [state, title, detail] = describe();
  byId('status').dataset.state = state;
  const paragraph = byId('status-text');
  if (paragraph.dataset.said !== title + detail) {
    paragraph.dataset.said = title + detail;
    paragraph.replaceChildren(element('strong', {}, outsideText(title)), ' ', detail);
  }
  const link = byId('link');
  link.dataset.state = paused ? 'paused' : failedSince === null ? 'live' : 'lost';
  setText(link, paused ? 'Paused' : failedSince !== null ? 'Reconnecting' : known === null ? 'Connecting' : 'Live');
  document.title = `${['up', 'connecting'].includes(state) ? '' : `${title} · `}Targets · Buntime exporter`;
}

let answered = Date.now() / 1000;

async function refresh() {
  if (!paused && !document.hidden) {
    try {
      known = await getJson('targets');
      answered = Date.now() / 1000;
      failedSince = null;
      if (!paused) show();
    } catch {
      failedSince = answered;
    }
    say();
  }
}

byId('search').addEventListener('input', show);
byId('pause').addEventListener('click', () => {
  paused = !paused;
  byId('pause').setAttribute('aria-pressed', String(paused));
  say();
  refresh();
});
document.addEventListener('visibilitychange', refresh);
setInterval(refresh, EVERY_MS);
refresh();
