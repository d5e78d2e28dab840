#!/usr/bin/env python3
"""Usage: sse_load.py [--seconds N] EXPORTER SIMULATOR

What streaming costs: an exporter that polls each second, confined to one processor, is scraped each second, first by
itself, then with 200 clients that each get the page's document each second. Prints its share of that processor and the
latency of the scrapes. Then 10,000 clients come and go, 100 at a time, half of them without reading; prints the
memory and the descriptors before and after. Exits with 1 where a promise is broken: more than a tenth of a processor,
or something left behind.
"""

import argparse
import os
import pathlib
import selectors
import statistics
import sys
import tempfile
import time
import threading

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "e2e"))

from client import connect, fetch  # noqa: E402
from programs import Exporter, Simulator  # noqa: E402
from support import eventually  # noqa: E402

CLIENTS = 200
ROUNDS, CROWD = 100, 100
PATH = "/api/events"
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n".encode()


class Listeners(threading.Thread):
    """Clients that read whatever comes."""

    def __init__(self, url, count):
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()
        self.sockets = []
        self.events = 0
        self.ended = 0
        self.stopping = threading.Event()
        for _ in range(count):
            sock = connect(url)
            sock.sendall(REQUEST)
            self.sockets.append(sock)
            self.selector.register(sock, selectors.EVENT_READ)

    def run(self):
        while not self.stopping.is_set():
            for key, _ in self.selector.select(timeout=0.1):
                piece = key.fileobj.recv(1 << 18)
                self.events += piece.count(b"\nevent: view\n")
                if not piece:
                    self.ended += 1
                    self.selector.unregister(key.fileobj)

    def stop(self):
        self.stopping.set()
        self.join()
        for sock in self.sockets:
            sock.close()


def scrape(exporter, seconds):
    """Milliseconds of each of one scrape a second, and the share of a processor that the exporter took meanwhile."""
    took = []
    cpu, began = exporter.cpu_seconds(), time.monotonic()
    for index in range(seconds):
        time.sleep(max(0.0, began + index - time.monotonic()))
        asked = time.perf_counter()
        status = fetch(f"{exporter.url}/metrics", headers={"Accept-Encoding": "gzip"}).status
        took.append((time.perf_counter() - asked) * 1000)
        assert status == 200, status
    return took, (exporter.cpu_seconds() - cpu) / (time.monotonic() - began)


def describe(name, took, share):
    percentile = statistics.quantiles(took, n=100, method="inclusive")
    print(f"{name}: {share:.1%} of a processor, scrape {percentile[49]:.1f} ms (median), {percentile[98]:.1f} ms (p99)")


def crowds(url, count):
    for _ in range(count):
        sockets = [connect(url) for _ in range(CROWD)]
        for sock in sockets:
            sock.sendall(REQUEST)
        for sock in sockets[::2]:
            sock.recv(1 << 16)
        for sock in sockets:
            sock.close()


def settled(exporter):
    """Resident bytes and descriptors, once those who have gone are noticed."""
    def descriptors():
        return len(os.listdir(f"/proc/{exporter.pid}/fd"))

    eventually(lambda: descriptors() < 30)
    return exporter.memory()[0], descriptors()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exporter")
    parser.add_argument("simulator")
    parser.add_argument("--seconds", type=int, default=30)
    given = parser.parse_args()
    os.environ.update(EXPORTER=given.exporter, SIMULATOR=given.simulator)
    with tempfile.TemporaryDirectory() as folder:
        simulator = Simulator(["--warmup", "10m", "--pool-size", "100"], folder)
        exporter = None
        try:
            simulator.wait_until_listening()
            exporter = Exporter(["--web.listen-address", "127.0.0.1:0", "--runtime.url", simulator.url,
                                 "--poll.interval", "1s"], folder).wait_until_listening()
            exporter.wait_until_up()
            os.sched_setaffinity(exporter.pid, {0})
            for task in os.listdir(f"/proc/{exporter.pid}/task"):
                os.sched_setaffinity(int(task), {0})

            took, share = scrape(exporter, given.seconds)
            describe("alone", took, share)
            listeners = Listeners(exporter.url, CLIENTS)
            listeners.start()
            took, busy_share = scrape(exporter, given.seconds)
            listeners.stop()
            describe(f"with {CLIENTS} listeners", took, busy_share)
            print(f"events received: {listeners.events}, streams that ended: {listeners.ended}")

            crowds(exporter.url, ROUNDS)  # what the first of them leave in the hands of the allocator is no leak
            memory, descriptors = settled(exporter)
            crowds(exporter.url, ROUNDS)
            memory_after, descriptors_after = settled(exporter)
            print(f"{ROUNDS * CROWD} clients came and went: {memory >> 10} KiB and {descriptors} descriptors before, "
                  f"{memory_after >> 10} KiB and {descriptors_after} after")
            leaked = memory_after > memory + (1 << 20) or descriptors_after > descriptors + 2
            return int(busy_share > 0.1 or listeners.ended > 0 or leaked)
        finally:
            if exporter is not None:
                exporter.stop()
            simulator.stop()


if __name__ == "__main__":
    sys.exit(main())
