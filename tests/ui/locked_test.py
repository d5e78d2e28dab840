"""The page behind TLS and a password: the stream comes through, and without the password there is nothing."""

import unittest

from locked import CHEAP_HASH, PASSWORD, USER, LockedTest
from uitest import LIVELY, UiTest


class LockedPageTest(UiTest, LockedTest):
    def test_live_behind_a_password(self) -> None:
        self.configure(rest=f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}")
        sim = self.simulator("--warmup", "1m")
        exporter = self.exporter("--runtime.url", sim.url, "--web.config.file", self.path("web.yml"), *LIVELY)
        url = exporter.url.replace("http://127.0.0.1", "https://localhost")
        page = self.browser.page(ignoreHTTPSErrors=True, httpCredentials={"username": USER, "password": PASSWORD})
        self.addCleanup(page.close)
        self.assertEqual(page.goto(url + "/"), 200)
        page.until_live()
        before = page.text('[data-value="runtime.last_success"]')
        page.until(f"document.querySelector('[data-value=\"runtime.last_success\"]').textContent !== '{before}'")
        for path in ("/", "/workers", "/assets/app.css", "/api/view", "/api/workers", "/api/history", "/api/events"):
            self.assertEqual(self.get(exporter, path).status, 401, path)


if __name__ == "__main__":
    unittest.main()
