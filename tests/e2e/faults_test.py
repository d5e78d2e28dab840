"""Every fault of the simulator that is cheap to serve, all of them at once, each on a runtime of its own, in both
dialects: the outcome, what is still served and for how long, what the log says and how often, and the way back.
Faults that weigh megabytes are in heavy_faults_test.py."""

import re
import socket
import subprocess
import time
import unittest

import heavy_faults_test
from programs import ProgramTest
from support import MEMORY_FACTOR, MIB, SANITIZED, binary, eventually

INTERVAL = 4 if SANITIZED else 1  # seconds
STALE_AFTER = 3 * INTERVAL

# What each fault makes of a poll, and words that the log uses for it. A fault that `ok` stands for is survived.
LIGHT = {
    "refuse": ("connect", "refused the connection"),
    "reset": ("connect", "onnection"),  # before, while or after the request is sent
    "close": ("connect", "closed the connection without an answer"),
    "not-http": ("connect", "does not speak HTTP"),
    "reset-body": ("connect", "broke off"),
    "truncate": ("connect", "broke off"),
    "drip": ("timeout", "timed out while receiving"),
    "slow-header": ("timeout", "timed out while waiting"),
    "stall": ("timeout", "timed out while waiting"),
    "stall-body": ("timeout", "timed out while receiving"),
    "long-length": ("too_large", "--poll.max-body"),
    "bad-gzip": ("not_json", "compressed"),
    "status=400": ("http_4xx", "400"),
    "status=401": ("unauthorized", "--runtime.api-key-file"),
    "status=403": ("unauthorized", "--runtime.api-key-file"),
    "status=404": ("not_found", "--runtime.plugin-base"),
    "status=418": ("http_4xx", "418"),
    "status=429": ("rate_limited", "less often"),
    "status=500": ("http_5xx", "500"),
    "status=502": ("http_5xx", "502"),
    "status": ("http_5xx", "503"),
    "status=206": ("not_json", "206"),
    "html": ("not_json", "web page (text/html)"),
    "wrong-type": ("ok", ""),
    "wrong-type=text/html": ("not_json", "web page (text/html)"),
    "no-type": ("ok", ""),
    "redirect-loop": ("not_json", "redirect (302)"),
    "redirect-away": ("not_json", "redirect (302)"),
    "empty-body": ("not_json", "empty body"),
    "not-json": ("not_json", "not JSON"),
    "array-root": ("schema", "an array instead of an object"),
    "null-pool": ("schema", "pool: null"),
    "deep": ("schema", "pool: an array"),
    "bom": ("not_json", "byte 0"),
    "trailing": ("not_json", "not JSON"),
    "nan": ("not_json", "not JSON"),
    "overflow": ("not_json", "too big"),
    "negative": ("ok", "negative"),
    "strings": ("ok", "wrong_type"),
    "null": ("ok", ""),
    "missing-pool": ("schema", "pool: missing"),
    "invalid-utf8": ("not_json", "invalid UTF-8"),
    "not-initialised": ("not_initialized", "no worker pool yet"),
    "unknown-states": ("ok", "unknown_state"),
    "duplicate-ids": ("ok", "duplicate_worker"),
    "hostile-names": ("ok", "unnamed_worker"),
    "long-ids": ("ok", "truncated_label"),
}

# Bytes beyond Content-Length are noticed, or not, depending on the packets that they come in. Never is it `ok`.
RACY = {"short-length"}

# What is left of a runtime once its data are too old.
FOR_EVER = {"buntime_up", "buntime_poll_outcome", "buntime_poll_duration_seconds",
            "buntime_last_success_timestamp_seconds", "buntime_exporter_polls_total",
            "buntime_exporter_anomalies_total"}


def simulated_faults():
    """The names that the simulator knows."""
    listing = subprocess.run([binary("SIMULATOR"), "--list"], capture_output=True, text=True, check=True).stdout
    faults = listing.split("scenarios (")[0]
    return {match.split("=")[0] for match in re.findall(r"^  (\S+)", faults, re.MULTILINE)}


def names_of(page, runtime):
    return {name for name, labels in page.samples if ("runtime", runtime) in labels}


class ListTest(unittest.TestCase):
    def test_every_fault_has_an_expectation(self):
        expected = {spec.split("=")[0] for spec in {*LIGHT, *RACY, *heavy_faults_test.HEAVY}}
        self.assertEqual(simulated_faults(), expected)


class SurplusTest(ProgramTest):
    def test_bytes_beyond_the_content_length(self):
        sim = self.simulator("--warmup", "30s", "--fault", "short-length")
        exporter = self.exporter("--runtime.url", sim.url)

        def failed_often():
            page = exporter.metrics()
            failed = sum(page.value("buntime_exporter_polls_total", outcome=outcome)
                         for outcome in ("not_json", "connect"))
            self.assertEqual(failed, sum(page.select("buntime_exporter_polls_total").values()))
            self.assertEqual(page.value("buntime_up"), 0)
            return failed >= 5

        eventually(failed_often)
        sim.clear()
        exporter.wait_until_up()


class FaultsTest(ProgramTest):
    """The whole life of a fault, for a fleet in which every runtime has another one."""

    def test_released_dialect(self):
        self.live_through("0.2.26")

    def test_documented_dialect(self):
        self.live_through("documented")

    def live_through(self, release):
        self.specs = {spec.replace("=", "-").replace("/", "-"): spec for spec in LIGHT}
        thief = self.listen_where_the_redirect_points()
        self.sim = self.simulator("--release", release, "--runtimes", str(len(LIGHT)), "--warmup", "30s")
        self.flags = ["--poll.interval", f"{INTERVAL}s", "--poll.stale-after", f"{STALE_AFTER}s"]
        for name, url in zip(self.specs, self.sim.urls):
            self.flags += ["--runtime.url", f"{name}={url}"]
        self.exp = self.exporter(*self.flags, fast=False)
        self.healthy = self.exp.wait_until_up(len(LIGHT))
        self.fetched = 0

        for index, spec in enumerate(self.specs.values()):
            if spec == "redirect-away":
                spec = f"redirect-away=http://127.0.0.1:{thief.getsockname()[1]}/stolen"
            self.sim.fault(spec, runtime=index)
        for name in self.specs:
            with self.subTest("outcome", fault=name):
                self.check_outcome(name)
        for name in self.specs:
            with self.subTest("nothing is frozen", fault=name):
                self.check_staleness(name)
        self.check_exporter_that_was_born_into_it()
        self.check_polls_go_on_and_the_log_does_not()
        with self.assertRaises(BlockingIOError, msg="a redirect was followed"):
            thief.accept()

        self.sim.clear()
        self.exp.wait_until_up(len(LIGHT))
        for name in self.specs:
            with self.subTest("recovery", fault=name):
                self.check_recovery(name)
        resident, most = self.exp.memory()
        self.report(f"resident {resident // MIB} MiB, at most {most // MIB} MiB")
        self.assertLess(most, 64 * MIB * MEMORY_FACTOR)

    def listen_where_the_redirect_points(self):
        thief = socket.create_server(("127.0.0.1", 0))
        thief.setblocking(False)
        self.addCleanup(thief.close)
        return thief

    def page(self):
        """What the exporter serves, at most a moment ago: reading it for every runtime anew would take long."""
        if time.monotonic() > self.fetched + 0.2:
            self.latest, self.fetched = self.exp.metrics(), time.monotonic()
        return self.latest

    def check_outcome(self, name):
        outcome, words = LIGHT[self.specs[name]]

        def reached():
            page = self.page()
            self.assertEqual(page.outcome(runtime=name), outcome)
            self.assertEqual(page.value("buntime_up", runtime=name), 1 if outcome == "ok" else 0)
            self.assertGreater(page.value("buntime_exporter_polls_total", runtime=name, outcome=outcome), 0)
            if outcome == "ok" and words:
                self.assertGreater(page.value("buntime_exporter_anomalies_total", runtime=name, kind=words), 0)
            return page

        eventually(reached)
        if outcome != "ok":
            causes = [line["cause"] for line in self.exp.log(runtime=name, outcome=outcome)]
            self.assertTrue(causes, "the log says nothing")
            self.assertIn(words, causes[-1])

    def check_staleness(self, name):
        survived = LIGHT[self.specs[name]][0] == "ok"

        def settled():
            left = names_of(self.page(), name)
            if survived:
                self.assertIn("buntime_runtime_info", left)
            else:
                self.assertEqual(left - FOR_EVER, set())
            self.assertLessEqual({"buntime_up", "buntime_last_success_timestamp_seconds"}, left)
            return True

        eventually(settled)

    def check_exporter_that_was_born_into_it(self):
        """One that has never seen the runtimes well says the same, and makes nothing up."""
        late = self.exporter(*self.flags, fast=False)

        def tried():
            page = late.metrics()
            for name, spec in self.specs.items():
                self.assertEqual(page.outcome(runtime=name), LIGHT[spec][0], name)
            return page

        page = eventually(tried)
        for name, spec in self.specs.items():
            if LIGHT[spec][0] != "ok":
                self.assertEqual(names_of(page, name) - FOR_EVER, set(), name)

    def check_polls_go_on_and_the_log_does_not(self):
        def talkative():
            """Who logs anything during three more polls of everybody."""
            before = self.exp.metrics()
            logged = {name: len(self.exp.log(runtime=name)) for name in self.specs}

            def three_more_polls():
                page = self.page()
                for name in self.specs:
                    polls = [sum(p.select("buntime_exporter_polls_total", runtime=name).values())
                             for p in (before, page)]
                    self.assertGreaterEqual(polls[1] - polls[0], 3, name)
                return True

            eventually(three_more_polls)
            return {name: self.exp.log(runtime=name)[count:] for name, count in logged.items()
                    if len(self.exp.log(runtime=name)) > count}

        # Again where the machine itself stood still for a moment, and with it polls timed out.
        eventually(lambda: self.assertEqual(talkative(), {}) or True, deadline=30)
        for name in self.specs:
            with self.subTest("one log line a change, not a poll", fault=name):
                outcomes = [line.get("outcome", "ok") for line in self.exp.log(runtime=name)
                            if line["msg"] in ("runtime is up", "runtime is down")]
                self.assertTrue(all(a != b for a, b in zip(outcomes, outcomes[1:])), outcomes)

    def check_recovery(self, name):
        def recovered():
            self.assertLessEqual(names_of(self.healthy, name), names_of(self.page(), name), "series are missing")
            if LIGHT[self.specs[name]][0] != "ok":
                last = self.exp.log(runtime=name)[-1]
                self.assertEqual(last["msg"], "runtime is up")
                self.assertRegex(last["down_for"], r"^(\d+m)?\d+s$")
            return True

        eventually(recovered)


if __name__ == "__main__":
    unittest.main()
