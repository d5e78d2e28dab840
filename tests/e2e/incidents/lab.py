#!/usr/bin/env python3
"""The incident lab: simulators -> exporters -> Prometheus -> Alertmanager -> a receiver, and things that go wrong.

    EXPORTER=… SIMULATOR=… PROMETHEUS=… PROMTOOL=… ALERTMANAGER=… lab.py [--only NAME…] [--update]

All incidents happen at the same time, each in a cluster of its own, while a healthy one beside them sees deploys,
a scale-up and a night. Time runs FACTOR times as fast: a second is a minute. Fails unless exactly the expected
notifications arrive, and all of them are resolved after the cure. --update writes RESULTS.md.
"""
import argparse
import os
import pathlib
import resource
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "alerts")]

import results  # noqa: E402
import stack  # noqa: E402
from incidents import INCIDENTS, Site  # noqa: E402
from programs import Exporter, Simulator  # noqa: E402
from support import eventually  # noqa: E402

FACTOR = 60
BASELINE = 20  # seconds of health before the faults: longer than the longest window that matters, 15 minutes
MOST_UNTIL_FIRED = 60
LINGER = 10  # after the last expected notification: ten more minutes in which nothing else may come
MOST_UNTIL_RESOLVED = 60
QUIET = "quiet run"
NORMAL = ["--speed", str(FACTOR), "--warmup", "2h"]
POLLS = ["--poll.interval", "200ms", "--poll.peak-window", "1s"]  # 12 s and a minute


class Lab:
    def __init__(self, incidents, folder):
        self._folder = folder
        self._processes = []
        self.incidents = incidents
        self.sites = {}
        self.targets = stack.Targets(folder)
        self.receiver = stack.Receiver()

    def start(self):
        for incident in self.incidents:
            self.sites[incident.name] = self._site(incident)
        self.quiet = [self._simulator(seed) for seed in (50, 51)]
        self._exporter(self.quiet[0].urls, QUIET)
        self.quiet_runtimes = 1
        alertmanager = self._adopt(stack.Alertmanager(FACTOR, self.receiver.url, self._folder)).wait_until_ready()
        self.prometheus = self._adopt(stack.Prometheus(
            FACTOR, alertmanager.url, self.targets, self._history(), self._folder)).wait_until_ready()

    def stop(self):
        for process in self._processes:
            process.kill()
        self.receiver.stop()

    def revive_exporter(self, site):
        address = site.exporter.url.removeprefix("http://")
        site.exporter = self._adopt(Exporter(
            ["--web.listen-address", address, "--runtime.url", site.simulator.url, *POLLS], self._folder))
        site.exporter.wait_until_listening()

    def scale_up_quiet_run(self):
        """Five times the load, and one more runtime, just started, to bear it."""
        self.quiet[0].control("scenario", name="scale-up=5")
        self.quiet[1].control("restart")
        self._exporter(self.quiet[1].urls, QUIET)
        self.quiet_runtimes = 2

    def _adopt(self, process):
        self._processes.append(process)
        return process

    def _simulator(self, seed, *flags):
        return self._adopt(Simulator([*NORMAL, "--seed", str(seed), *flags], self._folder)).wait_until_listening()

    def _exporter(self, urls, cluster, *flags):
        names = [""] if len(urls) == 1 else [f"r{number}=" for number in range(len(urls))]
        runtimes = [text for name, url in zip(names, urls) for text in ("--runtime.url", name + url)]
        exporter = self._adopt(Exporter(["--web.listen-address", "127.0.0.1:0", *runtimes, *POLLS, *flags], self._folder))
        exporter.wait_until_listening()
        self.targets.add(exporter.url, cluster)
        return exporter

    def _site(self, incident):
        key_flags = [(), ()]
        if incident.key:
            path = os.path.join(self._folder, "key")
            pathlib.Path(path).write_text("open-sesame\n", encoding="utf-8")
            key_flags = [("--api-key-file", path), ("--runtime.api-key-file", path)]
        simulator = self._simulator(1, "--runtimes", str(incident.runtimes), *incident.simulator, *key_flags[0])
        exporter = self._exporter(simulator.urls, incident.name, *key_flags[1])
        return Site(simulator, exporter, self)

    def _history(self):
        """Three days of an app's usual rates, so that its error budget is known as in a grown installation."""
        series = {}
        for incident in self.incidents:
            if not incident.history:
                continue
            world = self.sites[incident.name].simulator.truth()["worlds"][0]
            app = next(app for app in world["apps"] if app["app"] == incident.history)
            labels = f'{{cluster="{incident.name}",job="buntime",app="{incident.history}"}}'
            warmup = 7200 / FACTOR
            for field in ("requests", "errors"):
                series[f"app:buntime_app_{field}:rate5m{labels}"] = app[field] / warmup
        return (series, 3 * 86400 / FACTOR) if series else None


def verdicts(lab, moments, firing):
    for name, expected in [*((incident.name, incident.expected) for incident in lab.incidents), (QUIET, frozenset())]:
        yield results.judge(name, expected, firing.get(name, frozenset()), lab.receiver.notifications, moments[name])


def see_everything(lab):
    """Silence proves something only of what is watched."""
    runtimes = {incident.name: incident.runtimes for incident in lab.incidents} | {QUIET: lab.quiet_runtimes}
    eventually(lambda: lab.prometheus.counts("buntime_uptime_seconds") == runtimes)


def fired(lab, incident):
    got = {(n.receiver, n.alert) for n in lab.receiver.notifications if n.cluster == incident.name and not n.resolved}
    return incident.expected <= got


def unresolved(lab):
    last = {(n.cluster, n.receiver, n.alert): n.resolved for n in list(lab.receiver.notifications)}
    return sorted(key for key, resolved in last.items() if not resolved)


def wait(seconds, until=lambda: False):
    """Waits for `seconds` at the most; says whether it did not take so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if until():
            return True
        time.sleep(0.1)
    return False


def play(lab):
    """Everything happens. Returns {name: (fault, cure) in seconds of the monotonic clock}, and for each name what fired
    in Prometheus right before the cure, whether somebody was told or not."""
    begin = time.monotonic()
    lab.quiet[0].control("scenario", name="churn=1")
    see_everything(lab)
    wait(BASELINE)
    moments = {QUIET: (begin, begin)}
    pending = {}
    for incident in lab.incidents:
        incident.fault(lab.sites[incident.name])
        moments[incident.name] = (time.monotonic(), None)
        pending[incident.name] = incident
    lab.scale_up_quiet_run()
    end = time.monotonic() + MOST_UNTIL_FIRED
    cure_at, firing = {}, {}
    night = False
    while pending:
        now = time.monotonic()
        for name, incident in list(pending.items()):
            if name not in cure_at and (fired(lab, incident) or now > end):
                cure_at[name] = now + LINGER
            if now > cure_at.get(name, now + 1):
                firing[name] = lab.prometheus.firing(name)
                incident.cure(lab.sites[name])
                moments[name] = (moments[name][0], time.monotonic())
                del pending[name]
        if not night and now > begin + BASELINE + 20:
            lab.quiet[0].control("scenario", name="quiet")
            lab.quiet[1].control("scenario", name="quiet")
            night = True
        time.sleep(0.1)
    wait(MOST_UNTIL_RESOLVED, lambda: not unresolved(lab))
    wait(LINGER)  # a cure must not raise alarms either
    see_everything(lab)
    return moments, firing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these incidents (and the quiet run)")
    parser.add_argument("--update", action="store_true", help="write RESULTS.md")
    options = parser.parse_args()
    names = options.only or [incident.name for incident in INCIDENTS]
    unknown = set(names) - {incident.name for incident in INCIDENTS}
    if unknown:
        parser.error(f"no such incident: {', '.join(sorted(unknown))}; there are "
                     + ", ".join(incident.name for incident in INCIDENTS))
    folder = tempfile.mkdtemp(prefix="buntime-lab-")
    lab = Lab([incident for incident in INCIDENTS if incident.name in names], folder)
    started = time.monotonic()
    try:
        lab.start()
        moments, firing = play(lab)
        judged = list(verdicts(lab, moments, firing))
        sick = lab.prometheus.sick_rules()
        strays = sorted({(n.cluster, n.alert) for n in lab.receiver.notifications if n.cluster not in moments})
    finally:
        lab.stop()
        shutil.rmtree(folder)
    wall = time.monotonic() - started
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = results.table(judged, FACTOR)
    print(text)
    print(f"{wall:.0f} s, {spent.ru_utime + spent.ru_stime:.0f} s of processor time")
    for verdict in judged:
        if not verdict.ok:
            print(*results.timeline(verdict, lab.receiver.notifications, moments[verdict.name][0]), sep="\n")
    for complaint in [f"sick rule: {line}" for line in sick] + [f"unasked for: {stray}" for stray in strays]:
        print(complaint)
    if options.update:
        (HERE / "RESULTS.md").write_text(results.page(text, FACTOR), encoding="utf-8")
    return 0 if all(verdict.ok for verdict in judged) and not sick and not strays else 1


if __name__ == "__main__":
    sys.exit(main())
