// Two limited things as bars: the slots of the pool (active, being created, idle, and free), and the ephemeral queue.

import { byId, element } from './dom.js';
import { count, isKnown } from './format.js';

export const SLOTS = {
  name: 'Slots',
  parts: [['active', 'active'], ['creating', 'creating'], ['idle', 'idle']],
  limit: 'size',
};

export const QUEUE = {
  name: 'Ephemeral queue',
  parts: [['ephemeral_queue_depth', 'waiting']],
  limit: 'ephemeral_queue_limit',
};

// Returns a function that shows a pool, or null.
export function bar(id, { name, parts, limit }) {
  const host = byId(id);
  const pieces = parts.map(([, word]) => element('span', { class: word }));
  host.append(...pieces);

  return (pool) => {
    const values = parts.map(([key]) => (isKnown(pool?.[key]) ? pool[key] : 0));
    const most = isKnown(pool?.[limit]) ? pool[limit] : 0;
    // For a moment, more workers may be alive than the pool has slots.
    const whole = Math.max(1, most, values.reduce((sum, value) => sum + value, 0));
    pieces.forEach((piece, at) => piece.style.setProperty('width', `${(values[at] / whole) * 100}%`));
    const said = parts.filter(([key]) => isKnown(pool?.[key])).map(([key, word]) => `${count(pool[key])} ${word}`);
    if (most > 0) said.push(`of ${count(most)}`);
    host.setAttribute('aria-label', `${name}: ${said.join(', ') || 'unknown'}`);
  };
}
