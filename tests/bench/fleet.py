#!/usr/bin/env python3
"""Measures one exporter beside a fleet of simulated runtimes.

    tests/bench/fleet.py [--build build/release] [--runtimes 1000] [--workers 50] [--interval 5] [--seconds 60]
                         [--churn-minutes 10]
    tests/bench/fleet.py --curve 1000 2000 4000 8000 --workers 10 [--svg exporter/docs/fleet.svg]

One fleet, three phases: a steady fleet; a tenth of it hanging; a tenth of it replaced each minute, by way of the configuration file.
Printed for each, as Markdown: share of a core that the exporter takes, resident memory, open files, polls of a healthy
runtime (the least, the most, and how many its interval allows), and the slowest 99th percentile of their durations.

--curve: fleets of several sizes, one after the other, each of them steady. Printed for each: share of a core and CPU seconds,
the share divided by that of the first fleet, resident memory, polls that were due and did not come, by how much the latest of
99 % started after it was due, and how long the slowest of 99 % took. A poll is due at the phase that its runtime's earliest
poll shows; looking at them costs the exporter time of its own, so that comes after the CPU was measured.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import resource
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
# pylint: disable=wrong-import-position
import chart
from programs import Exporter, Simulator
from support import eventually

POLLS = "buntime_exporter_polls_total"


class Fleet:
    """The runtimes as the exporter's configuration names them; a replaced one gets a new name."""

    def __init__(self, urls, interval, path):
        self.urls, self.interval, self.path = urls, interval, path
        self.generation = [0] * len(urls)
        self.next = 0

    def name(self, index):
        return f"r{index}-{self.generation[index]}"

    def names(self, indexes):
        return [self.name(index) for index in indexes]

    def write(self):
        lines = [f"poll: {{interval: {self.interval}s}}", "runtimes:"]
        lines += [f"  - {{name: {self.name(i)}, url: \"{url}\"}}" for i, url in enumerate(self.urls)]
        new = self.path + ".new"
        pathlib.Path(new).write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.replace(new, self.path)

    def replace(self, count):
        for _ in range(count):
            self.generation[self.next] += 1
            self.next = (self.next + 1) % len(self.urls)
        self.write()

    def in_motion(self, latest, upcoming):
        """The runtimes that were replaced last, which may not have been polled yet, and those that are next."""
        return {(self.next + i) % len(self.urls) for i in range(-latest, upcoming)}


def read(exporter, metric, names):
    """One metric of each of these runtimes. The page has a million lines: only those that matter are looked at."""
    lines = re.findall(
        rf'^{metric}{{(?:outcome="ok",)?runtime="([^"]+)"}} (\S+)$', exporter.get("/metrics").text, re.MULTILINE)
    values = dict(lines)
    return [float(values[name]) for name in names]


def targets(exporter):
    return json.loads(exporter.get("/targets", headers={"Accept": "application/json"}).text)["runtimes"]


def wait_until_up(exporter):
    eventually(lambda: all(target["state"] == "up" for target in targets(exporter)), 60)


def measure(exporter, fleet, healthy, seconds, each=lambda: None):
    """A row of the table, over so many seconds; `each` runs every six of them."""
    names = fleet.names(healthy)
    before = read(exporter, POLLS, names)
    cpu, started = exporter.cpu_seconds(), time.monotonic()
    while (left := started + seconds - time.monotonic()) > 0:
        time.sleep(min(6, left))
        each()
    took = time.monotonic() - started
    share = (exporter.cpu_seconds() - cpu) / took
    rises = [after - earlier for after, earlier in zip(read(exporter, POLLS, names), before)]
    durations = sorted(read(exporter, "buntime_poll_duration_seconds", names))
    open_files = re.search(r"^process_open_fds (\d+)$", exporter.get("/metrics").text, re.MULTILINE)[1]
    return [f"{share:.1%}", f"{exporter.memory()[0] / (1 << 20):.0f} MiB", open_files,
            f"{min(rises):.0f} to {max(rises):.0f} of {took / fleet.interval:.1f}",
            f"{durations[int(len(durations) * 0.99)] * 1000:.1f} ms"]


def show(name, row):
    print(f"| {name} | {' | '.join(row)} |", flush=True)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def timing(exporter, interval, seconds):
    """Polls that did not come, and of the others how late they started and how long they took, in seconds."""
    starts, durations = {}, []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for target in targets(exporter):
            start = target["last_poll"] - target["poll_seconds"]
            known = starts.setdefault(target["runtime"], [])
            if not known or start - known[-1] > interval / 10:
                known.append(start)
                durations.append(target["poll_seconds"])
        time.sleep(0.7 * interval)
    late, missed = [], 0
    for known in starts.values():
        after = [start - known[0] for start in known]
        due = min(each - interval * round(each / interval) for each in after)
        late += [each - due - interval * round((each - due) / interval) for each in after]
        missed += round(after[-1] / interval) + 1 - len(known)
    return missed, late, durations


def curve(options, folder):
    """Yields (runtimes, share of a core) and prints the table."""
    print(f"{options.workers} workers each, polled every {options.interval} s\n")
    print("| runtimes | of a core | CPU seconds | times the first | resident | polls missed | 99 % start within | 99 % take |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    first = None
    for count in options.curve:
        with fleet_of(options, count, folder) as (_, _, exporter):
            cpu, started = exporter.cpu_seconds(), time.monotonic()
            time.sleep(options.seconds)
            cpu, took = exporter.cpu_seconds() - cpu, time.monotonic() - started
            share, memory = cpu / took, exporter.memory()[0]
            first = first or share
            missed, late, durations = timing(exporter, options.interval, max(options.seconds / 2, 4 * options.interval))
            show(f"{count:,}", [f"{share:.1%}", f"{cpu:.2f} of {took:.0f}", f"{share / first:.2f}", f"{memory >> 20} MiB",
                                f"{missed} of {missed + len(durations):,}", f"{percentile(late, 0.99) * 1000:.1f} ms",
                                f"{percentile(durations, 0.99) * 1000:.1f} ms"])
            yield count, share


def draw_curve(points, options):
    per_runtime = points[0][1] / points[0][0]
    return chart.draw(
        f"Cost of a fleet ({options.workers} workers each, polled every {options.interval} s)", "runtimes", "% of a core",
        [("measured", [(count, share * 100) for count, share in points], False),
         ("in proportion to the smallest fleet", [(0, 0), (points[-1][0], points[-1][0] * per_runtime * 100)], True)])


@contextlib.contextmanager
def fleet_of(options, count, folder):
    """(simulator, fleet, exporter), all runtimes up."""
    simulator = Simulator(["--runtimes", str(count), "--workers", str(options.workers), "--release", "0.5.4",
                           "--auth", "off"], folder).wait_until_listening()
    fleet = Fleet(simulator.urls, options.interval, f"{folder}/fleet.yml")
    fleet.write()
    exporter = Exporter(["--config.file", fleet.path, "--web.listen-address", "127.0.0.1:0"], folder)
    try:
        exporter.wait_until_listening()
        wait_until_up(exporter)
        yield simulator, fleet, exporter
    finally:
        exporter.stop()
        simulator.stop()


def phases(options, folder):
    with fleet_of(options, options.runtimes, folder) as (simulator, fleet, exporter):
        everyone = range(options.runtimes)
        print(f"{options.runtimes} runtimes with {options.workers} workers each, polled every {options.interval} s\n")
        print("| phase | of a core | resident | open files | polls of a healthy runtime | 99 % of polls within |")
        print("|---|---|---|---|---|---|", flush=True)
        show("steady", measure(exporter, fleet, everyone, options.seconds))
        hanging = options.runtimes // 10
        for index in range(hanging):
            simulator.fault("stall", runtime=index)
        show("a tenth hangs", measure(exporter, fleet, everyone[hanging:], options.seconds))
        for index in range(hanging):
            simulator.clear(runtime=index)
        wait_until_up(exporter)
        for minute in range(1, options.churn_minutes + 1):
            lasting = sorted(set(everyone) - fleet.in_motion(options.runtimes // 20, options.runtimes // 8))
            row = measure(exporter, fleet, lasting, 60, lambda: fleet.replace(options.runtimes // 100))
            if minute in (1, options.churn_minutes):
                show(f"churn, minute {minute}", row)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build/release"))
    parser.add_argument("--runtimes", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--interval", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--churn-minutes", type=int, default=10)
    parser.add_argument("--curve", type=int, nargs="+", metavar="RUNTIMES")
    parser.add_argument("--svg", type=pathlib.Path)
    options = parser.parse_args()
    os.environ["EXPORTER"] = f"{options.build}/buntime-exporter"
    os.environ["SIMULATOR"] = f"{options.build}/buntime-simulator"
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    with tempfile.TemporaryDirectory(prefix="buntime-fleet-") as folder:
        if not options.curve:
            return phases(options, folder)
        points = list(curve(options, folder))
    if options.svg:
        options.svg.write_text(draw_curve(points, options), encoding="utf-8")


if __name__ == "__main__":
    main()
