"""The exporter stands still for a while: the charts leave the time out, and what was counted meanwhile is no spike."""

import signal
import time
import unittest

import words
from browser import Page
from programs import Exporter
from support import eventually
from uitest import LIVELY, UiTest

GAP = 6  # seconds without a poll, which comes each second


class GapTest(UiTest):
    def freeze(self, exporter: Exporter, pages: list[Page]) -> None:
        began = time.monotonic()
        exporter.signal(signal.SIGSTOP)
        try:
            for page in pages:
                page.until_state("stale")
            eventually(lambda: time.monotonic() > began + GAP, GAP + 5)
        finally:
            exporter.signal(signal.SIGCONT)
        for page in pages:
            page.until_state("up")
            page.until_live()

    def samples(self, page: Page, chart: str) -> list[str]:
        """What a reader of the chart meets from the first sample to the last."""
        page.evaluate(f"document.querySelector('#{chart} .plot').focus()")
        page.press("Home")
        met = []
        while True:
            met.append(page.attribute(f"#{chart} .plot", "aria-valuetext"))
            if page.attribute(f"#{chart} .plot", "aria-valuenow") == page.attribute(f"#{chart} .plot", "aria-valuemax"):
                return met
            page.press("ArrowRight")

    def check(self, page: Page) -> None:
        """Every rate is that of the load, or unknown; the time in between is marked, and no line crosses it."""
        rates = [text.rpartition(" ")[2] for text in self.samples(page, "chart-requests")]
        known = [float(text.replace(",", "")) for text in rates if text != words.UNKNOWN]
        self.assertGreater(len(known), 4, rates)
        for rate in known:
            self.assertGreater(rate, 200, rates)
            self.assertLess(rate, 800, rates)
        self.assertEqual(page.evaluate("document.querySelectorAll('#chart-requests .outage').length"), 1)
        self.assertEqual(page.evaluate("document.querySelectorAll('#chart-requests path.line').length"), 2)
        self.assert_no_problems(page)

    def test_a_time_without_polls_is_left_out(self) -> None:
        sim = self.simulator("--release", "documented", "--apps", "1", "--ephemeral-apps", "0", "--rps", "400",
                             "--warmup", "2m")
        exporter = self.exporter("--runtime.url", sim.url, "--poll.interval", "1s", *LIVELY)
        app = max(eventually(lambda: self.view(exporter)["apps"]), key=lambda app: app["requests"])
        pages = [self.open(exporter), self.open(exporter, f"/app?app={app['app']}&version={app['version']}")]

        def polled(times: int) -> None:
            before = len(self.json(exporter, "/api/history")["t"])
            eventually(lambda: len(self.json(exporter, "/api/history")["t"]) >= before + times, 30)

        polled(3)
        self.freeze(exporter, pages)
        polled(3)
        for page in pages:
            with self.subTest(page=page.evaluate("location.pathname")):
                eventually(lambda page=page: self.check(page) or True)


if __name__ == "__main__":
    unittest.main()
