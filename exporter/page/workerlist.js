// The workers of a runtime or of an app, as a list.

import { appAddress, keyOf, workerAddress } from './address.js';
import { getJson } from './feed.js';
import { bytes, count, duration, isKnown, rate } from './format.js';
import { figure, List, name } from './list.js';

// The released dialect knows one worker for each app and version, and no other name for it.
const hasNames = (workers) => workers.some((worker) => worker.id !== keyOf(worker));

export const COLUMNS = [
  name('id', 'Worker', 9, { grow: 3, href: workerAddress, only: hasNames }),
  name('app', 'App', 8, { grow: 2, href: (worker) => (worker.id === keyOf(worker) ? workerAddress : appAddress)(worker) }),
  name('version', 'Version', 6), name('state', 'State', 6.8),
  figure('requests_per_second', 'Requests/s', 6.8, rate), figure('requests', 'Requests', 6.6, count),
  figure('errors', 'Errors', 5.2, count), figure('mean_seconds', 'Duration', 6, duration),
  figure('uptime_seconds', 'Uptime', 6, duration), figure('memory_bytes', 'Heap', 6, bytes),
];

export function complete(worker) {
  worker.search = `${worker.id} ${worker.app ?? ''} ${worker.version ?? ''}`.toLowerCase();
  worker.mean_seconds = worker.requests > 0 && isKnown(worker.request_seconds) ? worker.request_seconds / worker.requests : null;
  return worker;
}

// Shows the workers that `about` names whenever it is called; one question at a time: with many workers, an answer may
// take longer than the next view.
export function workerList(about) {
  const list = new List({ columns: COLUMNS, usual: 'requests_per_second', noun: 'workers' });
  let asking = false;
  let askAgain = false;
  return async function ask(known) {
    askAgain = asking;
    if (asking) return;
    asking = true;
    try {
      const { workers } = await getJson('api/workers', about());
      list.show(known ? workers.map(complete) : null);
    } catch {
      // The rows stay; whether the exporter is there, the status line says.
    } finally {
      asking = false;
    }
    if (askAgain) ask(known);
  };
}
