// The last ten minutes as columns of samples: what the exporter remembers, and every view since.

export const WINDOW_SECONDS = 600;

export const COLUMNS = ['utilization', 'active', 'idle', 'total', 'size', 'requests_per_second', 'errors_per_second',
  'queue_depth'];

export function emptyHistory() {
  return Object.fromEntries([['interval_seconds', 5], ['t', []], ...COLUMNS.map((name) => [name, []])]);
}

// Adds what a view says, unless it is known already.
export function append(history, { runtime, pool, exporter }) {
  const time = runtime.up ? runtime.last_success : exporter.now;
  const { t } = history;
  history.interval_seconds = runtime.interval_seconds;
  // The same poll may come twice, from the memory of the exporter and by the stream.
  if (!runtime.tried || (t.length > 0 && time - t[t.length - 1] < runtime.interval_seconds / 4)) return;
  t.push(time);
  for (const name of COLUMNS) history[name].push(runtime.up ? valueOf(pool, name) : null);
  const gone = t.findIndex((then) => then >= time - WINDOW_SECONDS);
  for (const name of ['t', ...COLUMNS]) history[name].splice(0, gone);
}

function valueOf(pool, name) {
  return pool?.[name === 'queue_depth' ? 'ephemeral_queue_depth' : name] ?? null;
}
