// The page of one app: its totals, its last ten minutes, its workers.

import { appAddress, appQuery, keyOf } from './address.js';
import { Chart } from './chart.js';
import { byId, setText } from './dom.js';
import { getJson, subject } from './feed.js';
import { count, duration, isKnown, number, rate } from './format.js';
import { append, emptyHistory } from './history.js';
import { startPage } from './shell.js';
import { completeApp, ESTIMATED, isEstimate } from './top.js';
import { workerList } from './workerlist.js';

const COLUMNS = ['requests_per_second', 'errors_per_second', 'workers', 'mean_seconds', 'uptime_seconds'];
const query = new URLSearchParams(location.search);
const wanted = { app: query.get('app') ?? '', version: query.get('version') || null };
const about = () => [subject(), appQuery(wanted)].filter((part) => part !== '').join('&');

const area = (id, title, column, format, axis, top) =>
  new Chart(id, { title, format, axis, top, series: [{ column, label: title, look: 'area' }] });
const charts = [
  area('chart-requests', 'Requests per second', 'requests_per_second', rate, number, 1),
  area('chart-errors', 'Errors per second', 'errors_per_second', rate, number, 1),
  area('chart-duration', 'Mean duration', 'mean_seconds', duration, duration, 0.01),
  area('chart-workers', 'Workers', 'workers', count, number, 4),
];

let history = emptyHistory(COLUMNS);
let before = null; // the app, as of the view before
let asked = 0;

function valueOf(view, app) {
  const { pool } = view;
  const requests = app.requests - (before?.requests ?? app.requests);
  const mean = requests > 0 && isKnown(app.request_seconds) ? (app.request_seconds - before.request_seconds) / requests : null;
  return (name) => (name === 'mean_seconds' ? mean : name === 'uptime_seconds' ? pool?.uptime_seconds : app[name]) ?? null;
}

function showCharts() {
  for (const chart of charts) chart.show(history);
}

// An address from elsewhere, such as a dashboard, may name an app without its version.
function openBusiestVersion(apps) {
  const [busiest] = apps.filter(({ app }) => app === wanted.app)
    .sort((left, right) => (right.requests_per_second ?? 0) - (left.requests_per_second ?? 0) || right.requests - left.requests);
  if (busiest !== undefined) location.replace(appAddress(busiest));
}

const showWorkers = workerList(about);
setText(byId('title'), keyOf(wanted));

startPage({
  onView: (view) => {
    const app = view.apps.find(({ app: name, version }) => name === wanted.app && version === wanted.version);
    if (app === undefined && wanted.version === null) openBusiestVersion(view.apps);
    const known = app !== undefined;
    byId('none').hidden = known || view.pool === null;
    byId('values').hidden = !known && view.pool !== null;
    view.app = known ? completeApp(app) : null;
    setText(byId('note'), known && isEstimate(app) ? ESTIMATED : '');
    byId('chart-errors').hidden = known && !isKnown(app.errors);
    byId('chart-duration').hidden = known && !isKnown(app.request_seconds);
    append(history, view, known ? valueOf(view, app) : () => null);
    if (known) before = app;
    showCharts();
    if (known) showWorkers(isKnown(view.workers_total));
  },
  onFresh: async () => {
    const question = ++asked;
    if (subject().startsWith('target=')) return;
    try {
      const answer = await getJson('api/history', about());
      if (question !== asked) return;
      // Of an app that is not among the busiest the exporter keeps nothing.
      if (answer.t.length > 0) history = answer;
      showCharts();
    } catch {
      // The charts go on with what they have; whether the exporter is there, the status line says.
    }
  },
});
