// A table of any length that only holds the rows that are in sight.

import { element, outsideText, setHref, setText } from './dom.js';

const OVERSCAN = 8;

export class VirtualTable {
  #scroller;
  #table;
  #body;
  #head;
  #columns;
  #items = [];
  #rows = [];
  #rowHeight = 1;
  #painting = 0;
  #shown = ''; // which columns, as digits

  // columns: see list.js; onSort(key) when a heading is pressed.
  constructor({ scroller, table, head, body }, columns, onSort) {
    this.#scroller = scroller;
    this.#table = table;
    this.#body = body;
    this.#columns = columns;
    head.append(...columns.map(({ key, label, number }) => {
      const button = element('button', { type: 'button' }, label);
      button.addEventListener('click', () => onSort(key));
      return element('div', { role: 'columnheader', class: classOf(key, number) }, button);
    }));
    head.hidden = true; // until the columns have their widths
    this.#head = head;
    scroller.addEventListener('scroll', () => this.#paintSoon(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(scroller);
  }

  showSort(key, descending) {
    this.#columns.forEach((column, at) => {
      const order = column.key !== key ? 'none' : descending ? 'descending' : 'ascending';
      this.#table.querySelectorAll('[role=columnheader]')[at].setAttribute('aria-sort', order);
    });
  }

  // Whether each column is shown. The first one that is leads to what the row is about.
  showColumns(shown) {
    const digits = shown.map(Number).join('');
    if (digits === this.#shown) return;
    this.#shown = digits;
    const kept = this.#columns.filter((_, at) => shown[at]);
    this.#table.style.setProperty('--columns', kept.map(({ width, grow }) =>
      (grow ? `minmax(${width}rem, ${grow}fr)` : `${width}rem`)).join(' '));
    this.#table.style.setProperty('--least', `${kept.reduce((sum, { width }) => sum + width + 1, 1)}rem`);
    this.#table.setAttribute('aria-colcount', String(kept.length));
    this.#head.hidden = false;
    for (const row of this.#table.querySelectorAll('[role=row]')) this.#hideCells(row);
    this.#measure();
  }

  hasFocus() {
    return this.#body.contains(document.activeElement);
  }

  #hideCells(row) {
    [...row.children].forEach((cell, at) => {
      cell.hidden = this.#shown[at] === '0';
      cell.classList.toggle('first', at === this.#shown.indexOf('1'));
    });
  }

  show(items) {
    this.#items = items;
    this.#table.setAttribute('aria-rowcount', String(items.length + 1));
    this.#body.style.setProperty('height', `${items.length * this.#rowHeight}px`);
    this.#paint();
  }

  #measure() {
    if (this.#rows.length === 0) this.#grow(1);
    this.#rowHeight = this.#rows[0].node.offsetHeight || this.#rowHeight;
    this.#grow(Math.ceil(this.#scroller.clientHeight / this.#rowHeight) + 2 * OVERSCAN);
    this.show(this.#items);
  }

  #grow(length) {
    while (this.#rows.length < length) {
      const cells = this.#columns.map(({ key, label, number, outside, href }) => {
        const text = href ? element('a', {}) : outside ? outsideText('') : document.createTextNode('');
        if (href) text.dir = 'auto';
        return { text, node: element('div', { role: 'cell', class: classOf(key, number), 'data-label': label }, text) };
      });
      const node = element('div', { role: 'row', class: 'row' }, ...cells.map((cell) => cell.node));
      this.#hideCells(node);
      this.#body.append(node);
      this.#rows.push({ node, cells });
    }
  }

  // At most once a frame, however often the wheel turns.
  #paintSoon() {
    if (this.#painting !== 0) return;
    this.#painting = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#painting = 0;
    const count = this.#rows.length;
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / this.#rowHeight) - OVERSCAN);
    for (let at = first; at < first + count; ++at) {
      // An item keeps its row while both are in sight, so that most rows stay as they are.
      this.#fill(this.#rows[at % count], at);
    }
  }

  #fill({ node, cells }, at) {
    const item = this.#items[at];
    node.hidden = item === undefined;
    if (node.hidden) return;
    node.setAttribute('aria-rowindex', String(at + 2));
    node.style.setProperty('transform', `translateY(${at * this.#rowHeight}px)`);
    node.dataset.state = item.state ?? '';
    this.#columns.forEach(({ text, outside, href }, column) => {
      const said = text(item);
      setText(cells[column].text, said);
      if (href) setHref(cells[column].text, href(item));
      if (outside) cells[column].node.title = said;
    });
  }
}

const classOf = (key, number) => `${key}${number ? ' number' : ''}`;
