// Numbers as people read them. What is not known is a dash, never a zero.

export const UNKNOWN = '–';

export const isKnown = (value) => typeof value === 'number' && Number.isFinite(value);

// What a runtime says may be absurd; it must not be longer than the page is wide.
const ABSURD = 1e12;

function digits(least, most) {
  const format = new Intl.NumberFormat('en-US', { minimumFractionDigits: least, maximumFractionDigits: most });
  return (value) => (Math.abs(value) < ABSURD ? format.format(value) : value.toExponential(2));
}

const whole = digits(0, 0);
const tenth = digits(1, 1);
const hundredth = digits(2, 2);
const upToTenths = digits(0, 1);
const upToThousandths = digits(0, 3);

const known = (format) => (value) => (isKnown(value) ? format(value) : UNKNOWN);

// Three digits that matter, and a little is not nothing.
function short(value) {
  if (value === 0) return '0';
  if (value > 0 && value < 0.005) return '<0.01';
  if (value >= 99.95) return whole(value);
  return (value >= 9.995 ? tenth : hundredth)(value);
}

export const count = known(whole);
export const number = known(upToThousandths);
export const rate = known(short);
export const percent = known((ratio) => (ratio > 0 && ratio < 0.0005 ? '<0.1%' : `${upToTenths(ratio * 100)}%`));

export const bytes = known((value) => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; Math.abs(value) >= 1024 && unit < units.length - 1; ++unit) value /= 1024;
  return `${short(value)} ${units[unit]}`;
});

// The two largest units: 3d 4h, 12m 5s.
export const duration = known((seconds) => {
  if (seconds < 1) return `${short(seconds * 1000)} ms`;
  let rest = Math.floor(seconds);
  const parts = [];
  for (const [name, length] of [['d', 86400], ['h', 3600], ['m', 60], ['s', 1]]) {
    const many = Math.floor(rest / length);
    rest -= many * length;
    if (many > 0 || parts.length > 0) parts.push(`${whole(many)}${name}`);
    if (parts.length === 2) break;
  }
  return parts.join(' ');
});

const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

// The reader's own time of day; with the date where it is not today's.
export const clock = known((unix) => {
  const when = new Date(unix * 1000);
  const today = when.toDateString() === new Date().toDateString();
  return (today ? TIME : DATE).format(when);
});

const word = (text) => text ?? UNKNOWN;

export const FORMATS = { word, count, rate, percent, bytes, duration, clock };
