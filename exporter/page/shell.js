// What both pages have in common: header, status line, choice of runtime, pause, footer, and every element that shows
// one value of the view as it is.

import { byId, element, outsideText, setText } from './dom.js';
import { Feed, getJson } from './feed.js';
import { FORMATS, UNKNOWN } from './format.js';
import { describe, linkWord } from './status.js';

const PAGE = document.title.split(' · ')[0];

const chosenRuntime = () => new URLSearchParams(location.search).get('runtime');

// Starts the page: onView(view) for every view while the page is not paused, onFresh(runtime) when what happened before
// the next view has to be asked for.
export function startPage({ onView, onFresh }) {
  let view = null;
  let link = { state: 'connecting' };
  let paused = false;

  const showStatus = () => {
    const status = describe(view, link);
    byId('status').dataset.state = status.state;
    byId('content').dataset.fresh = status.state === 'up' ? 'yes' : 'no';
    say(byId('status-text'), status);
    setText(byId('link'), linkWord(link, paused, view?.runtime.interval_seconds));
    byId('link').dataset.state = paused ? 'paused' : link.state;
    const trouble = status.state === 'up' ? '' : `${status.title} · `;
    document.title = `${trouble}${PAGE} · Buntime exporter`;
  };
  const show = () => {
    showStatus();
    if (view === null || paused) return;
    showValues(view);
    showHead(view);
    onView(view);
  };

  const feed = new Feed({
    onView: (next) => {
      view = next;
      show();
    },
    onFresh: () => {
      if (!paused) onFresh(chosenRuntime());
    },
    onLink: (next) => {
      link = next;
      showStatus();
      if (next.state === 'refused') offerRuntimes();
    },
  });

  const choose = () => {
    view = null;
    showPages();
    feed.watch(chosenRuntime());
  };
  byId('runtime').addEventListener('change', (event) => {
    const query = new URLSearchParams(location.search);
    query.set('runtime', event.target.value);
    history.pushState(null, '', `?${query}`);
    choose();
  });
  addEventListener('popstate', choose);
  byId('pause').addEventListener('click', () => {
    paused = !paused;
    byId('pause').setAttribute('aria-pressed', String(paused));
    if (!paused && view !== null) onFresh(chosenRuntime());
    show();
  });
  choose();
}

// Screen readers read out what changes here, so nothing may change that says nothing new.
function say(paragraph, { title, detail }) {
  const text = `${title} ${detail}`;
  if (paragraph.textContent === text) return;
  paragraph.replaceChildren(element('strong', {}, title), ' ', outsideText(detail));
}

// <dd data-value="pool.size" data-as="count">: a path into the view and one of FORMATS.
function showValues(view) {
  for (const node of document.querySelectorAll('[data-value]')) {
    const value = node.dataset.value.split('.').reduce((part, key) => part?.[key], view);
    setText(node, FORMATS[node.dataset.as ?? 'count'](value));
  }
}

function showHead({ runtime, runtimes, exporter }) {
  const source = byId('source');
  if (source !== null) {
    setText(byId('title'), runtime.name || 'Buntime');
    setText(source, sourceLine(runtime));
  }
  // What was not built from a repository has no revision to tell.
  const revision = exporter.revision === 'unknown' ? '' : ` (${exporter.revision})`;
  setText(byId('version'), `Version ${exporter.version}${revision}`);
  // Like every other path of the page: below wherever the exporter is.
  byId('link-metrics').href = `.${exporter.metrics_path}`;
  showPicker(runtimes, runtime.name);
}

function sourceLine({ url, version, layout, dialect }) {
  const facts = [url];
  if (version) facts.push(`Buntime ${version}`);
  if (layout) facts.push(`layout ${layout}`);
  if (dialect) facts.push(`dialect ${dialect}`);
  return facts.join(' · ') || UNKNOWN;
}

function showPicker(runtimes, chosen) {
  byId('picker').hidden = runtimes.length < 2 && runtimes[0]?.name === chosen;
  const select = byId('runtime');
  while (select.options.length > runtimes.length) select.options[select.options.length - 1].remove();
  runtimes.forEach(({ name, up, tried }, at) => {
    if (at === select.options.length) select.append(element('option'));
    const option = select.options[at];
    setText(option, up || !tried ? name : `${name} (down)`);
    if (option.value !== name) option.value = name;
  });
  select.value = chosen;
}

// The address names a runtime that there is not: those that there are can be chosen.
async function offerRuntimes() {
  try {
    const { runtimes } = await getJson('api/view', null);
    showPicker(runtimes, null);
  } catch {
    // Then there is nothing to offer; the status line says what is wrong.
  }
}

// The way to the other page keeps the runtime.
function showPages() {
  const runtime = chosenRuntime();
  for (const anchor of document.querySelectorAll('nav a')) {
    anchor.search = runtime === null ? '' : new URLSearchParams({ runtime }).toString();
  }
}
