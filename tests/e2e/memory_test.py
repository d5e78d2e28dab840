"""Hostile answers and the memory limit of the manifests: the exporter in a control group with that limit is not
killed, whatever one runtime answers."""

import contextlib
import gzip
import itertools
import os
import re
import time
import unittest

from programs import ProgramTest
from support import MIB, SANITIZED, eventually

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
# Where the exporter of one runtime gets its limit, in MiB.
LIMITS = {"k8s/base/deployment.yaml": r"limits:\n +memory: (\d+)Mi\n", "k8s/sidecar/patch.yaml": r"limits:\n +memory: (\d+)Mi\n",
          "k8s/helm/buntime-exporter/templates/_helpers.tpl": r'memory: .* "(\d+)Mi" \(eq .Values.mode "fleet"\)',
          "deploy/compose.yaml": r"(?s)  exporter:\n.*?mem_limit: (\d+)m\n"}
# The same for the exporter of a fleet, which has the size that k8s/README.md promises.
FLEET_LIMITS = {"k8s/fleet/exporter/deployment.yaml": r"limits:\n +memory: (\d+)Mi\n",
                "k8s/helm/buntime-exporter/templates/_helpers.tpl": r'memory: .* "(\d+)Mi" "\d+Mi" \(eq .Values.mode "fleet"\)'}
FLEET = r"(\d+) runtimes of (\d+)\s+workers each"
NUMBERS = itertools.count()
# Of both versions: where groups are, and the file of the limit.
VERSIONS = [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def limit_of(limits):
    """The one that all manifests have."""
    found = {int(re.search(pattern, read(manifest))[1]) for manifest, pattern in limits.items()}
    assert len(found) == 1, found
    return found.pop() * MIB


def make_group(limit):
    """A control group with that limit of memory; skips the test where this user may make none."""
    for folder, file in VERSIONS:
        group = os.path.join(folder, f"buntime-test-{os.getpid()}-{next(NUMBERS)}")
        if not os.path.exists(os.path.join(folder, "cgroup.procs")):
            continue  # a folder of hierarchies, none itself
        try:
            os.mkdir(group)
            with open(os.path.join(group, file), "w", encoding="ascii") as out:
                out.write(str(limit))
            return group
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(group)
    raise unittest.SkipTest("no control group with a limit of memory can be made here")


def stats(workers):
    return b'{"pool":{"activeWorkers":1,"uptimeMs":100000,"hits":1},"workers":{' + b",".join(workers) + b"}}"


def filled(size, piece):
    """As many workers as fit into that many bytes."""
    return stats([piece % i for i in range(size // (len(piece % 1_000_000) + len(",")))])


@unittest.skipIf(SANITIZED, "a sanitizer takes more memory than any limit")
class MemoryLimitTest(ProgramTest):
    def start(self, limit, *flags):
        group = make_group(limit)
        self.addCleanup(os.rmdir, group)
        exporter = self.exporter(*flags)
        self.addCleanup(exporter.stop)
        with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as out:
            out.write(str(exporter.pid))
        return exporter

    def test_one_runtime_may_answer_anything(self):
        size = 16 * MIB - 4096
        answers = {
            "many tiny workers": (filled(size, b'"%d":{}'), "too_large"),
            "as many workers as are read": (filled(size, b'"a-%07d@1":{"requestCount":1,"ageMs":1,"status":"active","errorCount":0,"idle":"'
                                                   + b"x" * 20 + b'"}'), "ok"),
            "large names": (filled(size, b'"' + b"n" * 250 + b'%07d":{"requestCount":1}'), "ok"),
            "an endless number": (b'{"pool":{"hits":' + b"1" * size + b"}}", "not_json"),
            "60 MB of blanks": (b" " * (60 * MIB), "too_large"),
        }
        limit = limit_of(LIMITS)
        current = [None]
        packed = {name: gzip.compress(body, 1) for name, (body, _) in answers.items()}
        runtime = self.fake_runtime(lambda _: (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"},
                                               packed[current[0]]))
        for name, (_, outcome) in answers.items():
            with self.subTest(name):
                current[0] = name
                exporter = self.start(limit, "--runtime.url", runtime.url + "/stats")
                eventually(lambda: exporter.metrics().outcome() == outcome, deadline=30)
                time.sleep(2)  # some more polls of the same
                page = exporter.metrics()
                self.report(f"{name}: {len(packed[name]) >> 10} KiB, {exporter.memory()[1] // MIB} MiB at the most")
                self.assertTrue(exporter.running())
                exporter.stop()

    def test_a_fleet_fits(self):
        """As large as is promised, none of it forgotten, while one of its runtimes answers as much as it may."""
        runtimes, workers = map(int, re.search(FLEET, read("k8s/README.md")).groups())
        sim = self.simulator("--runtimes", str(runtimes), "--workers", str(workers))
        config = self.write("fleet.yml", "modules: {default: {allowed_targets: [127.0.0.1/32], timeout: 8s}}\n")
        exporter = self.start(limit_of(FLEET_LIMITS), "--config.file", config)
        for fault in (None, "huge-body=15MiB"):
            if fault:
                sim.fault(fault, runtime=1)
            for url in sim.urls:
                answer = exporter.get(f"/probe?target={url}", headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
                self.assertIn("\nbuntime_up 1\n", answer.text)
        self.assertEqual([line for line in exporter.log(level="warn") if "forgot" in line["msg"]], [])
        self.report(f"{runtimes} runtimes of {workers} workers: {exporter.memory()[1] // MIB} MiB at the most")


if __name__ == "__main__":
    unittest.main()
