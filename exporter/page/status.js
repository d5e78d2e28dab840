// What is to be said about the state of things, in one sentence, the most important thing first.

import { clock } from './format.js';

const latest = (view) =>
  view.pool === null ? 'There are no current values.' : `The values are stale, from ${clock(view.runtime.last_success)}.`;

const naming = (runtime) => (runtime.name === '' ? 'The runtime' : runtime.name);

// Of the latest view, or null, and of the link to the exporter: {state, title, detail}.
export function describe(view, link) {
  if (link.state === 'refused') {
    return { state: 'refused', title: 'The exporter refuses', detail: link.message };
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
  return { state: 'up', title: `${naming(runtime)} is up`, detail: '' };
}

// The little word in the header: how what is shown gets here.
export function linkWord(link, paused, interval) {
  if (paused) return 'Paused';
  switch (link.state) {
    case 'live':
      return 'Live';
    case 'polling':
      return `Every ${interval} s`;
    case 'silent':
    case 'lost':
      return 'Reconnecting';
    case 'refused':
      return 'Refused';
    default:
      return 'Connecting';
  }
}
