// The apps that matter most, by one measure, as a short table of fixed height.

import { appAddress, keyOf } from './address.js';
import { byId, element, setHref, setText } from './dom.js';
import { count, isKnown, percent, rate } from './format.js';

const ROWS = 8;

// Requests that the exporter attributed, because the runtime lost the counts of the workers that took them, are
// marked where they are more than a tenth.
export const ESTIMATED = '≈ more than a tenth is estimated: the runtime lost the counts of workers it discarded.';
export const isEstimate = ({ requests, estimated_requests: estimated }) => isKnown(estimated) && estimated > requests / 10;

const ratio = (part, whole) => (isKnown(part) && whole > 0 ? part / whole : null);

// An app of the view, and what follows from its numbers.
export function completeApp(app) {
  return Object.assign(app, {
    id: keyOf(app),
    search: keyOf(app).toLowerCase(),
    failing: isKnown(app.errors) ? Math.min(1, ratio(app.errors, app.requests) ?? 0) : null,
    estimated: ratio(app.estimated_requests, app.requests),
    mean_seconds: ratio(app.request_seconds, app.requests),
  });
}

const requestsOf = (app) => `${isEstimate(app) ? '≈ ' : ''}${count(app.requests)}`;

export const BY_REQUESTS = {
  measure: (app) => app.requests,
  none: () => 'No requests seen yet.',
  columns: [
    { label: 'Workers', text: (app) => count(app.workers) },
    { label: 'Requests', text: requestsOf },
    { label: 'Per second', text: (app) => rate(app.requests_per_second) },
  ],
  order: [(app) => app.requests],
  rest: restOfRequests,
};

export const BY_ERRORS = {
  measure: (app) => app.errors,
  none: (apps) => (apps.length > 0 && apps.every((app) => !isKnown(app.errors))
    ? 'This runtime does not report errors.' : 'No errors seen.'),
  columns: [
    { label: 'Share', text: (app) => percent(completeApp(app).failing) },
    { label: 'Errors', text: (app) => count(app.errors) },
    { label: 'Per second', text: (app) => rate(app.errors_per_second) },
  ],
  // What fails now comes before what once failed more.
  order: [(app) => app.errors_per_second, (app) => app.errors],
};

// What makes the table sum to the pool: the other apps, and requests that no app took (a worker failed to boot, or they
// were lost before the exporter started).
function restOfRequests(apps, others, pool) {
  const sum = (list, key) => list.reduce((total, app) => total + (app[key] ?? 0), 0);
  const rest = others.length === 0 ? [] : [{
    app: `${count(others.length)} other ${others.length === 1 ? 'app' : 'apps'}`,
    workers: sum(others, 'workers'),
    requests: sum(others, 'requests'),
    requests_per_second: isKnown(pool.requests_per_second) ? sum(others, 'requests_per_second') : null,
  }];
  const none = {
    app: 'No app', workers: null, requests: pool.requests - sum(apps, 'requests'),
    requests_per_second: isKnown(pool.requests_per_second)
      ? Math.max(0, pool.requests_per_second - sum(apps, 'requests_per_second')) : null,
  };
  return isKnown(pool.requests) && none.requests >= 1 ? [...rest, none] : rest;
}

function compare(order) {
  return (left, right) => {
    for (const key of order) {
      const difference = (key(right) ?? 0) - (key(left) ?? 0);
      if (difference !== 0) return difference;
    }
    return left.app < right.app ? -1 : 1;
  };
}

// Returns a function that shows the view's apps, or null where they are not known.
export function topApps(id, caption, { measure, none, columns, order, rest }) {
  const host = byId(id);
  const rows = Array.from({ length: ROWS }, () => row(columns));
  const restRows = Array.from({ length: rest ? 2 : 0 }, () => row(columns));
  const note = element('p', { class: 'muted note' });
  const heads = ['App', 'Version', ...columns.map(({ label }) => label)]
    .map((label) => element('th', { scope: 'col' }, label));
  const empty = element('p', { class: 'muted' });
  host.append(
    element('table', {}, element('caption', { class: 'hidden' }, caption), element('thead', {}, element('tr', {}, ...heads)),
      element('tbody', {}, ...rows.map(({ node }) => node)),
      element('tfoot', {}, ...restRows.map(({ node }) => node))), note, empty);

  return (apps, pool) => {
    const sorted = (apps ?? []).filter((app) => measure(app) > 0).sort(compare(order));
    const top = sorted.slice(0, ROWS);
    const remaining = rest && top.length > 0 ? rest(apps, sorted.slice(ROWS), pool) : [];
    restRows.forEach(({ show }, at) => show(remaining[at], Infinity));
    setText(note, rest && top.some(isEstimate) ? ESTIMATED : '');
    const most = Math.max(...top.map(measure));
    setText(empty, top.length > 0 ? '' : apps === null ? 'Not known.' : none(apps));
    rows.forEach(({ show }, at) => show(top[at], most));
  };

  function row() {
    const app = element('a', { dir: 'auto' });
    const version = element('bdi');
    const cells = columns.map(() => element('td'));
    const node = element('tr', {}, element('th', { scope: 'row' }, app), element('td', {}, version), ...cells);
    const show = (item, most) => {
      node.hidden = item === undefined;
      if (node.hidden) return;
      setText(app, item.app);
      // The rest of the table is no app.
      if (item.version === undefined) app.removeAttribute('href');
      else setHref(app, appAddress(item));
      app.title = item.app;
      setText(version, item.version ?? '');
      version.title = item.version ?? '';
      columns.forEach(({ text }, at) => setText(cells[at], text(item)));
      node.style.setProperty('--share', `${(measure(item) / most) * 100}%`);
    };
    return { node, show };
  }
}
