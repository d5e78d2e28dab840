"""The page "Workers": sorts, filters, and stays quick with 5,000 rows."""

import statistics
import unittest

import words
from browser import Page
from support import SANITIZED, TIME_FACTOR, eventually
from uitest import LIVELY, UiTest

ALL = ["--worker.limit", "10000"]
MANY = 5000
# What the reader sees of the rows, from the top.
VISIBLE = """[...document.querySelectorAll('#rows .row:not([hidden])')]
    .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map(row => [...row.children].filter(cell => !cell.hidden).map(cell => cell.textContent))"""


class WorkersTest(UiTest):
    def rows(self, page: Page) -> list[list[str]]:
        return page.evaluate(VISIBLE)

    def start(self, path: str = "/workers", workers: int = 40) -> tuple[list[dict], Page]:
        """The workers of a world that stands still, and the page that shows them."""
        sim = self.simulator("--release", "documented", "--workers", str(workers), "--speed", "0")
        exporter = self.exporter("--runtime.url", sim.url, *ALL, *LIVELY)

        def still() -> list[dict]:
            known = self.json(exporter, "/api/workers")["workers"]
            assert len(known) == workers, f"{len(known)} workers"
            assert all(worker["requests_per_second"] is not None for worker in known), "no rates yet"
            return known

        known = eventually(still)
        page = self.open(exporter, path)
        page.until(f"document.querySelector('#shown').textContent.endsWith(' of {words.count(workers)} workers')")
        page.until("document.querySelector('#rows .row .requests_per_second').textContent !== '–'")
        return known, page

    def test_each_cell_is_what_the_json_says(self) -> None:
        known, page = self.start("/workers?sort=id&order=ascending", workers=20)
        by_id = {worker["id"]: worker for worker in known}
        rows = self.rows(page)
        self.assertEqual(len(rows), 20)
        # What this dialect does not tell is no column of dashes.
        self.assertEqual(page.texts("#head > :not([hidden])"), ["Worker", "App", "Version", "State", "Requests/s", "Requests",
                                                                "Uptime", "Heap"])
        self.assertTrue(page.text("#memory").startswith("RSS of the whole process: "))
        for row in rows:
            worker = by_id[row[0]]
            self.assertEqual(row, [
                worker["id"], worker["app"], worker["version"] or words.UNKNOWN, worker["state"],
                words.rate(worker["requests_per_second"]), words.count(worker["requests"]),
                words.duration(worker["uptime_seconds"]),
                words.memory(worker["memory_bytes"])])
        self.assert_no_problems(page)

    def test_sorts_by_every_column(self) -> None:
        known, page = self.start()
        for column in ("requests", "uptime_seconds", "memory_bytes"):
            for descending in (True, False):
                page.click(f"#head .{column} button")
                expected = sorted((worker[column] for worker in known), reverse=descending)[:10]
                by_id = {worker["id"]: worker[column] for worker in known}
                with self.subTest(column=column, descending=descending):
                    self.assertEqual([by_id[row[0]] for row in self.rows(page)[:10]], expected)
                    self.assertEqual(page.attribute(f"#head .{column}", "aria-sort"),
                                     "descending" if descending else "ascending")
        for column in ("id", "app", "version", "state"):
            page.click(f"#head .{column} button")
            with self.subTest(column=column):
                self.assertEqual(page.attribute(f"#head .{column}", "aria-sort"), "ascending")
                values = page.texts(f"#rows .row:not([hidden]) .{column}")
                self.assertEqual(len(set(values)), len({worker[column] for worker in known} & set(values)))
        self.assertEqual(page.evaluate("document.querySelectorAll('#head [aria-sort$=ending]').length"), 1)

    def test_filters_by_words_and_state(self) -> None:
        known, page = self.start(workers=200)
        app = known[0]["app"]
        page.fill("#search", f"{app.upper()} {known[0]['id'][:4]}")
        expected = [worker for worker in known if app.lower() in f"{worker['id']} {worker['app']}".lower()
                    and known[0]["id"][:4].lower() in f"{worker['id']} {worker['app']}".lower()]
        page.until(f"document.querySelector('#shown').textContent === '{len(expected)} of 200 workers'")
        page.until(f"document.querySelector('#announcement').textContent === '{len(expected)} of 200 workers'")
        self.assertTrue(all(row[1] == app for row in self.rows(page)))
        page.fill("#search", "")
        state = known[0]["state"]
        alike = sum(worker["state"] == state for worker in known)
        page.select("#state", state)
        page.until(f"document.querySelector('#shown').textContent === '{alike} of 200 workers'")
        self.assertIn(f"{state} ({alike})", page.texts("#state option"))
        # Whoever gets the address sees the same.
        page.reload()
        page.until(f"document.querySelector('#shown').textContent === '{alike} of 200 workers'")
        page.fill("#search", "no such worker")
        page.until("document.querySelector('#empty').textContent === 'None of the workers matches the filter.'")

    def test_five_thousand_rows(self) -> None:
        known, page = self.start(workers=MANY)
        self.assertEqual(page.attribute("#table", "aria-rowcount"), str(MANY + 1))
        self.assertLess(page.evaluate("document.querySelectorAll('#rows .row').length"), 100)
        # To the end, and what stands there is the last row.
        page.click("#head .requests button")
        least = min(worker["requests"] for worker in known)
        page.evaluate("{ const box = document.querySelector('#scroller'); box.scrollTop = box.scrollHeight; }")
        page.until(f"[...document.querySelectorAll('#rows .row:not([hidden])')].some(row => row.ariaRowIndex === '{MANY + 1}')")
        self.assertEqual(self.rows(page)[-1][5], words.count(least))
        scroll = page.evaluate("""(async () => {
            const box = document.querySelector('#scroller');
            const times = [];
            for (let at = 0; at < 60; ++at) {
                box.scrollTop = at * 777;
                const started = performance.now();
                // The page paints in the next frame, before this does.
                await new Promise((done) => requestAnimationFrame(() => { box.offsetHeight; done(); }));
                await new Promise((done) => setTimeout(done));
                times.push(performance.now() - started);
            }
            return times;
        })()""")
        sort = page.evaluate("""[...Array(9)].map(() => {
            const started = performance.now();
            document.querySelector('#head .id button').click();
            document.querySelector('#scroller').offsetHeight;
            return performance.now() - started;
        })""")
        self.report(f"{MANY} workers: {statistics.median(scroll):.1f} ms a scrolled frame, "
                    f"{statistics.median(sort):.1f} ms to sort by name (medians)")
        if not SANITIZED:
            self.assertLess(statistics.median(scroll), 50 * TIME_FACTOR)
            self.assertLess(statistics.median(sort), 150 * TIME_FACTOR)
        # What keeps it quick, wherever it was scrolled to.
        self.assertLess(page.evaluate("document.querySelectorAll('#rows .row').length"), 100)


if __name__ == "__main__":
    unittest.main()
