"""Names from outside are text, whatever they hold, and do not break the page's layout."""

import json
import unittest

from browser import Page
from fake_runtime import json_answer
from support import eventually
from uitest import LIVELY, UiTest

NAMES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)>",
    "&lt;b&gt;&amp;",
    "javascript:alert(4)",
    "\u202egpj.exe\u202c",
    "\u0645\u0631\u062d\u0628\u0627",
    "line\nend\tand\u0000nul",
    "__proto__",
    "constructor",
    "long-" + "x" * 10_000,
]


def documented(names: list[str]) -> bytes:
    workers = [{"id": name, "app": f"{name}@{name}", "state": "active", "requests": 1000 - at, "uptime": at,
                "memory": {"rss": 1, "heapUsed": 1}} for at, name in enumerate(names)]
    return json.dumps({"pool": {"size": 20, "active": len(names), "idle": 0}, "workers": workers}).encode()


class NamesTest(UiTest):
    def answer(self, request: tuple[str, dict]) -> tuple[int, dict, bytes]:
        path, _ = request
        if path.endswith("/stats"):
            return json_answer(documented(NAMES))
        return json_answer(b'{"pool":{},"uptime":7,"timestamp":"2026-01-01T00:00:00Z"}')

    def assert_nothing_ran(self, page: Page) -> None:
        self.assert_no_problems(page)
        self.assertEqual(page.evaluate("document.querySelectorAll('main script, main [onerror], main [onload]').length"), 0)
        # An image or script that a name asked for would not be found.
        self.assertLessEqual({response["status"] for response in page.responses()}, {200, 304})

    def assert_fits(self, page: Page) -> None:
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0)

    def test_names_are_text(self) -> None:
        runtime = self.fake_runtime(self.answer)
        exporter = self.exporter("--runtime.url", runtime.url, "--runtime.layout", "documented", *LIVELY)
        known = eventually(lambda: self.json(exporter, "/api/workers")["workers"])
        # Most requests first, as the page shows them.
        self.assertEqual([worker["id"] for worker in known[:5]], NAMES[:5])
        page = self.open(exporter, "/workers?sort=requests")
        page.until(f"document.querySelector('#shown').textContent === '{len(known)} of {len(known)} workers'")
        page.until("document.querySelectorAll('#rows .row:not([hidden])').length > 0")
        self.assertEqual(page.evaluate("""[...document.querySelectorAll('#rows .row:not([hidden]) .id')]
            .map(cell => cell.textContent)"""), [worker["id"] for worker in known])
        self.assert_nothing_ran(page)
        self.assert_fits(page)
        for width in (1280, 360):
            overview = self.open(exporter, viewport={"width": width, "height": 800})
            view = self.view(exporter)
            shown = sorted(view["apps"], key=lambda app: (-app["requests"], app["app"]))[:8]
            self.assertEqual(overview.evaluate("""[...document.querySelectorAll('#apps-requests tbody tr:not([hidden]) th')]
                .map(cell => cell.textContent)"""), [app["app"] for app in shown])
            self.assert_nothing_ran(overview)
            self.assert_fits(overview)

    def test_each_name_stays_in_its_direction(self) -> None:
        runtime = self.fake_runtime(self.answer)
        exporter = self.exporter("--runtime.url", runtime.url, "--runtime.layout", "documented", *LIVELY)
        eventually(lambda: self.json(exporter, "/api/workers")["workers"])
        page = self.open(exporter, "/workers?sort=requests")
        page.until("document.querySelectorAll('#rows .row:not([hidden]) bdi').length > 0")
        self.assertEqual(page.evaluate("""[...document.querySelectorAll('#rows .row:not([hidden]) .id')]
            .every(cell => getComputedStyle(cell.firstChild).unicodeBidi === 'isolate')"""), True)

    def test_hostile_simulator(self) -> None:
        sim = self.simulator("--warmup", "5m", "--fault", "hostile-names")
        exporter = self.exporter("--runtime.url", sim.url, *LIVELY)
        page = self.open(exporter, "/workers")
        page.until("document.querySelectorAll('#rows .row:not([hidden])').length > 0")
        overview = self.open(exporter)
        overview.until_state("up")
        for each in (page, overview):
            self.assert_nothing_ran(each)
            self.assert_fits(each)


class NumbersTest(UiTest):
    def test_absurd_numbers_fit(self) -> None:
        pool = {name: 1e300 for name in ("size", "active", "idle", "creating", "total", "utilization")}
        worker = {"id": "w", "app": "a@1", "state": "active", "requests": 1e300, "uptime": 1e300,
                  "memory": {"rss": 1e300, "heapUsed": 1e300}}
        stats = json.dumps({"pool": pool, "workers": [worker]}).encode()
        summary = json.dumps({"pool": pool, "uptime": 1e300}).encode()
        runtime = self.fake_runtime(lambda request: json_answer(stats if request[0].endswith("/stats") else summary))
        exporter = self.exporter("--runtime.url", runtime.url, "--runtime.layout", "documented", *LIVELY)
        for path in ("/", "/workers"):
            for width in (1280, 360):
                page = self.open(exporter, path, viewport={"width": width, "height": 800})
                page.until_state("up")
                self.assert_no_problems(page)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0, (path, width))


class ErrorTextTest(UiTest):
    def test_the_reason_is_text(self) -> None:
        runtime = self.fake_runtime(lambda request: (200, {"Content-Type": "text/html<script>alert(1)</script>"}, b"<p>"))
        exporter = self.exporter("--runtime.url", runtime.url, *LIVELY)
        page = self.open(exporter)
        page.until_state("down")
        self.assert_no_problems(page)
        self.assertEqual(page.evaluate("document.querySelectorAll('main script').length"), 0)


if __name__ == "__main__":
    unittest.main()
