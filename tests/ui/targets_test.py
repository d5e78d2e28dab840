"""The list of targets: what "/" shows of a fleet, what modules alone lead to, and how a probed target opens."""

import json
import unittest
from urllib.parse import quote

from support import eventually
from uitest import LIVELY, UiTest

PHONE = {"width": 390, "height": 844}


class ListTest(UiTest):
    def test_modules_only(self) -> None:
        sim = self.frozen()
        config = self.write("buntime.yml", "modules:\n  default: {allowed_targets: [127.0.0.1/32]}\n")
        exporter = self.exporter("--config.file", config, *LIVELY)
        page = self.open(exporter)
        page.until("document.querySelector('#status-text').textContent.startsWith('Nothing was probed yet')")
        exporter.get(f"/probe?target={quote(sim.url)}")
        page.until("document.querySelectorAll('#probes tbody tr').length === 1")
        self.assertTrue(page.evaluate("document.querySelector('#runtimes').hidden"))
        page.click("#probes a")
        page.until("document.querySelector('#link')?.textContent.startsWith('Every ')")
        self.assertEqual(page.text("#title"), f"{sim.url}/metrics")
        page.until("document.querySelector('[data-value=\"pool.requests\"]').textContent !== '–'")
        page.click("nav a:nth-child(3)")
        page.until("document.querySelectorAll('#rows .row:not([hidden])').length > 0")
        self.assert_no_problems(page)
        gone = self.open(exporter, f"/?target=http://10.1.1.1&module=default", live=False)
        gone.until_state("refused")
        self.assertEqual(gone.text("#status-text"),
                         "The exporter refuses http://10.1.1.1 was not probed lately by the module default. See all targets.")
        self.assertEqual(gone.attribute("#status-text a", "href"), "targets")

    def test_worst_first_live_and_searchable(self) -> None:
        sim = self.frozen("--runtimes", "3")
        urls = [flag for name, url in zip("abc", sim.urls) for flag in ("--runtime.url", f"{name}={url}")]
        exporter = self.exporter(*urls, "--runtime.url", "gone=http://127.0.0.1:9", *LIVELY)
        page = self.open(exporter, colorScheme="light")
        page.until_state("down")
        self.assertEqual(page.texts("#runtimes tbody a"), ["gone", "a", "b", "c"])
        self.assertIn("refused the connection", page.text("#runtimes tbody tr .cause"))
        page.fill("#search", "DOWN")
        page.until("document.querySelector('#shown').textContent === '1 of 4 targets'")
        page.fill("#search", "")
        sim.stop()
        page.until("document.querySelectorAll('#runtimes tr[data-state=down]').length === 4")
        page.click("#pause")
        self.assertEqual(page.text("#link"), "Paused")
        page.click("#theme")
        page.click("#theme")
        self.assertEqual(page.text("#theme"), "Theme: dark")
        self.assert_no_problems(page)
        phone = self.open(exporter, "/targets", viewport=PHONE)
        phone.until("document.querySelectorAll('#runtimes tbody tr').length === 4")
        self.assertLessEqual(phone.evaluate("document.documentElement.scrollWidth - innerWidth"), 0)

    def test_keyboard_from_the_list_to_a_runtime(self) -> None:
        sim = self.frozen("--runtimes", "2")
        exporter = self.exporter("--runtime.url", f"a={sim.urls[0]}", "--runtime.url", f"b={sim.urls[1]}", *LIVELY)
        page = self.open(exporter)
        page.until("document.querySelectorAll('#runtimes tbody a').length === 2")
        page.evaluate("document.querySelector('#search').focus()")
        page.press("Tab")
        self.assertEqual(page.evaluate("document.activeElement.textContent"), "a")
        page.press("Enter")
        page.until_state("up")
        self.assertEqual(page.text("#title"), "a")


class WarningsTest(UiTest):
    def test_a_queue_near_its_limit_is_told(self) -> None:
        sim = self.simulator("--warmup", "2m")
        exporter = self.exporter("--runtime.url", f"shop={sim.url}", "--poll.interval", "500ms", *LIVELY)
        page = self.open(exporter)
        page.until("['up', 'warn'].includes(document.querySelector('#status').dataset.state)")
        sim.control("load", ephemeral_rps=400)
        text = page.until_state("warn")
        self.assertRegex(text, r"^shop is up .*The ephemeral queue reached \d+(\.\d)?% of its limit since [\d:]+ "
                               r"\(limit 80%\)\.")
        self.assertEqual(page.attribute("#content", "data-warn").split().count("queue"), 1)
        known = {warning["kind"]: warning for warning in self.view(exporter)["warnings"]}
        self.assertGreater(known["queue"]["value"], 0.8)
        targets = eventually(lambda: json.loads(exporter.get("/targets", headers={"Accept": "application/json"}).text))
        self.assertIn("queue", [warning["kind"] for warning in targets["runtimes"][0]["warnings"]])


if __name__ == "__main__":
    unittest.main()
