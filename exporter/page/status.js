// What is to be said about the state of things, in one sentence, the most important thing first.

import { appAddress, keepSubject, splitKey } from './address.js';
import { clock, percent, rate } from './format.js';

const latest = (view) =>
  view.pool === null ? 'There are no current values.' : `The values are stale, from ${clock(view.runtime.last_success)}.`;

const naming = (runtime) => (runtime.name === '' ? 'The runtime' : runtime.name);

// Each kind of warning: what it is, and where to look.
const WARNINGS = {
  pool: { href: () => keepSubject('./#chart-utilization'), text: ({ value }) => `the pool is ${percent(value)} active and evicts` },
  queue: { href: () => keepSubject('./#chart-queue'), text: ({ value }) => `the ephemeral queue reached ${percent(value)} of its limit` },
  errors: { href: ({ app }) => appAddress(splitKey(app)), text: ({ value, app }) => `${percent(value)} of the requests of ${app} fail` },
  discarded: {
    href: ({ app }) => appAddress(splitKey(app)),
    text: ({ value, app }) => `workers of ${app} end by timeouts or crashes, ${percent(value)} of its requests`,
  },
  unserved: {
    href: () => keepSubject('workers'), format: rate, text: ({ value }) => `no app took ${rate(value)} requests for each new worker`,
  },
};

// A sentence for each warning, with the address of what to look at.
export function sentences(warnings) {
  return warnings.map((warning) => {
    const { href, text, format = percent } = WARNINGS[warning.kind];
    const words = text(warning);
    return { href: href(warning), text: `${words[0].toUpperCase()}${words.slice(1)} since ${clock(warning.since)} (limit ${format(warning.limit)}).` };
  });
}

// Of the latest view, or null, and of the link to the exporter: {state, title, detail, warnings}.
export function describe(view, link) {
  const state = stateOf(view, link);
  return { ...state, warnings: state.state === 'warn' ? view.warnings : [] };
}

function stateOf(view, link) {
  if (link.state === 'refused') {
    return { state: 'refused', title: 'The exporter refuses', detail: `${link.message.replace(/[.\s]+$/, '')}.` };
  }
  if (link.state === 'lost') {
    const detail = view === null ? '' : ' The values are from before.';
    return {
      state: 'reconnecting',
      title: 'Reconnecting',
      detail: `The exporter has not answered since ${clock(link.since)}.${detail}`,
    };
  }
  if (view === null) return { state: 'connecting', title: 'Connecting', detail: '' };
  if (link.state === 'silent') {
    return { state: 'stale', title: 'Stale', detail: `Nothing new from the exporter since ${clock(link.since)}.` };
  }

  const { runtime } = view;
  if (!runtime.tried) {
    return { state: 'connecting', title: 'Waiting', detail: `${naming(runtime)} has not been polled yet.` };
  }
  if (!runtime.up) {
    const since = runtime.down_since === null ? '' : `since ${clock(runtime.down_since)}, `;
    const reason = (runtime.error || runtime.outcome).replace(/[.\s]+$/, '');
    return {
      state: 'down',
      title: `${naming(runtime)} is down`,
      detail: `${since}because ${reason}. ${latest(view)}`,
    };
  }
  const state = view.warnings.length > 0 ? 'warn' : 'up';
  return { state, title: `${naming(runtime)} is up`, detail: '' };
}

// The little word in the header: how what is shown gets here.
export function linkWord(link, paused) {
  if (paused) return 'Paused';
  switch (link.state) {
    case 'live':
      return 'Live';
    case 'polling':
      return `Every ${link.seconds} s`;
    case 'silent':
    case 'lost':
      return 'Reconnecting';
    case 'refused':
      return 'Refused';
    default:
      return 'Connecting';
  }
}
