// The utilization as an arc, with the number in its middle.

import { element, setText, svg } from './dom.js';
import { count, isKnown, percent } from './format.js';

// Three quarters of a circle, open at the bottom; pathLength makes the dashes percents.
const ARC = 'M 31.7 108.3 A 54 54 0 1 1 108.3 108.3';

// A full pool is healthy unless it evicts: the exporter judges that.
function level(utilization, warned) {
  if (!isKnown(utilization)) return 'unknown';
  if (!warned) return 'normal';
  return utilization >= 1 ? 'full' : 'high';
}

const WORDS = { unknown: '', full: 'full', high: 'high', normal: '' };

// Returns a function that shows a pool, or null, and whether the exporter warns of it.
export function gauge(host) {
  const arc = svg('path', { class: 'arc', d: ARC, pathLength: '100', 'stroke-dasharray': '0 200' });
  const drawing = svg('svg', { viewBox: '8 8 124 112', 'aria-hidden': 'true' },
    svg('path', { class: 'track', d: ARC }), arc);
  const value = element('b', { 'data-testid': 'utilization' });
  const word = element('span', { class: 'word' });
  const note = element('p', { class: 'muted' });
  host.append(element('div', { class: 'dial' }, drawing, element('p', {}, value, word)), note);

  return (pool, warned) => {
    const utilization = pool?.utilization ?? null;
    const share = isKnown(utilization) ? Math.min(1, Math.max(0, utilization)) * 100 : 0;
    // A round cap would show a dot where there is nothing.
    arc.setAttribute('stroke-dasharray', share === 0 ? '0 200' : `${share} 200`);
    arc.setAttribute('visibility', share === 0 ? 'hidden' : 'visible');
    const now = level(utilization, warned);
    host.dataset.level = now;
    setText(value, percent(utilization));
    setText(word, WORDS[now]);
    setText(note, noteOf(pool));
  };
}

function noteOf(pool) {
  if (pool === null) return 'not known';
  if (isKnown(pool.size)) return `${count(pool.active)} of ${count(pool.size)} workers active`;
  return isKnown(pool.utilization) ? 'as reported' : 'no size: set --runtime.pool-size';
}
