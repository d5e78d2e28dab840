"""What the rules say of recorded runtimes, whose truth is known, after half an hour of each.

A recording is a minute and a half. When it ends, the runtime starts again and everything happens again; so the exporter
has to tell restarts from workers that take their counts along.

Usage: recordings_test.py EXPORTER [unittest arguments]
"""
import json
import sys
import unittest

import alertlib
import coverage_test
import scraped
from fake_runtime import FakeRuntime, json_answer

EXPORTER = ""
RECORDINGS = alertlib.ROOT / "tests" / "fixtures" / "live"
PATHS = {"0.2.26": "/metrics/api/stats", "0.5.4": "/metrics/admin/stats"}
VERSIONS = {"0.2.26": "1.1.0", "0.5.4": "1.4.0"}  # of the runtime's package, as its health page says
SECONDS = 30 * 60
SCRAPE = 15
FILES = ["limits.yml", "buntime-pool.yml", "high-error-rate.yml", "slow-requests.yml"]

BROKEN = {("BuntimeWorkersNotServing", ""), ("BuntimeAppWorkersDying", "tmo"), ("BuntimeWorkerStartFailures", ""),
          ("BuntimeAppErrorBudgetBurn", "throws"), ("BuntimeAppErrorBudgetBurn", "tmo")}
EVICTING = {("BuntimePoolExhausted", ""), ("BuntimeHighUtilization", "")}
# (recording, size of its pool, seconds between polls, alerts that must fire, with the app where there is one)
RUNS = [
    # A fifth of the requests of `throws` throws in `busy`, half of them in `broken`.
    ("busy-0.5.4", 10, [5], {("BuntimeAppErrorBudgetBurn", "throws")}),
    # Three apps: a pool of three is full for ever, and healthy.
    ("hot2-0.5.4", 3, [5, SCRAPE], set()),
    # An app that never boots, one whose requests all time out, and a ttl=0 app that throws.
    ("broken-0.5.4", 10, [5, SCRAPE], BROKEN),
    # The queue of ttl=0 requests is full for twenty seconds in fifty, and refuses what no counter shows.
    ("ephfull-0.5.4", 10, [5], {("BuntimeEphemeralQueueNearLimit", "")}),
    # Two apps whose manifests say maxRequests: 50.
    ("mr50-0.5.4", 10, [5], set()),
    ("mr50-0.2.26", 10, [5], set()),
    # One app whose requests all time out, which shows errors, and one of whose requests a tenth does.
    ("timeouts-0.5.4", 10, [5], {("BuntimeAppErrorBudgetBurn", "tmo")}),
    ("versions-0.5.4", 10, [5], set()),
    # Seven apps in a pool of three.
    ("churn-0.2.26", 3, [5, SCRAPE], EVICTING),
]


class Runtime:
    """Answers as the recorded one did at the second that was set last."""

    def __init__(self, name):
        release = name.rpartition("-")[2]
        lines = (RECORDINGS / f"{name}.jsonl").read_text().splitlines()
        self._answers = [json.dumps(json.loads(line)["stats"]).encode() for line in lines]
        self._path = PATHS[release]
        self._health = json.dumps({"status": "ok", "version": VERSIONS[release]}).encode()
        self._second = 0
        self._server = FakeRuntime(self._answer)
        self.url = self._server.url

    def _answer(self, request):
        if request[0] == self._path:
            return json_answer(self._answers[self._second])
        return json_answer(self._health) if request[0].endswith("/api/health") else json_answer(b"{}", 404)

    def at(self, second):
        self._second = second % len(self._answers)

    def stop(self):
        self._server.stop()


def pages(name, pool_size, poll):
    """A page for each scrape, of an exporter that polls each `poll` seconds."""
    runtime = Runtime(name)
    try:
        with scraped.prober(EXPORTER, pool_size) as probe:
            for second in range(0, SECONDS, poll):
                runtime.at(second)
                page = probe(runtime.url)
                if second % SCRAPE == 0:
                    yield page
    finally:
        runtime.stop()


def sample(cluster, alert, app):
    labels = {"cluster": cluster, "alertname": alert} | ({"app": app} if app else {})
    return {"labels": "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}", "value": 1}


class RecordingsTest(unittest.TestCase):
    def test_the_alerts_of_every_recording(self):
        rules = [rule for rule in alertlib.all_rules() if rule.file in FILES]
        wanted = set().union(*(coverage_test.sources(rule, rules) for rule in rules if rule.alert))
        series, expected = [], []
        for name, size, polls, alerts in RUNS:
            for poll in polls:
                cluster = f"{name}, a poll each {poll} s"
                series += scraped.series(list(pages(name, size, poll)), cluster, wanted)
                expected += [sample(cluster, *alert) for alert in alerts]
        fired = 'count_over_time(ALERTS{alertstate="firing", severity!="info"}[1h])'
        complaint = scraped.judge(FILES, f"{SCRAPE}s", series, [
            {"expr": f"group by (cluster, alertname, app) ({fired})", "eval_time": f"{SECONDS}s", "exp_samples": expected}])
        self.assertFalse(complaint, complaint)


if __name__ == "__main__":
    EXPORTER = sys.argv.pop(1)
    unittest.main()
