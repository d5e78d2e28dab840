"""What the tests of the page have in common: a browser for each class, programs for each test."""

import json
from typing import Any
from urllib.parse import quote

from browser import Browser, Page
from client import fetch
from programs import Exporter, ProgramTest, Simulator

# Often enough that a test need not wait, and still the exporter's own pace.
LIVELY = ["--web.sse-interval", "250ms"]


class UiTest(ProgramTest):
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.stop)

    def open(self, exporter: Exporter, path: str = "/", live: bool = True, **options: Any) -> Page:
        """A page of the exporter, once its stream runs."""
        page = self.browser.page(**options)
        self.addCleanup(page.close)
        self.assertEqual(page.goto(exporter.url + path), 200)
        if live:
            page.until_live()
        return page

    def assert_no_problems(self, page: Page) -> None:
        """No error, no warning, no dialog; a connection that a test cut leaves an error that is none."""
        self.assertEqual([p for p in page.problems() if "net::ERR_" not in p], [])

    def view(self, exporter: Exporter, runtime: str | None = None) -> dict:
        return self.json(exporter, "/api/view", runtime)

    def json(self, exporter: Exporter, path: str, runtime: str | None = None) -> dict:
        answer = fetch(exporter.url + path + ("" if runtime is None else f"?runtime={quote(runtime)}"))
        self.assertEqual(answer.status, 200, answer.text)
        return json.loads(answer.body)

    def frozen(self, *flags: str) -> Simulator:
        """A runtime in which time moves only when the test says so."""
        return self.simulator("--warmup", "10m", "--speed", "0", *flags)

    def again_at(self, simulator: Simulator, *flags: str) -> Simulator:
        """A new simulator at the address of one that has ended."""
        return self.simulator("--listen", simulator.url.removeprefix("http://"), *flags)

    def exporter_at(self, address: str, *flags: str) -> Exporter:
        """An exporter at an address that the test knows beforehand."""
        return self.exporter("--web.listen-address", address, *LIVELY, *flags, addresses=1)


def address_of(exporter: Exporter) -> str:
    return exporter.url.removeprefix("http://")
