#!/usr/bin/env python3
"""The incident lab: simulators -> exporters -> Prometheus -> Alertmanager -> a receiver, and things that go wrong.

    EXPORTER=… SIMULATOR=… PROMETHEUS=… PROMTOOL=… ALERTMANAGER=… lab.py [--only NAME…] [--update]

Up to MOST_AT_ONCE incidents happen at the same time, each in a cluster of its own, while healthy ones beside them see
deploys, a scale-up and a night. Time runs FACTOR times as fast: a second is a minute. Fails unless exactly the expected
notifications arrive, and all of them are resolved after the cure. --update writes RESULTS.md and its quotation in alerts/README.md.
"""
import argparse
import pathlib
import resource
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parents[2] / "alerts/README.md"
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "alerts")]

import results  # noqa: E402
from clock import FACTOR  # noqa: E402
from incidents import INCIDENTS  # noqa: E402
from installation import QUIET_RUNS, Lab  # noqa: E402
from priority import ahead_of_the_neighbours  # noqa: E402
from support import eventually  # noqa: E402

MOST_AT_ONCE = 10  # two cores serve no more in time: their scrapes would be late, and what is late looks down
BASELINE = 20  # seconds of health before the faults: longer than the longest window that matters, 15 minutes
MOST_UNTIL_FIRED = 60
LINGER = 10  # after the last resolution: ten more minutes in which nothing else may come
MOST_UNTIL_RESOLVED = 60


def verdicts(lab, moments, firing):
    runs = [(incident.name, incident.expected, incident.factor) for incident in lab.incidents]
    for name, expected, factor in [*runs, *((name, frozenset(), FACTOR) for name in QUIET_RUNS)]:
        yield results.judge(name, expected, firing.get(name, frozenset()), lab.receiver.notifications, moments[name], factor)


def see_everything(lab):
    """Silence proves something only of what is watched."""
    eventually(lambda: lab.prometheus.counts("buntime_uptime_seconds") == lab.runtimes)


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
    lab.day()
    see_everything(lab)
    wait(BASELINE)
    moments = dict.fromkeys(QUIET_RUNS, (begin, begin))
    pending = {}
    for incident in lab.incidents:
        incident.fault(lab.sites[incident.name])
        moments[incident.name] = (time.monotonic(), None)
        pending[incident.name] = incident
    lab.noon()
    end = time.monotonic() + MOST_UNTIL_FIRED
    cure_at, firing = {}, {}
    night = False
    while pending:
        now = time.monotonic()
        for name, incident in list(pending.items()):
            if name not in cure_at and (fired(lab, incident) or now > end):
                cure_at[name] = now + incident.linger
            if now > cure_at.get(name, now + 1):
                firing[name] = lab.prometheus.firing(name)
                incident.cure(lab.sites[name])
                moments[name] = (moments[name][0], time.monotonic())
                del pending[name]
        if not night and now > begin + BASELINE + 20:
            lab.night()
            night = True
        time.sleep(0.1)
    wait(MOST_UNTIL_RESOLVED, lambda: not unresolved(lab))
    wait(LINGER)  # a cure must not raise alarms either
    see_everything(lab)
    return moments, firing


def rehearse(incidents):
    """Plays them, prints what is wrong. Returns the verdicts, and whether nothing else is wrong."""
    folder = tempfile.mkdtemp(prefix="buntime-lab-")
    lab = Lab(incidents, folder)
    try:
        lab.start()
        moments, firing = play(lab)
        judged = list(verdicts(lab, moments, firing))
        sick = lab.prometheus.sick_rules()
        strays = sorted({(n.cluster, n.alert) for n in lab.receiver.notifications if n.cluster not in moments})
    finally:
        lab.stop()
        shutil.rmtree(folder)
    for verdict in judged:
        if not verdict.ok:
            print(*results.timeline(verdict, lab.receiver.notifications, moments[verdict.name][0]), sep="\n")
    for complaint in [f"sick rule: {line}" for line in sick] + [f"unasked for: {stray}" for stray in strays]:
        print(complaint)
    return judged, not sick and not strays


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these incidents (and the quiet run)")
    parser.add_argument("--update", action="store_true", help="write RESULTS.md and quote it in alerts/README.md")
    options = parser.parse_args()
    names = options.only or [incident.name for incident in INCIDENTS]
    unknown = set(names) - {incident.name for incident in INCIDENTS}
    if unknown:
        parser.error(f"no such incident: {', '.join(sorted(unknown))}; there are "
                     + ", ".join(incident.name for incident in INCIDENTS))
    ahead_of_the_neighbours()
    chosen = [incident for incident in INCIDENTS if incident.name in names]
    started = time.monotonic()
    judged, quiet, clean = [], {}, True
    for first in range(0, len(chosen), MOST_AT_ONCE):
        found, nothing_else = rehearse(chosen[first:first + MOST_AT_ONCE])
        judged += found[:-len(QUIET_RUNS)]
        # of the quiet runs of all parts the worst
        quiet |= {verdict.name: verdict for verdict in found[-len(QUIET_RUNS):] if quiet.get(verdict.name, verdict).ok}
        clean = clean and nothing_else
    judged += quiet.values()
    wall = time.monotonic() - started
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = results.table(judged)
    print(text)
    print(f"{wall:.0f} s, {spent.ru_utime + spent.ru_stime:.0f} s of processor time")
    if options.update:
        (HERE / "RESULTS.md").write_text(results.page(text), encoding="utf-8")
        README.write_text(results.quoted(README.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0 if clean and all(verdict.ok for verdict in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
