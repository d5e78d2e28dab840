// The apps that matter most, by one measure, as a short table of fixed height.

import { byId, element, setText } from './dom.js';
import { count, isKnown, percent, rate, UNKNOWN } from './format.js';

const ROWS = 8;

const share = ({ errors, requests }) =>
  isKnown(errors) && requests > 0 ? percent(errors / requests) : UNKNOWN;

export const BY_REQUESTS = {
  measure: (app) => app.requests,
  none: () => 'No requests seen yet.',
  columns: [
    { label: 'Workers', text: (app) => count(app.workers) },
    { label: 'Requests', text: (app) => count(app.requests) },
    { label: 'Per second', text: (app) => rate(app.requests_per_second) },
  ],
  order: [(app) => app.requests],
};

export const BY_ERRORS = {
  measure: (app) => app.errors,
  none: (apps) => (apps.length > 0 && apps.every((app) => !isKnown(app.errors))
    ? 'This runtime does not report errors.' : 'No errors seen.'),
  columns: [
    { label: 'Share', text: share },
    { label: 'Errors', text: (app) => count(app.errors) },
    { label: 'Per second', text: (app) => rate(app.errors_per_second) },
  ],
  // What fails now comes before what once failed more.
  order: [(app) => app.errors_per_second, (app) => app.errors],
};

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
export function topApps(id, caption, { measure, none, columns, order }) {
  const host = byId(id);
  const rows = Array.from({ length: ROWS }, () => row(columns));
  const heads = ['App', 'Version', ...columns.map(({ label }) => label)]
    .map((label) => element('th', { scope: 'col' }, label));
  const empty = element('p', { class: 'muted' });
  host.append(
    element('table', {}, element('caption', { class: 'hidden' }, caption), element('thead', {}, element('tr', {}, ...heads)),
      element('tbody', {}, ...rows.map(({ node }) => node))), empty);

  return (apps) => {
    const top = (apps ?? []).filter((app) => measure(app) > 0).sort(compare(order)).slice(0, ROWS);
    const most = Math.max(...top.map(measure));
    setText(empty, top.length > 0 ? '' : apps === null ? 'Not known.' : none(apps));
    rows.forEach(({ show }, at) => show(top[at], most));
  };

  function row() {
    const app = element('bdi');
    const version = element('bdi');
    const cells = columns.map(() => element('td'));
    const node = element('tr', {}, element('th', { scope: 'row' }, app), element('td', {}, version), ...cells);
    const show = (item, most) => {
      node.hidden = item === undefined;
      if (node.hidden) return;
      setText(app, item.app);
      app.title = item.app;
      setText(version, item.version ?? UNKNOWN);
      version.title = item.version ?? '';
      columns.forEach(({ text }, at) => setText(cells[at], text(item)));
      node.style.setProperty('--share', `${(measure(item) / most) * 100}%`);
    };
    return { node, show };
  }
}
