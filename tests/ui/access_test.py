"""Everybody can use the page: axe-core finds no violation, the keyboard reaches everything, nothing jumps."""

import signal
import unittest
from urllib.parse import quote, urlencode

from browser import Page
from support import eventually
from uitest import LIVELY, UiTest

PHONE = {"width": 390, "height": 844}


class AxeTest(UiTest):
    def check(self, page: Page, name: str) -> None:
        for scheme in ("light", "dark"):
            page.emulate({"colorScheme": scheme})
            with self.subTest(page=name, scheme=scheme):
                self.assertEqual(page.axe(), [])

    def test_no_violation(self) -> None:
        sim = self.simulator("--warmup", "5m", "--runtimes", "2", "--scenario", "failing=0.3")
        exporter = self.exporter("--runtime.url", f"blue={sim.urls[0]}", "--runtime.url", f"green={sim.urls[1]}",
                                 "--runtime.url", "red=http://127.0.0.1:9", *LIVELY)
        for path in ("/", "/workers"):
            page = self.open(exporter, f"{path}?runtime=blue")
            page.until_state("warn")
            self.check(page, path)
            phone = self.open(exporter, f"{path}?runtime=green", viewport=PHONE)
            phone.until_state("warn")
            self.check(phone, f"{path} on a phone")
            down = self.open(exporter, f"{path}?runtime=red")
            down.until_state("down")
            self.check(down, f"{path} of a runtime that is down")
        app = max(self.view(exporter, "blue")["apps"], key=lambda app: app["requests"])
        about = urlencode({"runtime": "blue", "app": app["app"], "version": app["version"]})
        worker = urlencode({"runtime": "blue", "worker": self.json(exporter, "/api/workers", "blue")["workers"][0]["id"]})
        for path in ("/apps?runtime=blue", f"/app?{about}", f"/worker?{worker}", "/api"):
            for viewport in ({"width": 1280, "height": 900}, PHONE):
                page = self.open(exporter, path, live=path != "/api", viewport=viewport)
                page.until("document.querySelector('#status').dataset.state !== 'connecting'")
                self.check(page, f"{path}, {viewport['width']} px wide")
        for viewport in ({"width": 1280, "height": 900}, PHONE):
            targets = self.open(exporter, "/", viewport=viewport)
            targets.until_state("down")
            self.check(targets, f"/ of several runtimes, {viewport['width']} px wide")
        cut = self.open(exporter, "/?runtime=blue")
        cut.until_state("warn")
        exporter.stop()
        cut.until_state("reconnecting")
        self.check(cut, "reconnecting")

    def test_probed_refused_and_stale(self) -> None:
        sim = self.frozen()
        config = self.write("buntime.yml", "modules:\n  default: {allowed_targets: [127.0.0.1/32]}\n")
        exporter = self.exporter("--config.file", config, *LIVELY)
        exporter.get(f"/probe?target={quote(sim.url)}")
        targets = self.open(exporter)
        targets.until("document.querySelectorAll('#probes tbody tr').length === 1")
        self.check(targets, "/ of modules only")
        refused = self.open(exporter, "/?target=http://10.1.1.1&module=default", live=False)
        refused.until_state("refused")
        self.check(refused, "refused")
        about = urlencode({"target": f"{sim.url}/metrics", "module": "default"})
        stale = self.open(exporter, f"/?{about}", live=False)
        stale.until_state("up")
        exporter.signal(signal.SIGSTOP)
        try:
            stale.until("['stale', 'reconnecting'].includes(document.querySelector('#status').dataset.state)")
            self.check(stale, "stale")
        finally:
            exporter.signal(signal.SIGCONT)

    def test_full_and_empty(self) -> None:
        for name, flags in (("full", ["--scenario", "pool-exhausted", "--warmup", "2m"]), ("empty", ["--apps", "0", "--ephemeral-apps", "0"])):
            sim = self.simulator("--release", "documented", *flags)
            exporter = self.exporter("--runtime.url", sim.url, *LIVELY)
            for path in ("/", "/workers"):
                page = self.open(exporter, path)
                page.until("['up', 'warn'].includes(document.querySelector('#status').dataset.state)")
                self.check(page, f"{name} {path}")


class KeyboardTest(UiTest):
    def walk(self, page: Page) -> list[str]:
        """What the focus meets on its way, by id or words."""
        met = []
        for _ in range(60):
            page.press("Tab")
            now = page.evaluate("document.activeElement.id || document.activeElement.closest('figure')?.id || "
                                "document.activeElement.textContent.trim()")
            if page.evaluate("document.activeElement === document.body") or (met and now == met[0]):
                return met
            met.append(now)
        return met

    def test_the_tab_key_reaches_everything(self) -> None:
        sim = self.frozen("--runtimes", "2")
        exporter = self.exporter("--runtime.url", f"a={sim.urls[0]}", "--runtime.url", f"b={sim.urls[1]}",
                                 "--runtime.pool-size", "20", *LIVELY)
        overview = self.open(exporter, "/?runtime=a")
        overview.until("!document.querySelector('#picker').hidden")
        met = self.walk(overview)
        self.assertEqual(met[:8], ["Skip to the content", "Buntime exporter", "Overview", "Apps", "Workers", "Targets",
                                   "runtime", "pause"])
        self.assertEqual(met[9:14], [f"chart-{name}" for name in ("workers", "requests", "utilization", "errors", "queue")])
        self.assertIn("link-metrics", met)
        workers = self.open(exporter, "/workers?runtime=a")
        workers.until("document.querySelectorAll('#rows .row:not([hidden])').length > 0")
        met = self.walk(workers)
        for name in ("search", "state", "scroller", "Requests/s", "Duration"):
            self.assertIn(name, met)

    def test_focus_is_visible_and_the_theme_stays(self) -> None:
        sim = self.frozen()
        exporter = self.exporter("--runtime.url", sim.url, *LIVELY)
        page = self.open(exporter, colorScheme="light")
        ground = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(ground)
        page.evaluate("document.querySelector('#theme').focus()")
        page.press("Enter")
        self.assertEqual((page.text("#theme"), page.evaluate(ground)), ("Theme: light", light))
        self.assertEqual(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "solid")
        page.press("Enter")
        self.assertEqual(page.text("#theme"), "Theme: dark")
        self.assertNotEqual(page.evaluate(ground), light)
        page.reload()
        self.assertEqual(page.text("#theme"), "Theme: dark")
        self.assertNotEqual(page.evaluate(ground), light)


class StillTest(UiTest):
    SHIFTS = """new Promise((done) => new PerformanceObserver((list) =>
        done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0))).observe(
        {type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 300))"""

    def test_nothing_jumps(self) -> None:
        sim = self.simulator("--warmup", "5m")
        exporter = self.exporter("--runtime.url", f"shop={sim.url}", *LIVELY)
        for path in ("/", "/workers"):
            page = self.open(exporter, path)
            before = page.evaluate("scrollY + document.querySelector('main > :last-child').getBoundingClientRect().top")
            sim.fault("status=503")
            page.until_state("down")
            sim.clear()
            page.until_state("up")
            with self.subTest(path=path):
                self.assertEqual(page.evaluate(
                    "scrollY + document.querySelector('main > :last-child').getBoundingClientRect().top"), before)
                self.assertLess(page.evaluate(self.SHIFTS), 0.02)


class WithoutScriptTest(UiTest):
    def test_says_so_and_leads_to_the_metrics(self) -> None:
        exporter = self.exporter("--runtime.url", "http://127.0.0.1:9", *LIVELY)
        for path in ("/", "/workers"):
            page = self.open(exporter, path, live=False, javaScriptEnabled=False)
            page.click(".noscript a")
            eventually(lambda: any(response["url"] == exporter.url + "/metrics" for response in page.responses()))


if __name__ == "__main__":
    unittest.main()
