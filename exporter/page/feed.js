// Keeps a page supplied with views of one runtime: asks once, then listens to the stream, and starts over when that
// ends for whatever reason. Paths are relative, so that a proxy may put the exporter below a prefix.

const PATIENCE_MS = 10_000;
const SLOW_MS = 2_000;
const LEAST_SILENCE_MS = 5_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;
const REFUSED_RETRY_MS = 10_000;
const LEAST_POLL_MS = 1_000;
const PROBED_MS = 5_000; // a target of /probe is polled at the pace of its scrapes
const HIDDEN_MS = 30_000;

// The exporter answered, and the answer is no: asking again soon will not help.
class Refused extends Error {}

// What a page is about, as a query: runtime=NAME, target=URL&module=NAME, or '' for the only runtime.
export function subject() {
  const query = new URLSearchParams(location.search);
  const kept = ['runtime', 'target', 'module'].filter((key) => query.has(key)).map((key) => [key, query.get(key)]);
  return new URLSearchParams(kept).toString();
}

const address = (path, about) => (about === '' ? path : `${path}?${about}`);

export async function getJson(path, about = '') {
  const response = await fetch(address(path, about), {
    cache: 'no-cache', headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.ok) return response.json();
  const text = sentence((await response.text()).trim());
  const passing = response.status === 429 || response.status >= 500;
  throw new (passing ? Error : Refused)(text || `status ${response.status}`);
}

// Of an answer that is no success: {"error": "…"} or plain text.
function sentence(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return text;
  }
}

export class Feed {
  #handlers;
  #about = '';
  #source = null;
  #retry = 0;
  #watchdog = 0;
  #silence = 0;
  #hidden = 0;
  #failures = 0;
  #turn = 0; // answers to a question of an earlier turn come too late
  #contact = Date.now() / 1000;

  // onView(view) for every view; onFresh() when a new connection starts, as something may have been missed before it;
  // onLink({state, since, message}), state: connecting, live, polling, silent, lost or refused.
  constructor(handlers) {
    this.#handlers = handlers;
    document.addEventListener('visibilitychange', () => this.#visibility());
    addEventListener('pagehide', () => this.#stop());
    addEventListener('pageshow', (event) => event.persisted && this.#start());
  }

  watch(about) {
    this.#about = about;
    this.#failures = 0;
    this.#handlers.onLink({ state: 'connecting' });
    this.#start();
  }

  #stop() {
    this.#turn += 1;
    clearTimeout(this.#retry);
    clearTimeout(this.#watchdog);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = null;
  }

  async #start() {
    this.#stop();
    const turn = this.#turn;
    const since = this.#contact;
    if (this.#failures === 0) {
      this.#silence = setTimeout(() => this.#handlers.onLink({ state: 'silent', since }), SLOW_MS);
    }
    let view;
    try {
      view = await getJson('api/view', this.#about);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
      return;
    }
    if (turn !== this.#turn) return;
    this.#failures = 0;
    this.#contact = Date.now() / 1000;
    this.#deliver(view);
    this.#handlers.onFresh();
    const interval = view.runtime.interval_seconds * 1000;
    if (new URLSearchParams(this.#about).has('target')) {
      this.#poll(Math.min(interval, PROBED_MS));
    } else {
      this.#listen(interval);
    }
  }

  #failed(error) {
    clearTimeout(this.#silence);
    if (error instanceof Refused) {
      this.#handlers.onLink({ state: 'refused', message: error.message });
      this.#startIn(REFUSED_RETRY_MS);
      return;
    }
    this.#handlers.onLink({ state: 'lost', since: this.#contact });
    this.#startIn(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++));
  }

  #startIn(milliseconds) {
    this.#retry = setTimeout(() => this.#start(), milliseconds);
  }

  // Targets of /probe change when they are probed; there is no stream of them.
  #poll(interval) {
    const wait = Math.max(LEAST_POLL_MS, interval);
    this.#handlers.onLink({ state: 'polling', seconds: wait / 1000 });
    this.#startIn(wait);
  }

  #listen(interval) {
    const source = new EventSource(address('api/events', this.#about));
    let opened = false;
    this.#source = source;
    source.onopen = () => {
      opened = true;
      this.#handlers.onLink({ state: 'live' });
    };
    source.addEventListener('view', (event) => this.#deliver(JSON.parse(event.data)));
    source.onerror = () => {
      this.#stop();
      if (opened) {
        this.#failed(new Error('the stream ended'));
      } else {
        // Views are to be had, streams are not: there are too many listeners, or a proxy is in the way.
        this.#poll(interval);
      }
    };
  }

  #deliver(view) {
    const now = Date.now() / 1000;
    // A connection may die without a word, or the exporter stand still. What is longer than three times the latest gap
    // and than the runtime may be silent itself, is no pace but silence.
    const patience = Math.max(LEAST_SILENCE_MS, view.runtime.stale_after_seconds * 1000, 3000 * (now - this.#contact));
    this.#contact = now;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#silence);
    this.#watchdog = setTimeout(() => this.#start(), patience);
    this.#handlers.onView(view);
  }

  // A browser has few connections to one server: tabs that nobody looks at give theirs back.
  #visibility() {
    clearTimeout(this.#hidden);
    if (document.hidden) {
      this.#hidden = setTimeout(() => this.#stop(), HIDDEN_MS);
    } else if (this.#source === null) {
      this.#start();
    }
  }
}
