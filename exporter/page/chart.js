// Up to ten minutes of one to three series as an SVG drawing, with outages and restarts of the runtime. The plot is a
// slider for keyboards and screen readers: arrows go from sample to sample. All charts of a page point at the same time.

import { byId, element, setText, svg } from './dom.js';
import { clock, isKnown, UNKNOWN } from './format.js';
import { outages, restarts, WINDOW_SECONDS } from './history.js';
import { nearest, niceTop, runs } from './scale.js';

const HEIGHT = 132;
const TOP = 8;
const BOTTOM = 18;
const LEFT = 44;
const RIGHT = 8;
// Shorter than that, seconds would become as wide as minutes.
const LEAST_SECONDS = 30;

const charts = [];
let pointed = null; // the time that the reader points at; null: the latest

function pointAt(time) {
  if (pointed === time) return;
  pointed = time;
  for (const chart of charts) chart.draw();
}

// Options: title; format of the values, axis of those beside the scale; top, the least upper end of the scale;
// series: [{column, label, look: line|area|limit}].
export class Chart {
  #options;
  #history = null;
  #width = 0;
  #start = 0;
  #drawing = svg('svg', { 'aria-hidden': 'true' });
  #plot = element('div', { class: 'plot', role: 'slider', tabindex: '0', 'aria-valuemin': '0' });
  #time = element('span', { class: 'muted time' });
  #values = [];

  constructor(id, options) {
    this.#options = options;
    const heading = element('h2', {}, options.title);
    const legend = element('ul', { class: 'legend' });
    for (const { label, look } of options.series) {
      const value = element('b', {}, UNKNOWN);
      this.#values.push(value);
      const words = options.series.length > 1 ? [element('i', { class: look }), `${label} `] : [];
      legend.append(element('li', {}, ...words, value));
    }
    this.#plot.setAttribute('aria-label', `${options.title}, at most the last ten minutes`);
    this.#plot.append(this.#drawing);
    byId(id).append(element('figcaption', {}, heading, this.#time, legend), this.#plot);
    new ResizeObserver(([entry]) => {
      this.#width = entry.contentRect.width;
      this.draw();
    }).observe(this.#plot);
    this.#followPointer();
    this.#followKeys();
    charts.push(this);
  }

  show(history) {
    this.#history = history;
    this.draw();
  }

  #followPointer() {
    this.#plot.addEventListener('pointermove', (event) => {
      const times = this.#history?.t ?? [];
      const { left } = this.#plot.getBoundingClientRect();
      const share = (event.clientX - left - LEFT) / (this.#width - LEFT - RIGHT);
      const last = times[times.length - 1];
      pointAt(times[nearest(times, last - (last - this.#start) * (1 - share))] ?? null);
    });
    this.#plot.addEventListener('pointerleave', () => pointAt(null));
    this.#plot.addEventListener('blur', () => pointAt(null));
  }

  #followKeys() {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -12, PageUp: 12, Home: -Infinity,
      End: Infinity };
    this.#plot.addEventListener('keydown', (event) => {
      const step = steps[event.key];
      const times = this.#history?.t ?? [];
      if (step === undefined || times.length === 0) return;
      event.preventDefault();
      pointAt(times[Math.min(times.length - 1, Math.max(0, this.#at() + step))]);
    });
  }

  // The sample that is shown in figures.
  #at() {
    return pointed === null ? this.#history.t.length - 1 : nearest(this.#history.t, pointed);
  }

  draw() {
    const history = this.#history;
    if (history === null || this.#width === 0) return;
    const { series, format, top } = this.#options;
    const last = history.t.length - 1;
    const at = this.#at();
    const highest = Math.max(0, ...series.flatMap(({ column }) => history[column].filter(isKnown)));
    const end = history.t[last] ?? Date.now() / 1000;
    this.#start = Math.max(end - WINDOW_SECONDS, Math.min(history.t[0] ?? end, end - LEAST_SECONDS));
    const scale = this.#scale(end, niceTop(highest, top));

    this.#drawing.setAttribute('viewBox', `0 0 ${this.#width} ${HEIGHT}`);
    this.#drawing.replaceChildren(...this.#events(scale), ...this.#grid(scale), ...series.flatMap((one) => this.#line(one, scale)),
      ...this.#cursor(at, scale));
    series.forEach(({ column }, index) => setText(this.#values[index], format(history[column][at])));
    setText(this.#time, pointed === null ? '' : clock(history.t[at]));
    this.#describe(at, last);
  }

  #describe(at, last) {
    const { series, format } = this.#options;
    const said = series.map(({ column, label }) => `${label} ${format(this.#history[column][at])}`);
    this.#plot.setAttribute('aria-valuemax', String(Math.max(0, last)));
    this.#plot.setAttribute('aria-valuenow', String(Math.max(0, at)));
    this.#plot.setAttribute('aria-valuetext', at < 0 ? 'no samples yet' : `${clock(this.#history.t[at])}: ${said.join(', ')}`);
  }

  #scale(end, top) {
    const right = this.#width - RIGHT;
    const bottom = HEIGHT - BOTTOM;
    const x = (time) => right - ((end - time) / (end - this.#start)) * (right - LEFT);
    const y = (value) => bottom - (value / top) * (bottom - TOP);
    return { x, y, top, end, right, bottom };
  }

  #grid({ y, top, end, right, bottom }) {
    const { axis } = this.#options;
    const lines = [0, top / 2, top].flatMap((value) => [
      svg('line', { class: 'grid-line', x1: LEFT, x2: right, y1: y(value), y2: y(value) }),
      svg('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, axis(value)),
    ]);
    const label = (x, anchor, time) => svg('text', { x, y: bottom + 15, 'text-anchor': anchor }, clock(time));
    return [...lines, label(LEFT, 'start', this.#start),
      label((LEFT + right) / 2, 'middle', (this.#start + end) / 2), label(right, 'end', end)];
  }

  #events({ x, bottom }) {
    const title = (text) => svg('title', {}, text);
    const mark = (from, to) => svg('rect', { class: 'outage', x: x(from), y: TOP, width: Math.max(1, x(to) - x(from)), height: bottom - TOP },
      title('No answer'));
    const line = (time) => svg('line', { class: 'restart', x1: x(time), x2: x(time), y1: TOP, y2: bottom }, title('Restart'));
    return [...outages(this.#history).map(([from, to]) => mark(from, to)), ...restarts(this.#history).map(line)];
  }

  #line({ column, look }, { x, y, bottom }) {
    const { t: times, [column]: values } = this.#history;
    return runs(values).flatMap((run) => {
      const points = run.map((at) => `${x(times[at]).toFixed(1)} ${y(values[at]).toFixed(1)}`);
      // A sample between two holes is a dot.
      const path = `M${points.join('L')}${points.length === 1 ? 'h0.1' : ''}`;
      const line = svg('path', { class: `line ${look}`, d: path });
      if (look !== 'area') return [line];
      const [start, end] = [run[0], run[run.length - 1]].map((at) => x(times[at]).toFixed(1));
      return [svg('path', { class: 'fill', d: `${path}L${end} ${bottom}L${start} ${bottom}Z` }), line];
    });
  }

  #cursor(at, { x, y, bottom }) {
    if (pointed === null || at < 0) return [];
    const { series } = this.#options;
    const place = x(this.#history.t[at]);
    const dots = series.filter(({ column }) => isKnown(this.#history[column][at]))
      .map(({ column, look }) => svg('circle', { class: look, cx: place, cy: y(this.#history[column][at]), r: 3 }));
    return [svg('line', { class: 'cursor', x1: place, x2: place, y1: TOP, y2: bottom }), ...dots];
  }
}
