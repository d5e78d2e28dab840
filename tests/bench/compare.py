#!/usr/bin/env python3
"""Measures the exporter beside what a user would write instead, in one run on one machine.

    tests/bench/compare.py [--build build/release] [--workers 500 10000] [--scrapes 7] [--only NAME…] [--svg FILE]

Each exporter polls the same simulated runtime and is scraped over a kept-alive connection. Printed, as Markdown:
median milliseconds of a gzip scrape right after a poll and of a repeated one, of a plain scrape right after a poll,
bytes, CPU milliseconds of a cycle (two polls and one gzip scrape), resident memory; then the peers' figures divided by ours.
--svg draws the first of these over the number of workers.
The peers are built in a temporary folder; one whose tools are missing is named and left out. They take:
    apt-get install golang-go golang-github-prometheus-client-golang-dev libcivetweb-dev nodejs npm
"""
import argparse
import http.client
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import chart

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = pathlib.Path(__file__).resolve().parent / "peers"
OURS = "buntime-exporter"
LEARNING = 3  # scrapes of each kind that are not counted: a regular scraper has been there before


def build_peers(work):
    """Yields (name, command); {url}, {port} and {ms} are filled in later."""
    def attempt(name, commands, run, **options):
        try:
            for command in commands:
                subprocess.run(command, check=True, capture_output=True, text=True, **options)
            return [(name, run)]
        except (OSError, subprocess.CalledProcessError) as error:
            detail = getattr(error, "stderr", "") or str(error)
            print(f"{name} is left out: {detail.strip().splitlines()[-1]}", file=sys.stderr)
            return []

    go = work / "go"
    shutil.copytree(PEERS / "go", go)
    yield from attempt("client_golang", [["go", "build", "-o", "peer", "main.go"]],
                       [str(go / "peer"), "{url}", "127.0.0.1:{port}", "{ms}ms"], cwd=go,
                       env={**os.environ, "GOPATH": "/usr/share/gocode", "GO111MODULE": "off"})
    cpp = str(work / "cpp-peer")
    yield from attempt("prometheus-cpp", [["g++", "-O2", "-std=c++20", str(PEERS / "cpp/main.cc"), "-o", cpp,
                                           "-lprometheus-cpp-pull", "-lprometheus-cpp-core", "-lcurl", "-lz", "-pthread"]],
                       [cpp, "{url}", "127.0.0.1:{port}", "{ms}"])
    node = work / "node"
    shutil.copytree(PEERS / "node", node)
    yield from attempt("prom-client", [["npm", "install", "--no-audit", "--no-fund", "prom-client"]],
                       ["node", str(node / "main.mjs"), "{url}", "{port}", "{ms}"], cwd=node)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Scraper:
    def __init__(self, port):
        self.port = port
        self.connection = None

    def get(self, gzip):
        """(milliseconds, body); reconnects once, since a server may close an idle connection."""
        for last in (False, True):
            self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            start = time.perf_counter()
            try:
                self.connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"} if gzip else {})
                body = self.connection.getresponse().read()
                return (time.perf_counter() - start) * 1e3, body
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                if last:
                    raise


def stat_of(pid):
    """(CPU seconds, resident MiB) of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks, int(fields[21]) * os.sysconf("SC_PAGESIZE") / 2**20


def measure(name, command, url, workers, scrapes):
    cycle = 2.0 if workers <= 10000 else 8.0
    port = free_port()
    filled = [part.format(url=url, port=port, ms=int(cycle * 500)) for part in command]
    process = subprocess.Popen(filled, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        scraper = Scraper(port)
        deadline = time.monotonic() + 60
        while True:
            try:
                if scraper.get(False)[1].count(b"\nbuntime_worker_requests_total{") == workers:
                    break
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} never served {workers} workers")
            time.sleep(0.1)
        row = {"exporter": name, "workers": workers}
        for kind, gzip in (("gzip", True), ("plain", False)):
            first, again = [], []
            for _ in range(LEARNING + scrapes):
                time.sleep(cycle)  # at least one poll has happened since
                elapsed, body = scraper.get(gzip)
                first.append(elapsed)
                again.append(scraper.get(gzip)[0])
            row[f"{kind} after a poll, ms"] = statistics.median(first[LEARNING:])
            if gzip:
                row["gzip again, ms"] = statistics.median(again[LEARNING:])
            row[f"{kind}, KiB"] = len(body) / 1024
        before = stat_of(process.pid)[0]
        for _ in range(5):
            time.sleep(cycle)
            scraper.get(True)
        cpu, resident = stat_of(process.pid)
        row["CPU a cycle, ms"] = (cpu - before) * 1e3 / 5
        row["resident, MiB"] = resident
        return row
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def print_table(rows):
    def line(cells):
        print("| " + " | ".join(cells) + " |", flush=True)

    line(rows[0])
    line(["---"] * len(rows[0]))
    for row in rows:
        line([f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row.values()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="folder with our binaries")
    parser.add_argument("--workers", type=int, nargs="+", default=[500, 10000])
    parser.add_argument("--scrapes", type=int, default=7)
    parser.add_argument("--only", nargs="+", help="names of exporters")
    parser.add_argument("--svg", type=pathlib.Path, metavar="FILE")
    options = parser.parse_args()

    ours = (OURS, [str(options.build / "buntime-exporter"), "--runtime.url", "{url}", "--poll.interval", "{ms}ms",
                   "--web.listen-address", "127.0.0.1:{port}", "--worker.limit", "1000000"])
    with tempfile.TemporaryDirectory() as work:
        exporters = [ours, *build_peers(pathlib.Path(work))]
        rows = []
        for workers in options.workers:
            simulator = subprocess.Popen([str(options.build / "buntime-simulator"), "--release", "documented", "--workers",
                                          str(workers)], stdout=subprocess.PIPE, text=True)
            try:
                url = simulator.stdout.readline().split()[-1] + "/metrics/api/metrics/stats"
                for name, command in exporters:
                    if not options.only or name in options.only:
                        rows.append(measure(name, command, url, workers, options.scrapes))
            finally:
                simulator.terminate()
                simulator.wait()
    print_table(rows)
    if options.svg:
        points = {}
        for row in rows:
            points.setdefault(row["exporter"], []).append((row["workers"], row["gzip after a poll, ms"]))
        options.svg.write_text(chart.draw("Compressed scrape right after a poll", "workers", "milliseconds",
                                          [(name, line, False) for name, line in points.items()], logarithmic=True),
                               encoding="utf-8")
    mine = {row["workers"]: row for row in rows if row["exporter"] == OURS}
    ratios = [{key: value / mine[row["workers"]][key] if isinstance(value, float) else value for key, value in row.items()}
              for row in rows if row["exporter"] != OURS and row["workers"] in mine]
    if ratios:
        print("\nTimes ours:\n")
        print_table(ratios)


if __name__ == "__main__":
    main()
