// The page "Workers": all workers of a runtime.

import { byId, setText } from './dom.js';
import { subject } from './feed.js';
import { bytes, isKnown } from './format.js';
import { startPage } from './shell.js';
import { workerList } from './workerlist.js';

const showWorkers = workerList(subject);

startPage({
  onView: (view) => {
    const rss = view.pool?.rss_bytes;
    setText(byId('memory'), isKnown(rss) ? `RSS of the whole process: ${bytes(rss)}` : '');
    showWorkers(isKnown(view.workers_total));
  },
});
