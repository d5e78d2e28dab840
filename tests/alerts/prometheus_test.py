"""A real Prometheus loads all rule files, finds every rule healthy and silent, and evaluates all groups over a thousand
runtimes within a second.

The first scrapes follow each other closely, until the windows of minutes hold as many samples as in production; the
windows of days are full from the start. Time is what Prometheus says of itself
(prometheus_rule_group_last_duration_seconds): for each group the fastest evaluation that was seen, because what else
happens on the machine only adds to it, summed over all groups as if they ran one after the other.

Usage: prometheus_test.py [RUNTIMES]
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import alertlib

sys.path.insert(0, str(alertlib.ROOT / "tests" / "e2e"))

import prometheus_server  # noqa: E402
import thousand_runtimes  # noqa: E402
from client import fetch  # noqa: E402
from priority import ahead_of_the_neighbours  # noqa: E402
from support import Process, eventually  # noqa: E402

LIMIT = 1.0  # seconds
SAMPLES = 20  # as many as a window of 5 minutes holds in production
ROUNDS = 4  # evaluations that are looked at
MOST = 120  # seconds in which a busy machine may become quiet enough for one good evaluation of each group
DURATION = re.compile(r'^prometheus_rule_group_last_duration_seconds\{rule_group="[^"]*;(\w+)"\} (\S+)$', re.M)
EVALUATIONS = re.compile(r"^prometheus_rule_evaluations_total\{.*\} (\S+)$", re.M)


class Prometheus(prometheus_server.Prometheus):
    """With the rules, and with a past."""

    def __init__(self, address, folder):
        self._config = pathlib.Path(folder) / "prometheus.yml"
        self._address = address
        self._configure("1s")
        past = pathlib.Path(folder) / "past.om"
        with past.open("w") as file:
            file.writelines(thousand_runtimes.past(int(time.time())))
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", past, f"{folder}/data"], check=True,
                       capture_output=True)
        Process.__init__(self, ["prometheus", f"--config.file={self._config}", f"--storage.tsdb.path={folder}/data",
                                "--web.listen-address=127.0.0.1:0"], folder)

    def _configure(self, interval):
        self._config.write_text(json.dumps({
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": "5s"},
            "rule_files": [str(path) for path in alertlib.rule_files()],
            "scrape_configs": [{"job_name": "buntime", "static_configs": [{"targets": [self._address]}]}]}))

    def fill_windows(self):
        eventually(lambda: self.query("min(count_over_time(buntime_up[5m])) >= %d" % SAMPLES), deadline=120)
        self._configure("15s")
        self.signal(signal.SIGHUP)
        eventually(lambda: 'prometheus_target_interval_length_seconds_count{interval="15s"}' in self._page(), deadline=90)

    def _page(self):
        return fetch(self.url + "/metrics", timeout=60).text

    def groups(self):
        return json.loads(fetch(self.url + "/api/v1/rules", timeout=60).text)["data"]["groups"]

    def figures(self):
        """{group: seconds of its latest evaluation}, and how many rules have been evaluated since the start."""
        text = self._page()
        return ({group: float(seconds) for group, seconds in DURATION.findall(text)},
                sum(float(count) for count in EVALUATIONS.findall(text)))

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(prometheus, rules):
    """Seconds of the clock for all groups, at their fastest; processor seconds from one evaluation to the next."""
    spent, (_, before) = prometheus.processor_seconds(), prometheus.figures()
    fastest = {}
    end = time.monotonic() + MOST
    while True:
        durations, count = prometheus.figures()
        for group, seconds in durations.items():
            fastest[group] = min(seconds, fastest.get(group, seconds))
        rounds = (count - before) / rules
        if rounds >= ROUNDS and sum(fastest.values()) < LIMIT or time.monotonic() > end:
            return fastest, (prometheus.processor_seconds() - spent) / rounds
        time.sleep(1)


def main():
    runtimes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    ahead_of_the_neighbours()
    server = thousand_runtimes.Server(runtimes)
    with tempfile.TemporaryDirectory() as folder:
        prometheus = Prometheus(server.address, folder)
        try:
            prometheus.wait_until_ready()
            prometheus.fill_windows()
            state = prometheus.groups()
            rules = [rule for group in state for rule in group["rules"]]
            fastest, cost = measure(prometheus, len(rules))
            series = prometheus.total('count({job="buntime"})')
            apps = prometheus.total("count(app:buntime_app_errors_per_requests:ratio_rate3d)")
        finally:
            prometheus.kill()
            server.stop()
    sick = [f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}" for rule in rules if rule["health"] != "ok"]
    firing = [rule["name"] for rule in rules if rule.get("state", "inactive") != "inactive"]
    for group, seconds in fastest.items():
        print(f"{seconds:.3f} s {group}")
    print(f"{sum(fastest.values()):.3f} s for all {len(rules)} rules over {series:.0f} series of {runtimes} runtimes, "
          f"{cost:.3f} s of processor time with the scrapes between")
    for complaint in [f"not healthy: {line}" for line in sick] + [f"not silent on healthy runtimes: {name}" for name in firing]:
        print(complaint)
    complete = len(rules) == len(alertlib.all_rules()) and series > 30 * runtimes and apps == thousand_runtimes.APPS
    return 0 if complete and not sick and not firing and sum(fastest.values()) < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
