// The last ten minutes as columns of samples: what the exporter remembers, and every view since.

export const WINDOW_SECONDS = 600;
// So many intervals without a poll are no jitter.
const GAP_INTERVALS = 3;

// The polls that views told of: the latest, the usual time between two, and when the latest one was missed, because the
// exporter stood still.
let latest = null;
let pace = null;
let missed = null;

export function emptyHistory(columns) {
  latest = pace = missed = null;
  return Object.fromEntries([['t', []], ...columns.map((name) => [name, []])]);
}

const columnsOf = ({ interval_seconds: _, t: __, ...columns }) => Object.keys(columns);

function note(time, interval) {
  if (time === latest) return;
  const before = latest;
  latest = time;
  if (before === null) return;
  if (pace !== null && time - before > GAP_INTERVALS * Math.max(pace, interval)) {
    missed = before + interval;
  } else {
    pace = time - before;
  }
}

function push(history, time, valueOf) {
  history.t.push(time);
  for (const name of columnsOf(history)) history[name].push(valueOf(name));
}

// Adds what a view says, unless it is known already; valueOf(column).
export function append(history, { runtime, exporter }, valueOf) {
  if (!runtime.tried) return;
  const time = runtime.up ? runtime.last_success : exporter.now;
  note(time, runtime.interval_seconds);
  const { t } = history;
  const last = t[t.length - 1] ?? -Infinity;
  // The same poll may come twice, from the memory of the exporter and by the stream.
  if (time - last < runtime.interval_seconds / 20) return;
  if (missed !== null && missed > last) push(history, missed, () => null);
  push(history, time, runtime.up ? valueOf : () => null);
  const gone = t.findIndex((then) => then >= time - WINDOW_SECONDS);
  for (const name of ['t', ...columnsOf(history)]) history[name].splice(0, gone);
}

// Where nothing is known, because a poll failed or there was none: [[from, to]], from the sample before to the one after.
export function outages(history) {
  const { t } = history;
  const columns = columnsOf(history);
  const all = [];
  let from = null;
  t.forEach((time, at) => {
    if (columns.every((name) => history[name][at] === null)) {
      from ??= t[at - 1] ?? time;
      if (at === t.length - 1) all.push([from, time]);
      return;
    }
    if (from !== null) all.push([from, time]);
    from = null;
  });
  return all;
}

// When the runtime started anew: its uptime went back.
export function restarts({ t, uptime_seconds: uptimes = [] }) {
  let before = null;
  return t.filter((_, at) => {
    const uptime = uptimes[at];
    if (uptime === null) return false;
    const fell = before !== null && uptime < before;
    before = uptime;
    return fell;
  });
}
