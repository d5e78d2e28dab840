// The last ten minutes as columns of samples: what the exporter remembers, and every view since.

export const WINDOW_SECONDS = 600;

export function emptyHistory(columns) {
  return Object.fromEntries([['interval_seconds', 5], ['t', []], ...columns.map((name) => [name, []])]);
}

const columnsOf = ({ interval_seconds: _, t: __, ...columns }) => Object.keys(columns);

// Adds what a view says, unless it is known already; valueOf(column).
export function append(history, { runtime, exporter }, valueOf) {
  const time = runtime.up ? runtime.last_success : exporter.now;
  const { t } = history;
  history.interval_seconds = runtime.interval_seconds;
  // The same poll may come twice, from the memory of the exporter and by the stream.
  if (!runtime.tried || (t.length > 0 && time - t[t.length - 1] < runtime.interval_seconds / 4)) return;
  t.push(time);
  const columns = columnsOf(history);
  for (const name of columns) history[name].push(runtime.up ? valueOf(name) : null);
  const gone = t.findIndex((then) => then >= time - WINDOW_SECONDS);
  for (const name of ['t', ...columns]) history[name].splice(0, gone);
}

// Where nothing is known, because a poll failed or there was none: [[from, to]], from the sample before to the one after.
export function outages(history) {
  const { t, interval_seconds: interval } = history;
  const columns = columnsOf(history);
  const all = [];
  let from = null;
  t.forEach((time, at) => {
    if (columns.every((name) => history[name][at] === null)) {
      from ??= t[at - 1] ?? time;
      if (at === t.length - 1) all.push([from, time]);
      return;
    }
    if (from === null && at > 0 && time - t[at - 1] > 3 * interval) from = t[at - 1];
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
