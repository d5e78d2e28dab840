"""Usage: soak.py MINUTES [SEED]

The real binary under everything that is done to it by accident or on purpose, for so long; README.md says what is done, what
has to hold, and what the figures mean. The environment names the binaries: EXPORTER and SIMULATOR.
"""

import collections
import http.client
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import threading
import time

from actions import Actions
from world import FOLLOW, World

AT_ONCE = 8  # actions
PAUSE = (0.2, 1.0)  # seconds between the beginnings of two
CALM = FOLLOW + 2  # at the end nothing is done, and all runtimes have to be up
SHOWN = 15  # actions before a violation
MOST_BUSY = 90  # percent; beyond it, that an action took too long is no fault of the exporter
LEAST_SLOPE_MINUTES, MOST_SLOPE = 20, 1.0  # MiB an hour


def busy():
    """In how many percent of the last ten seconds some program waited for a processor."""
    try:
        with open("/proc/pressure/cpu", encoding="ascii") as file:
            return float(file.read().split("avg10=")[1].split()[0])
    except OSError:
        return 0


class Soak:
    def __init__(self, minutes, seed):
        self.minutes, self.seed = minutes, seed
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.log = collections.deque(maxlen=400)  # (seconds, what)
        self.kinds = collections.Counter()
        self.violations = collections.Counter()
        self.figures = None
        self.folder = tempfile.mkdtemp(prefix="buntime-soak-")
        self.world = World(self.folder, seed)
        self.began = time.monotonic()

    def note(self, what):
        with self.lock:
            self.log.append((time.monotonic() - self.began, what))

    def violation(self, text, at):
        with self.lock:
            kind = text.split(":")[0].split(" is ")[0][:60]
            self.violations[kind] += 1
            if self.violations[kind] > 5:
                return  # enough has been shown
            print(f"VIOLATION at {at - self.began:.1f} s, seed {self.seed}: {text}", flush=True)
            before = [f"    {seconds:7.1f} s  {what}" for seconds, what in self.log if seconds <= at - self.began][-SHOWN:]
            print("\n".join(before), flush=True)
            print("\n".join(f"    log: {line}" for line in self.world.exporter.lines[-5:]), flush=True)

    def read_reports(self):
        for line in self.world.reports:
            report = json.loads(line)
            if "violation" in report:
                self.violation(report["violation"], report["at"])
            else:
                self.figures = report["figures"]

    def perform(self, name, alone, run):
        try:
            for wrong in run():
                self.violation(wrong, time.monotonic())
        except Exception as error:  # pylint: disable=broad-except
            starved = isinstance(error, (OSError, http.client.HTTPException)) and self.world.locks["process"].locked()
            if starved or not self.world.exporter.running():
                return  # it may close anything for want of descriptors; that it has ended is said once
            if busy() > MOST_BUSY:
                return self.note(f"nothing follows on this machine, on which all wait for a processor: {name}: {error}")
            self.violation(f"{name}: {type(error).__name__}: {error}", time.monotonic())
        finally:
            if alone:
                alone.release()
            self.note(f"end of: {name}")

    def act(self):
        actions = Actions(self.world, self.rng)
        running = []
        end = self.began + self.minutes * 60 - CALM
        while time.monotonic() < end and self.world.exporter.running():
            name, alone, run = actions.plan()
            time.sleep(self.rng.uniform(*PAUSE))
            running = [thread for thread in running if thread.is_alive()]
            if len(running) >= AT_ONCE or (alone and not alone.acquire(blocking=False)):
                continue
            self.note(name)
            self.kinds[run.__qualname__.split(".")[1]] += 1
            thread = threading.Thread(target=self.perform, args=(name, alone, run))
            thread.start()
            running.append(thread)
        for thread in running:
            thread.join()

    def run(self):
        reader = threading.Thread(target=self.read_reports)
        reader.start()
        self.act()
        self.note("calm")
        time.sleep(CALM)
        if not self.world.exporter.running():
            self.violation("the exporter has ended", time.monotonic())
        self.world.end_watch()
        reader.join()
        for wrong in self.world.finish():
            self.violation(wrong, time.monotonic())
        self.report()
        shutil.rmtree(self.folder)
        return 1 if self.violations else 0

    def report(self):
        figures = self.figures
        for what in ("scrapes", "health"):
            times = figures[what]
            print(f"{what}: {times['count']}, p50 {times['p50'] * 1000:.1f} ms, p99 {times['p99'] * 1000:.1f} ms, "
                  f"max {times['max'] * 1000:.0f} ms (the exporter being stopped included)")
        print(f"polls of the runtimes: {figures['polls']}")
        print(f"actions: {sum(self.kinds.values())}: " + ", ".join(f"{kind} {count}" for kind, count in sorted(self.kinds.items())))
        most = figures["most"]
        print(f"at the most: {most['resident'] / (1 << 20):.1f} MiB resident, {most['descriptors']:.0f} descriptors, {most['threads']} threads")
        print(f"resident: {figures['resident_first']:.1f} MiB at first, {figures['resident_last']:.1f} MiB at last; slope of the last three "
              f"quarters {figures['slope']:+.2f} MiB/h, 95 % confidence ±{figures['slope_confidence']:.2f}")
        if self.minutes >= LEAST_SLOPE_MINUTES and figures["slope"] - figures["slope_confidence"] > MOST_SLOPE:
            self.violation(f"memory grows: {figures['slope']:.2f} MiB/h", time.monotonic())
        print(f"the machine kept the watch waiting for {figures['stalls']:.1f} s; memory "
              f"{'limited by a control group' if self.world.group else 'not limited: no control group can be made here'}")
        print(f"violations: {sum(self.violations.values())} (seed {self.seed}, {self.minutes:g} minutes)")
        for kind, count in self.violations.items():
            print(f"  {count} times: {kind}")


def main():
    minutes = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 31)
    print(f"soak of {minutes:g} minutes, seed {seed}", flush=True)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    status = Soak(minutes, seed).run()
    sys.stdout.flush()
    os._exit(status)  # a thread that a failure left behind does not keep this from ending


if __name__ == "__main__":
    main()
