// The page "Workers".

import { byId, element, setText } from './dom.js';
import { getJson, subject } from './feed.js';
import { bytes, count, duration, isKnown, rate, UNKNOWN } from './format.js';
import { startPage } from './shell.js';
import { VirtualTable } from './table.js';

const name = (key, label) => ({ key, label, text: (worker) => worker[key] ?? UNKNOWN, outside: true });
const figure = (key, label, format) => ({ key, label, text: (worker) => format(worker[key]), number: true });

const COLUMNS = [
  name('id', 'Worker'), name('app', 'App'), name('version', 'Version'), name('state', 'State'),
  figure('requests_per_second', 'Requests/s', rate), figure('requests', 'Requests', count),
  figure('errors', 'Errors', count), figure('uptime_seconds', 'Uptime', duration),
  figure('memory_bytes', 'Memory', bytes),
];

// What the reader chose stands in the address, so that a link shows the same.
const query = new URLSearchParams(location.search);
const choice = {
  words: query.get('q') ?? '',
  state: query.get('state') ?? '',
  sort: COLUMNS.some(({ key }) => key === query.get('sort')) ? query.get('sort') : 'requests_per_second',
  descending: query.get('order') !== 'ascending',
};

let known = false; // whether the runtime's workers are known at all
let workers = [];
let asking = false;
let askAgain = false;

const parts = { scroller: byId('scroller'), table: byId('table'), head: byId('head'), body: byId('rows') };
const table = new VirtualTable(parts, COLUMNS, (key) => {
  const numeric = COLUMNS.find((column) => column.key === key).number === true;
  // Names from A, numbers from the largest; once more turns it around.
  choice.descending = choice.sort === key ? !choice.descending : numeric;
  choice.sort = key;
  show();
});

const collator = new Intl.Collator('en', { numeric: true });

function compare(left, right) {
  const [a, b] = [left[choice.sort], right[choice.sort]];
  const [noA, noB] = [a ?? null, b ?? null].map((value) => value === null);
  // What is not known is last, whichever way the rest goes.
  if (noA || noB) return noA - noB || collator.compare(left.id, right.id);
  const order = isKnown(a) ? a - b : collator.compare(a, b);
  return (choice.descending ? -order : order) || collator.compare(left.id, right.id);
}

function matches(words) {
  return (worker) => (choice.state === '' || worker.state === choice.state) &&
    words.every((word) => worker.search.includes(word));
}

function show() {
  const words = choice.words.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const shown = workers.filter(matches(words)).sort(compare);
  table.show(shown);
  table.showSort(choice.sort, choice.descending);
  showStates();
  setText(byId('shown'), known ? `${count(shown.length)} of ${count(workers.length)} workers` : UNKNOWN);
  byId('empty').hidden = shown.length > 0;
  setText(byId('empty'), reasonForNothing());
  remember();
}

function reasonForNothing() {
  if (!known) return 'The workers are not known.';
  return workers.length === 0 ? 'The pool has no workers.' : 'No worker matches the filter.';
}

function showStates() {
  const counts = new Map();
  for (const { state } of workers) counts.set(state, (counts.get(state) ?? 0) + 1);
  if (choice.state !== '' && !counts.has(choice.state)) counts.set(choice.state, 0);
  const select = byId('state');
  const options = [...counts].sort().map(([state, many]) => [state, `${state} (${count(many)})`]);
  const wanted = [['', 'All'], ...options];
  while (select.options.length > wanted.length) select.options[select.options.length - 1].remove();
  wanted.forEach(([value, label], at) => {
    if (at === select.options.length) select.append(element('option'));
    setText(select.options[at], label);
    select.options[at].value = value;
  });
  select.value = choice.state;
}

function remember() {
  const address = new URLSearchParams(location.search);
  const keep = (key, value, usual) => (value === usual ? address.delete(key) : address.set(key, value));
  keep('q', choice.words, '');
  keep('state', choice.state, '');
  keep('sort', choice.sort, 'requests_per_second');
  keep('order', choice.descending ? 'descending' : 'ascending', 'descending');
  const text = address.toString();
  if (`?${text}` !== (location.search || '?')) history.replaceState(null, '', text ? `?${text}` : location.pathname);
}

// One question at a time: with many workers, an answer may take longer than the next view.
async function ask() {
  askAgain = asking;
  if (asking) return;
  asking = true;
  try {
    const answer = await getJson('api/workers', subject());
    workers = answer.workers;
    for (const worker of workers) {
      worker.search = `${worker.id} ${worker.app ?? ''} ${worker.version ?? ''}`.toLowerCase();
    }
    show();
  } catch {
    // The rows stay; whether the exporter is there, the status line says.
  } finally {
    asking = false;
  }
  if (askAgain) ask();
}

// Screen readers hear what a filter leaves, once the reader pauses, but not each worker that comes and goes.
let announcing = 0;

function filter(change) {
  Object.assign(choice, change);
  byId('scroller').scrollTop = 0;
  show();
  clearTimeout(announcing);
  announcing = setTimeout(() => setText(byId('announcement'), byId('shown').textContent), 700);
}

byId('search').value = choice.words;
byId('search').addEventListener('input', (event) => filter({ words: event.target.value }));
byId('state').addEventListener('change', (event) => filter({ state: event.target.value }));

startPage({
  onView: (view) => {
    known = isKnown(view.workers_total);
    ask();
  },
  onFresh: () => {},
});
