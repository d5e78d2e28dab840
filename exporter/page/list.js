// A page that is one table: words and states to filter by, columns to sort by, and all of it in the address, so that a
// link shows the same.

import { byId, element, setText } from './dom.js';
import { count, isKnown, UNKNOWN } from './format.js';
import { VirtualTable } from './table.js';

const collator = new Intl.Collator('en', { numeric: true });

// A column: key of the item; label; text(item); number; outside, a text from outside; href(item); width in rem, grow its
// share of what is left; only(items), whether it is shown (by default: where any item knows the value).
export const name = (key, label, width, more) =>
  ({ key, label, width, text: (item) => item[key] ?? UNKNOWN, outside: true, ...more });
export const figure = (key, label, width, format, more) =>
  ({ key, label, width, text: (item) => format(item[key]), number: true, ...more });

const known = (value) => value !== null && value !== undefined && value !== '';
const isShown = ({ key, only }, items) => (only ? only(items) : items.length === 0 || items.some((item) => known(item[key])));

export class List {
  #columns;
  #usual;
  #noun;
  #table;
  #items = null;
  #order = new Map(); // by id: the place of what was shown last
  #choice;
  #announcing = 0;

  // usual: the column that is sorted by unless the reader asks for another; noun: what the items are, in plural.
  // Items have an `id` and, for the filter, `search`, in lower case.
  constructor({ columns, usual, noun }) {
    this.#columns = columns;
    this.#usual = usual;
    this.#noun = noun;
    const query = new URLSearchParams(location.search);
    this.#choice = {
      words: query.get('q') ?? '',
      state: query.get('state') ?? '',
      sort: columns.some(({ key }) => key === query.get('sort')) ? query.get('sort') : usual,
      descending: query.get('order') !== 'ascending',
    };
    const parts = { scroller: byId('scroller'), table: byId('table'), head: byId('head'), body: byId('rows') };
    this.#table = new VirtualTable(parts, columns, (key) => this.#sortBy(key));
    const search = byId('search');
    if (search === null) return;
    search.value = this.#choice.words;
    search.addEventListener('input', () => this.#filter({ words: search.value }));
    byId('state')?.addEventListener('change', (event) => this.#filter({ state: event.target.value }));
  }

  // null: not known.
  show(items) {
    this.#items = items;
    const all = items ?? [];
    const { words, state } = this.#choice;
    const wanted = words.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const shown = all.filter((item) => (state === '' || item.state === state) && wanted.every((word) => item.search.includes(word)));
    // While the focus is on a row, rows stay where they are: the key that follows means this one.
    const held = this.#table.hasFocus();
    shown.sort((left, right) => (held ? this.#placeOf(left) - this.#placeOf(right) : 0) || this.#compare(left, right));
    this.#order = new Map(shown.map(({ id }, at) => [id, at]));
    this.#table.showColumns(this.#columns.map((column) => isShown(column, all)));
    this.#table.show(shown);
    this.#table.showSort(this.#choice.sort, this.#choice.descending);
    this.#showStates(all);
    setText(byId('shown'), items === null ? UNKNOWN : `${count(shown.length)} of ${count(all.length)} ${this.#noun}`);
    byId('empty').hidden = shown.length > 0;
    setText(byId('empty'), this.#reasonForNothing());
    this.#remember();
  }

  #placeOf({ id }) {
    return this.#order.get(id) ?? this.#order.size;
  }

  #compare(left, right) {
    const { sort, descending } = this.#choice;
    const [a, b] = [left[sort], right[sort]];
    // What is not known is last, whichever way the rest goes.
    if (!known(a) || !known(b)) return known(b) - known(a) || collator.compare(left.id, right.id);
    const order = isKnown(a) ? a - b : collator.compare(a, b);
    return (descending ? -order : order) || collator.compare(left.id, right.id);
  }

  // Names from A, numbers from the largest; once more turns it around.
  #sortBy(key) {
    const numeric = this.#columns.find((column) => column.key === key).number === true;
    this.#choice.descending = this.#choice.sort === key ? !this.#choice.descending : numeric;
    this.#choice.sort = key;
    this.show(this.#items);
  }

  #reasonForNothing() {
    if (this.#items === null) return `The ${this.#noun} are not known.`;
    return this.#items.length === 0 ? `There are no ${this.#noun}.` : `None of the ${this.#noun} matches the filter.`;
  }

  #showStates(items) {
    const select = byId('state');
    if (select === null) return;
    const { state: chosen } = this.#choice;
    const counts = new Map(chosen === '' ? [] : [[chosen, 0]]);
    for (const { state } of items) counts.set(state, (counts.get(state) ?? 0) + 1);
    const wanted = [['', 'All'], ...[...counts].sort().map(([state, many]) => [state, `${state} (${count(many)})`])];
    while (select.options.length > wanted.length) select.options[select.options.length - 1].remove();
    wanted.forEach(([value, label], at) => {
      if (at === select.options.length) select.append(element('option'));
      setText(select.options[at], label);
      select.options[at].value = value;
    });
    select.value = chosen;
  }

  #remember() {
    const address = new URLSearchParams(location.search);
    const keep = (key, value, usual) => (value === usual ? address.delete(key) : address.set(key, value));
    keep('q', this.#choice.words, '');
    keep('state', this.#choice.state, '');
    keep('sort', this.#choice.sort, this.#usual);
    keep('order', this.#choice.descending ? 'descending' : 'ascending', 'descending');
    const text = address.toString();
    if (`?${text}` !== (location.search || '?')) history.replaceState(null, '', text ? `?${text}` : location.pathname);
  }

  // Screen readers hear what a filter leaves, once the reader pauses, but not each row that comes and goes.
  #filter(change) {
    Object.assign(this.#choice, change);
    byId('scroller').scrollTop = 0;
    this.show(this.#items);
    clearTimeout(this.#announcing);
    this.#announcing = setTimeout(() => setText(byId('announcement'), byId('shown').textContent), 700);
  }
}
