"""All that runs in the lab: for each incident a simulator and an exporter, and one of everything that watches them."""
import os
import pathlib

import history
import stack
from clock import FACTOR
from incidents import Site
from programs import Exporter, Simulator

QUIET = "quiet run"
QUIET_DOCUMENTED = "quiet run, documented dialect"
QUIET_RUNS = (QUIET, QUIET_DOCUMENTED)
NORMAL = ["--speed", str(FACTOR), "--warmup", "2h"]
POLLS = ["--poll.interval", "200ms", "--poll.peak-window", "1s"]  # 12 s and a minute
DOCUMENTED = ["--release", "documented"]


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
        documented = self._simulator(52, *DOCUMENTED)
        self.sites[QUIET_DOCUMENTED] = Site(documented, self._exporter(documented.urls, QUIET_DOCUMENTED), self)
        released, self._reserve = self._simulator(50), self._simulator(51)
        self.sites[QUIET] = Site(released, self._exporter(released.urls, QUIET), self)
        self.runtimes = {incident.name: incident.runtimes for incident in self.incidents} | dict.fromkeys(QUIET_RUNS, 1)
        alertmanager = self._adopt(stack.Alertmanager(self.receiver.url, self._folder)).wait_until_ready()
        past = {incident.name: incident.history for incident in self.incidents if incident.history}
        past[QUIET_DOCUMENTED] = history.heaps
        series = [line for name, known in past.items() for line in known(name, self.sites[name])]
        self.prometheus = self._adopt(
            stack.Prometheus(alertmanager.url, self.targets, series, self._folder)).wait_until_ready()

    def stop(self):
        for process in self._processes:
            process.kill()
        self.receiver.stop()

    def revive_exporter(self, site):
        address = site.exporter.url.removeprefix("http://")
        site.exporter = self._adopt(Exporter(
            ["--web.listen-address", address, "--runtime.url", site.simulator.url, *POLLS], self._folder))
        site.exporter.wait_until_listening()

    def day(self):
        """A deploy a minute in the quiet runs."""
        self._quiet_runs("churn=1")

    def noon(self):
        """Five times the load in the quiet runs, and in one of them a second runtime, just started, to bear it."""
        self._quiet_runs("scale-up=5")
        self._reserve.control("restart")
        self._exporter(self._reserve.urls, QUIET)
        self.runtimes[QUIET] = 2

    def night(self):
        self._quiet_runs("quiet")
        self._reserve.control("scenario", name="quiet")

    def _quiet_runs(self, scenario):
        for name in QUIET_RUNS:
            self.sites[name].simulator.control("scenario", name=scenario)

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
