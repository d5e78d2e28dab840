"""From the fleet down to a worker, with the keyboard alone; and what each level says."""

import unittest
from urllib.parse import urlencode

import words
from browser import Page
from support import eventually
from uitest import LIVELY, UiTest


class DrillTest(UiTest):
    def follow(self, page: Page, text: str) -> None:
        """Tab until the focus is on the link that says this, then Enter."""
        page.evaluate("document.activeElement.blur()")
        for _ in range(120):
            page.press("Tab")
            if page.evaluate("document.activeElement.matches('a') && document.activeElement.textContent.trim()") == text:
                page.press("Enter")
                return
        self.fail(f"no link {text} is reached by the Tab key")

    def check_path(self, release: str) -> None:
        sim = self.frozen("--runtimes", "2", "--release", release, "--auth", "off")
        exporter = self.exporter("--runtime.url", f"a={sim.urls[0]}", "--runtime.url", f"b={sim.urls[1]}", *LIVELY)
        page = self.open(exporter)
        page.until("document.querySelectorAll('#runtimes tbody a').length === 2")
        self.follow(page, "b")
        page.until("document.querySelector('#title')?.textContent === 'b'")
        app = max((app for app in self.view(exporter, "b")["apps"] if app["workers"] > 0), key=lambda app: app["requests"])
        page.until(f"[...document.querySelectorAll('#apps-requests a')].some(link => link.textContent === '{app['app']}')")
        self.follow(page, "All apps")
        page.until("location.pathname === '/apps' && document.querySelectorAll('#rows .row:not([hidden])').length > 0")
        self.follow(page, app["app"])
        key = f"{app['app']}@{app['version']}" if app["version"] else app["app"]
        page.until(f"location.pathname === '/app' && document.querySelector('#title').textContent === '{key}'")
        page.until("document.querySelectorAll('#rows .row:not([hidden])').length > 0")
        self.assertEqual(page.text('[data-value="app.requests"]'), words.count(app["requests"]))
        self.assertGreaterEqual(int(page.attribute("#chart-requests .plot", "aria-valuemax")), 0)
        first = page.text("#rows .first a")
        self.follow(page, first)
        page.until("location.pathname === '/worker' && !document.querySelector('#values').hidden")
        self.assertEqual(page.text("#app"), key)
        self.assertNotEqual(page.text('[data-value="worker.requests"]'), words.UNKNOWN)
        self.assertIn("runtime=b", page.evaluate("location.search"))
        self.follow(page, key)
        page.until("location.pathname === '/app'")
        self.assert_no_problems(page)

    def test_keyboard_path_documented(self) -> None:
        self.check_path("documented")

    def test_keyboard_path_released(self) -> None:
        self.check_path("0.5.4")

    def test_history_of_an_app_is_there_from_the_start(self) -> None:
        sim = self.simulator("--warmup", "5m", "--release", "0.5.4", "--auth", "off", "--rps", "200")
        exporter = self.exporter("--runtime.url", sim.url, "--poll.interval", "1s", *LIVELY)
        app = max(eventually(lambda: self.view(exporter)["apps"] or None), key=lambda app: app["requests"])
        about = urlencode({"app": app["app"], "version": app["version"]})
        eventually(lambda: len(self.json(exporter, f"/api/history?{about}")["t"]) >= 2)
        page = self.open(exporter, f"/app?{about}")
        page.until("document.querySelector('#chart-requests .plot').getAttribute('aria-valuemax') >= 2")
        self.assertEqual(page.texts("#chart-duration h2"), ["Mean duration"])

    def test_what_is_gone_is_said(self) -> None:
        sim = self.frozen()
        exporter = self.exporter("--runtime.url", sim.url, *LIVELY)
        for path, text in (("/app?app=nope", "no such app"), ("/worker?worker=nope", "no such worker")):
            page = self.open(exporter, path)
            page.until("!document.querySelector('#none').hidden")
            self.assertIn(text, page.text("#none"))
            self.assertTrue(page.evaluate("document.querySelector('#values').hidden"))
            self.assert_no_problems(page)


class ApiTest(UiTest):
    def test_the_description_is_readable(self) -> None:
        exporter = self.exporter("--runtime.url", "http://127.0.0.1:9")
        page = self.open(exporter, "/api", live=False)
        page.until("document.querySelectorAll('#operations section').length === 6")
        self.assertIn("GET /metrics/api/metrics/stats", page.texts("#operations h2"))
        self.assertIn("pool.utilization", page.texts("#operations th code"))
        self.assert_no_problems(page)


if __name__ == "__main__":
    unittest.main()
