// The page "Overview".

import { bar, QUEUE, SLOTS } from './bars.js';
import { Chart } from './chart.js';
import { byId, setText } from './dom.js';
import { getJson, subject } from './feed.js';
import { count, number, percent, rate } from './format.js';
import { gauge } from './gauge.js';
import { append, emptyHistory } from './history.js';
import { startPage } from './shell.js';
import { BY_ERRORS, BY_REQUESTS, topApps } from './top.js';

const charts = [
  new Chart('chart-workers', {
    title: 'Workers', format: count, axis: number, top: 4,
    series: [{ column: 'active', label: 'Active', look: 'area' }, { column: 'total', label: 'Total', look: 'line' },
      { column: 'size', label: 'Size', look: 'limit' }],
  }),
  new Chart('chart-requests', {
    title: 'Requests per second', format: rate, axis: number, top: 1,
    series: [{ column: 'requests_per_second', label: 'Requests', look: 'area' }],
  }),
  new Chart('chart-utilization', {
    title: 'Utilization', format: percent, axis: percent, top: 1,
    series: [{ column: 'utilization', label: 'Utilization', look: 'area' }],
  }),
  new Chart('chart-errors', {
    title: 'Errors per second', format: rate, axis: number, top: 1,
    series: [{ column: 'errors_per_second', label: 'Errors', look: 'area' }],
  }),
  new Chart('chart-queue', {
    title: 'Ephemeral queue', format: count, axis: number, top: 4,
    series: [{ column: 'queue_depth', label: 'Waiting', look: 'area' }],
  }),
];
const showPool = [gauge(byId('gauge')), bar('slots', SLOTS), bar('queue', QUEUE)];
const showApps = [topApps('apps-requests', 'Top apps by requests', BY_REQUESTS),
  topApps('apps-errors', 'Top apps by errors', BY_ERRORS)];

const COLUMNS = ['utilization', 'active', 'total', 'size', 'requests_per_second', 'errors_per_second', 'queue_depth',
  'uptime_seconds'];
const valueOf = (pool) => (name) => pool?.[name === 'queue_depth' ? 'ephemeral_queue_depth' : name] ?? null;

let history = emptyHistory(COLUMNS);
let latest = null;
let asked = 0;

function showHistory() {
  if (latest !== null) append(history, latest, valueOf(latest.pool));
  for (const chart of charts) chart.show(history);
}

// Cards and charts of what the runtime does not report; one line says what is missing.
function foldCards({ pool, apps }) {
  if (pool === null) return;
  const missing = [];
  const fold = (ids, reported, name) => {
    for (const id of ids) byId(id).hidden = !reported;
    if (!reported) missing.push(name);
  };
  fold(['chart-utilization'], pool.utilization !== null, 'utilization');
  fold(['card-queue', 'chart-queue'], pool.ephemeral_queue_limit !== null, 'ephemeral queue');
  fold(['card-errors', 'chart-errors'], pool.errors !== null || apps.length === 0, 'errors');
  setText(byId('missing'), missing.length === 0 ? '' : `Not reported by this runtime: ${missing.join(', ')}.`);
}

startPage({
  onView: (view) => {
    if (latest !== null && latest.runtime.url !== view.runtime.url) history = emptyHistory(COLUMNS);
    latest = view;
    const warned = view.warnings.some(({ kind }) => kind === 'pool');
    for (const show of showPool) show(view.pool, warned);
    for (const show of showApps) show(view.pool === null ? null : view.apps, view.pool);
    foldCards(view);
    showHistory();
  },
  onFresh: async () => {
    const question = ++asked;
    // Of a target of /probe the exporter remembers only the latest poll.
    if (subject().startsWith('target=')) return;
    try {
      const answer = await getJson('api/history', subject());
      if (question !== asked) return;
      history = answer;
      showHistory();
    } catch {
      // The charts go on with what they have; whether the exporter is there, the status line says.
    }
  },
});
