"""The page when something is gone: it says so, since when and why, and recovers by itself."""

import signal
import unittest

import words
from uitest import LIVELY, UiTest, address_of

KEEP = ["--poll.stale-after", "30s"]


class RuntimeTest(UiTest):
    def test_stopped_and_started_again(self) -> None:
        sim = self.simulator("--warmup", "5m")
        exporter = self.exporter("--runtime.url", f"shop={sim.url}", *LIVELY)
        page = self.open(exporter)
        page.until_state("up")
        sim.stop()
        told = page.until_state("down")
        self.assertRegex(told, r"^shop is down since \d\d:\d\d:\d\d, because .*[Rr]efused")
        # What is too old is not shown as if it were so.
        page.until("document.querySelector('[data-value=\"pool.total\"]').textContent === '–'")
        self.assertIn("There are no current values.", page.text("#status-text"))
        self.assertTrue(page.evaluate("document.title").startswith("shop is down"))
        self.again_at(sim, "--warmup", "5m")
        page.until_state("up")
        page.until("document.querySelector('[data-value=\"pool.total\"]').textContent !== '–'")

    def test_old_values_are_called_stale(self) -> None:
        sim = self.frozen()
        exporter = self.exporter("--runtime.url", sim.url, *LIVELY, *KEEP)
        page = self.open(exporter)
        total = page.text('[data-value="pool.total"]')
        sim.fault("status=503")
        told = page.until_state("down")
        self.assertRegex(told, r"because .*503.* The values are stale, from \d\d:\d\d:\d\d\.$")
        self.assertEqual(page.text('[data-value="pool.total"]'), total)
        sim.clear()
        page.until_state("up")


class ExporterTest(UiTest):
    def test_restarted(self) -> None:
        sim = self.simulator("--warmup", "5m")
        flags = ["--runtime.url", sim.url]
        exporter = self.exporter(*flags, *LIVELY)
        address = address_of(exporter)
        pages = [self.open(exporter), self.open(exporter, "/workers")]
        exporter.stop()
        for page in pages:
            self.assertRegex(page.until_state("reconnecting"),
                             r"^Reconnecting The exporter has not answered since \d\d:\d\d:\d\d\.")
            self.assertEqual(page.text("#link"), "Reconnecting")
        self.exporter_at(address, *flags)
        for page in pages:
            page.until_state("up")
            page.until_live()

    def test_stands_still(self) -> None:
        sim = self.simulator("--warmup", "5m")
        exporter = self.exporter("--runtime.url", sim.url, *LIVELY)
        page = self.open(exporter)
        exporter.signal(signal.SIGSTOP)
        try:
            told = page.until_state("stale")
            self.assertRegex(told, r"^Stale Nothing new from the exporter since \d\d:\d\d:\d\d\.$")
        finally:
            exporter.signal(signal.SIGCONT)
        page.until_state("up")
        page.until_live()

    def test_has_no_room_for_another_stream(self) -> None:
        sim = self.frozen()
        exporter = self.exporter("--runtime.url", sim.url, "--web.sse-clients", "1", *LIVELY)
        first = self.open(exporter)
        second = self.open(exporter, live=False)
        second.until("document.querySelector('#link').textContent.startsWith('Every ')")
        before = second.text('[data-value="pool.requests"]')
        self.assertNotEqual(before, words.UNKNOWN)
        sim.control("step", seconds=10)
        second.until(f"document.querySelector('[data-value=\"pool.requests\"]').textContent !== '{before}'")
        first.goto("about:blank")
        second.until_live()

    def test_knows_no_such_runtime(self) -> None:
        sim = self.frozen()
        exporter = self.exporter("--runtime.url", f"shop={sim.url}", *LIVELY)
        page = self.open(exporter, "/?runtime=nope", live=False)
        page.until("document.querySelector('#status-text').textContent === 'There is no runtime nope Choose one of these.'")
        page.click("#runtimes a")
        page.until_state("up")
        self.assertEqual(page.text("#title"), "shop")
        self.assert_no_problems(page)


if __name__ == "__main__":
    unittest.main()
