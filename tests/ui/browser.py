"""A real Chromium, steered by driver.mjs, as the tests see it."""

import json
import os
import shutil
import subprocess
from typing import Any

from support import TIME_FACTOR, eventually

DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "driver.mjs")
# A machine that others use may stand still for half a minute.
PATIENCE_SECONDS = 90 * TIME_FACTOR
STOP_SECONDS = 60 * TIME_FACTOR


class Page:
    """One page in a profile of its own: no cookies, no cache, no history from other pages."""

    def __init__(self, browser: "Browser", options: dict[str, Any]) -> None:
        self._browser = browser
        self._number = browser.call("open", options)

    def __getattr__(self, name: str):
        """Every call of the driver that is about a page, such as `click(selector)`."""
        return lambda *args: self._browser.call(name, self._number, *args)

    def text(self, selector: str) -> str:
        """What an element says; fails where there is none."""
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent.trim()")

    def texts(self, selector: str) -> list[str]:
        return self.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].map(node => node.textContent.trim())")

    def attribute(self, selector: str, name: str) -> str | None:
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).getAttribute({json.dumps(name)})")

    def until(self, expression: str, deadline: float = 60) -> Any:
        """Waits until an expression is true there, and returns what it is."""
        return eventually(lambda: self.evaluate(expression), deadline)

    def until_state(self, state: str, deadline: float = 60) -> str:
        """Waits for a state of the status line; returns what the line says."""
        def reached() -> str | None:
            now = self.attribute("#status", "data-state")
            assert now == state, f"{now}: {self.text('#status')}"
            return self.text("#status-text")

        return eventually(reached, deadline)

    def until_live(self, deadline: float = 60) -> None:
        def reached() -> bool:
            words = self.text("#link")
            assert words == "Live", f"{words}: {self.text('#status')}"
            return True

        eventually(reached, deadline)


class Browser:
    """Chromium and its driver; both end with `stop`, or when this program does, however it ends."""

    def __init__(self) -> None:
        chromium, node = shutil.which("chromium"), shutil.which("node")
        if chromium is None or node is None:
            raise RuntimeError("chromium and node are needed: tests/run.sh installs them")
        self._calls = 0
        self._driver = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", node, DRIVER, chromium, str(int(PATIENCE_SECONDS * 1000))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def call(self, name: str, *args: Any) -> Any:
        self._calls += 1
        self._driver.stdin.write(json.dumps({"id": self._calls, "name": name, "args": args}) + "\n")
        self._driver.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        line = self._driver.stdout.readline()
        if not line:
            raise RuntimeError(f"the driver ended with status {self._driver.wait(10)}")
        answer = json.loads(line)
        assert answer["id"] == self._calls, f"answer {answer['id']} to call {self._calls}"
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["value"]

    def page(self, **options: Any) -> Page:
        """A new page; options are those of a browser context (viewport, colorScheme, …)."""
        return Page(self, {"viewport": {"width": 1280, "height": 900}, **options})

    def stop(self) -> None:
        self._driver.stdin.close()
        try:
            self._driver.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._driver.kill()
            self._driver.wait()
        self._driver.stdout.close()
