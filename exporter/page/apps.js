// The page "Apps": all apps of a runtime.

import { appAddress } from './address.js';
import { bytes, count, duration, isKnown, percent, rate } from './format.js';
import { figure, List, name } from './list.js';
import { completeApp } from './top.js';
import { startPage } from './shell.js';

const some = (key) => (apps) => apps.some((app) => app[key] > 0);

const list = new List({
  columns: [
    name('app', 'App', 9, { grow: 3, href: appAddress }), name('version', 'Version', 6), figure('workers', 'Workers', 5.4, count),
    figure('requests_per_second', 'Requests/s', 6.8, rate), figure('requests', 'Requests', 6.6, count),
    figure('estimated', 'Estimated', 6.4, percent, { only: some('estimated') }),
    figure('errors_per_second', 'Errors/s', 5.6, rate), figure('errors', 'Errors', 5.2, count),
    figure('failing', 'Failing', 5, percent), figure('mean_seconds', 'Duration', 6, duration),
    figure('discarded_workers', 'Discarded', 6.2, count, { only: some('discarded_workers') }),
    figure('memory_bytes', 'Heap', 6, bytes),
  ],
  usual: 'requests_per_second',
  noun: 'apps',
});

startPage({
  onView: ({ pool, apps }) => list.show(pool === null ? null : apps.map(completeApp)),
});
