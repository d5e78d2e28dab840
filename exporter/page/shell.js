// What the pages have in common: header, status line, choice of runtime, pause, footer, and every element that shows
// one value of the view as it is.

import { keepSubject } from './address.js';
import { byId, element, outsideText, setText } from './dom.js';
import { Feed, subject } from './feed.js';
import { FORMATS, isKnown, percent, UNKNOWN } from './format.js';
import { describe, linkWord, sentences } from './status.js';

const PAGE = document.title.split(' · ')[0];

// Starts the page: onView(view) for every view while the page is not paused, onFresh() when what happened before
// the next view has to be asked for.
export function startPage({ onView, onFresh = () => {} }) {
  let view = null;
  let link = { state: 'connecting' };
  let paused = false;

  const showStatus = () => {
    const status = describe(view, link);
    byId('status').dataset.state = status.state;
    byId('content').dataset.fresh = ['up', 'warn'].includes(status.state) ? 'yes' : 'no';
    byId('content').dataset.warn = status.warnings.map(({ kind }) => kind).join(' ');
    say(byId('status-text'), status);
    setText(byId('link'), linkWord(link, paused));
    byId('link').dataset.state = paused ? 'paused' : link.state;
    const trouble = status.state === 'up' ? '' : `${status.title} · `;
    document.title = `${trouble}${PAGE} · Buntime exporter`;
  };
  const show = () => {
    showStatus();
    if (view === null || paused) return;
    showHead(view);
    onView(view);
    showValues(view);
  };

  const feed = new Feed({
    onView: (next) => {
      view = next;
      show();
    },
    onFresh: () => {
      if (!paused) onFresh();
    },
    onLink: (next) => {
      link = next;
      showStatus();
    },
  });

  const choose = () => {
    view = null;
    showPages();
    feed.watch(subject());
  };
  byId('runtime').addEventListener('change', (event) => {
    history.pushState(null, '', `?${new URLSearchParams({ runtime: event.target.value })}`);
    choose();
  });
  addEventListener('popstate', choose);
  byId('pause').addEventListener('click', () => {
    paused = !paused;
    byId('pause').setAttribute('aria-pressed', String(paused));
    if (!paused && view !== null) onFresh();
    show();
  });
  choose();
}

// Screen readers read out what changes here, so nothing may change that says nothing new.
function say(paragraph, { state, title, detail, warnings }) {
  const links = state === 'refused' ? [{ href: 'targets', text: 'See all targets.' }] : sentences(warnings);
  const text = [title, detail, ...links.map((link) => link.text)].filter((part) => part !== '').join(' ');
  if (paragraph.dataset.said === text) return;
  paragraph.dataset.said = text;
  const nodes = links.flatMap((link) => [' ', element('a', { href: link.href }, outsideText(link.text))]);
  paragraph.replaceChildren(element('strong', {}, title), ' ', outsideText(detail), ...nodes);
}

// <dd data-value="pool.size" data-as="count">: a path into the view and one of FORMATS.
// data-ratio="pool.errors/pool.requests" beside it: the share.
export function showValues(view) {
  const at = (path) => path.split('.').reduce((part, key) => part?.[key], view);
  const isAbout = (path) => path.split('.')[0] in view;
  for (const node of document.querySelectorAll('[data-value]')) {
    const { value: path, as = 'count' } = node.dataset;
    if (!isAbout(path)) continue;
    const value = at(path);
    setText(node, FORMATS[as](value));
    if (view[path.split('.')[0]] !== null) fold(node, value ?? null);
  }
  for (const node of document.querySelectorAll('[data-ratio]')) {
    const [part, whole] = node.dataset.ratio.split('/');
    if (isAbout(part)) setText(node, isKnown(at(part)) && at(whole) > 0 ? percent(Math.min(1, at(part) / at(whole))) : '');
  }
}

// What the runtime does not report is not shown; what explains a gap, only where there is one.
function fold(node, value) {
  if (node.dataset.value.startsWith('runtime.')) return;
  node.closest('dl > div').hidden = value === null || (node.dataset.only === 'some' && value <= 0);
}

function showHead({ runtime, runtimes, exporter }) {
  const source = byId('source');
  if (source !== null) {
    const name = runtime.name || (subject().startsWith('target=') ? runtime.url : 'Buntime');
    if (byId('title').dataset.of === 'runtime') setText(byId('title'), name);
    setText(source, sourceLine(runtime));
  }
  // What was not built from a repository has no revision to tell.
  const revision = exporter.revision === 'unknown' ? '' : ` (${exporter.revision})`;
  setText(byId('version'), `Version ${exporter.version}${revision}`);
  // Like every other path of the page: below wherever the exporter is.
  byId('link-metrics').hidden = false;
  byId('link-metrics').href = `.${exporter.metrics_path}`;
  showPicker(runtimes, runtime.name);
}

function sourceLine({ url, version, layout, dialect }) {
  const facts = version?.endsWith('+simulated') ? ['Simulated runtime', url] : [url];
  if (version) facts.push(`Buntime ${version.replace('+simulated', '')}`);
  if (layout) facts.push(`layout ${layout}`);
  if (dialect) facts.push(`dialect ${dialect}`);
  return facts.join(' · ') || UNKNOWN;
}

function showPicker(runtimes, chosen) {
  byId('picker').hidden = runtimes.length < 2 || subject().startsWith('target=');
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

function showPages() {
  for (const anchor of document.querySelectorAll('nav a:not([href=targets]), [data-keep]')) {
    anchor.href = keepSubject(anchor.getAttribute('href').split('?')[0]);
  }
}
