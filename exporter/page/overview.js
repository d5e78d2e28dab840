// The page "Overview".

import { BY_ERRORS, BY_REQUESTS, topApps } from './apps.js';
import { bar, QUEUE, SLOTS } from './bars.js';
import { Chart } from './chart.js';
import { byId } from './dom.js';
import { getJson } from './feed.js';
import { count, number, percent, rate } from './format.js';
import { gauge } from './gauge.js';
import { append, emptyHistory } from './history.js';
import { startPage } from './shell.js';

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

let history = emptyHistory();
let latest = null;
let asked = 0;

function showHistory() {
  if (latest !== null) append(history, latest);
  for (const chart of charts) chart.show(history);
}

startPage({
  onView: (view) => {
    if (latest !== null && latest.runtime.name !== view.runtime.name) history = emptyHistory();
    latest = view;
    for (const show of showPool) show(view.pool);
    for (const show of showApps) show(view.pool === null ? null : view.apps);
    showHistory();
  },
  onFresh: async (runtime) => {
    const question = ++asked;
    try {
      const answer = await getJson('api/history', runtime);
      if (question !== asked) return;
      history = answer;
      showHistory();
    } catch {
      // The charts go on with what they have; whether the exporter is there, the status line says.
    }
  },
});
