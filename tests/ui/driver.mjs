// A real Chromium for tests that are written in Python: reads one call a line from standard input, as
// {"id", "name", "args"}, and answers each with {"id", "value"} or {"id", "error"}. Ends, with the browser, when its
// input ends.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';

const require = createRequire(new URL('../npm/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [, , executablePath, patience] = process.argv;
const browser = await chromium.launch({
  executablePath,
  timeout: Number(patience),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage'],  // a container's is too small for a browser
});

const pages = [];

// Everything that a page does beside what the test asks it to.
function watch(page) {
  const seen = { problems: [], responses: [] };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => seen.problems.push(`exception: ${error.stack}`));
  page.on('dialog', (dialog) => {
    seen.problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('response', async (response) => {
    const entry = { url: response.url(), status: response.status(), type: response.headers()['content-type'] ?? '' };
    seen.responses.push(entry);
    // A stream has no end to wait for.
    if (!entry.type.startsWith('text/event-stream')) entry.bytes = await response.body().then((b) => b.length, () => 0);
  });
  return seen;
}

const calls = {
  async open(options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(Number(patience));
    pages.push({ page, ...watch(page) });
    return pages.length - 1;
  },
  goto: async (at, url) => (await pages[at].page.goto(url))?.status() ?? null,
  reload: async (at) => (await pages[at].page.reload()).status(),
  evaluate: (at, expression) => pages[at].page.evaluate(expression),
  click: (at, selector) => pages[at].page.click(selector),
  hover: (at, selector, position) => pages[at].page.hover(selector, { position }),
  fill: (at, selector, text) => pages[at].page.fill(selector, text),
  select: (at, selector, value) => pages[at].page.selectOption(selector, value),
  press: (at, key) => pages[at].page.keyboard.press(key),
  back: (at) => pages[at].page.goBack().then(() => null),
  screenshot: (at, path, fullPage) => pages[at].page.screenshot({ path, fullPage }).then(() => null),
  problems: (at) => pages[at].problems,
  responses: (at) => pages[at].responses,
  emulate: (at, media) => pages[at].page.emulateMedia(media),
  async axe(at) {
    // Through the debugger's door: the page's own policy lets no foreign script in.
    await pages[at].page.evaluate(AXE);
    const { violations } = await pages[at].page.evaluate('axe.run()');
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' | ')}`);
  },
  close: (at) => pages[at].page.context().close(),
};

process.stdout.write('{"id":0,"value":"ready"}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { id, name, args } = JSON.parse(line);
  let answer;
  try {
    answer = { id, value: (await calls[name](...args)) ?? null };
  } catch (error) {
    answer = { id, error: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
