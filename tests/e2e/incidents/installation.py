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
QUIET_PROBED = "quiet run, probed"
QUIET_BUSY = "quiet run, 100 requests a second on default manifests"
QUIET_RUNS = (QUIET, QUIET_DOCUMENTED, QUIET_PROBED, QUIET_BUSY)
NORMAL = ["--speed", str(FACTOR), "--warmup", "2h"]
POLLS = ["--poll.interval", "200ms", "--poll.peak-window", "1s"]  # 12 s and a minute
DOCUMENTED = ["--release", "documented", "--rps", "2"]  # each new worker has series of its own
BUSY = ["--app", "shop@1.0.0,rps=70", "--app", "blog@1.0.0,rps=30"]


class Lab:
    def __init__(self, incidents, folder):
        self._folder = folder
        self._processes = []
        self._flags = {}  # with which the exporter at a URL was started
        self.incidents = incidents
        self.sites = {}
        self.targets = stack.Targets(folder)
        self.receiver = stack.Receiver()

    def start(self):
        for incident in self.incidents:
            self.sites[incident.name] = self._site(incident)
        for seed, name, flags in ((50, QUIET, ()), (52, QUIET_DOCUMENTED, DOCUMENTED), (53, QUIET_PROBED, ()),
                                  (54, QUIET_BUSY, BUSY)):
            simulator = self._simulator(seed, *flags)
            start = self._prober if name == QUIET_PROBED else self._exporter
            self.sites[name] = Site(simulator, start(simulator.urls, name), self)
        self._reserve = self._simulator(51)
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
        """Starts the exporter of the site again, at the address that it had."""
        site.exporter = self._start(site.exporter.url.removeprefix("http://"), *self._flags[site.exporter.url])

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
        exporter = self._start("127.0.0.1:0", *runtimes, *POLLS, *flags)
        self.targets.add("buntime", exporter.url, cluster)
        return exporter

    def _prober(self, urls, cluster):
        """An exporter that polls only when a scrape asks for a runtime; Prometheus knows the runtimes."""
        path = os.path.join(self._folder, "modules.yml")
        pathlib.Path(path).write_text("modules: {default: {allowed_targets: [127.0.0.1/32]}}\n", encoding="utf-8")
        exporter = self._start("127.0.0.1:0", "--config.file", path, "--probe.timeout-offset", "20ms")
        for url in urls:
            self.targets.add("probe", url, cluster, __exporter=exporter.url.removeprefix("http://"))
        self.targets.add("buntime-exporter", exporter.url, cluster)
        return exporter

    def _start(self, address, *flags):
        exporter = self._adopt(Exporter(["--web.listen-address", address, *flags], self._folder))
        exporter.wait_until_listening()
        self._flags[exporter.url] = flags
        return exporter

    def _site(self, incident):
        key_flags = [(), ()]
        if incident.key:
            path = os.path.join(self._folder, "key")
            pathlib.Path(path).write_text("open-sesame\n", encoding="utf-8")
            key_flags = [("--api-key-file", path), ("--runtime.api-key-file", path)]
        simulator = self._simulator(1, "--runtimes", str(incident.runtimes), *incident.simulator, *key_flags[0])
        if incident.probed:
            return Site(simulator, self._prober(simulator.urls, incident.name), self)
        return Site(simulator, self._exporter(simulator.urls, incident.name, *key_flags[1]), self)
