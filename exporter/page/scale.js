// From samples to places in a drawing.

import { isKnown } from './format.js';

// A round number that is not below `most`, whose half is round as well.
export function niceTop(most, least) {
  if (!(most > least)) return least;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((top) => top >= most);
}

// The runs of samples without a hole: where a value is unknown, no line is drawn.
export function runs(values) {
  const all = [];
  let run = [];
  values.forEach((value, at) => {
    if (isKnown(value)) {
      run.push(at);
    } else if (run.length > 0) {
      all.push(run);
      run = [];
    }
  });
  if (run.length > 0) all.push(run);
  return all;
}

export function nearest(times, time) {
  let best = -1;
  times.forEach((then, at) => {
    if (best < 0 || Math.abs(then - time) < Math.abs(times[best] - time)) best = at;
  });
  return best;
}
