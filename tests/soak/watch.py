"""The friend's side of a soak, a program of its own so that the crowd's work does not delay it: scrapes, asks for health,
reads what the system says of the exporter, and judges.

One argument, JSON: address, pid, ca, runtimes, follow, bounds. On standard input, lines of JSON: what is done
(World.tell); its end ends this. On standard output, lines of JSON: {"violation", "at"}, at the end {"figures"}.
"""

import contextlib
import gzip
import http.client
import json
import os
import ssl
import sys
import threading
import time

from exposition import Exposition
from figures import percentile, slope
from judge import Judge
from locked import basic
from support import MIB

SCRAPE_INTERVAL, HEALTH_INTERVAL = 1.0, 0.2
SCRAPE_SECONDS, HEALTH_SECONDS = 5.0, 1.0  # half of Prometheus' default timeout; what Kubernetes' probes wait by default
PATIENCE = 60  # the exporter may be stopped
SETTLE = 0.5  # a page is judged so much later, when all that was done before it has been told
LATE = 0.05


class Watch:
    def __init__(self, options):
        self.options = options
        self.judge = Judge(options["runtimes"], options["follow"])
        self.lock = threading.Lock()  # of the judge and of the lists
        self.over = threading.Event()
        self.scrapes, self.healths, self.pages = [], [], []
        self.samples = []  # (seconds, resident bytes)
        self.most = {"descriptors": 0, "threads": 0, "resident": 0}
        self.output = threading.Lock()

    def say(self, **line):
        with self.output:
            print(json.dumps(line), flush=True)

    def object(self, objections):
        for text in objections:
            self.say(violation=text, at=time.monotonic())

    def connect(self):
        context = ssl.create_default_context(cafile=self.options["ca"])
        return http.client.HTTPSConnection(*self.options["address"], timeout=PATIENCE, context=context)

    def ask(self, connection, path, headers):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body

    def exchange(self, path, headers, kept):
        """On a kept connection where there is one; the server may have closed that, which a client answers with a new one."""
        if kept:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.ask(kept[0], path, headers)
            kept.pop().close()
        connection = self.connect()
        try:
            answer = self.ask(connection, path, headers)
        except BaseException:
            connection.close()
            raise
        kept.append(connection)
        return answer

    def repeat(self, what, path, headers, interval, most, keep, taken):
        """Asks until it is over: on kept connections `keep` times, then on a new one."""
        kept, number, due = [], 0, time.monotonic()
        while not self.over.is_set():
            number += 1
            if kept and number % (keep + 1) == 0:
                kept.pop().close()
            asked = time.monotonic()
            try:
                status, body = self.exchange(path, headers, kept)
                answered, problem = time.monotonic(), None if status == 200 else f"status {status}: {body[:200]!r}"
            except (OSError, http.client.HTTPException) as error:
                answered, problem, body = time.monotonic(), f"{type(error).__name__}: {error}", b""
            if self.over.is_set():
                break
            taken(asked, answered, body, problem)
            with self.lock:
                # Once the events of that time are known.
                self.pages.append((answered + SETTLE, what, asked, answered, most, problem, body if what == "a scrape" else b""))
            due = max(due + interval, time.monotonic() - interval)
            self.over.wait(max(0.0, due - time.monotonic()))
        for connection in kept:
            connection.close()

    def judge_answers(self):
        while not self.over.wait(0.1):
            with self.lock:
                now = time.monotonic()
                ripe = [page for page in self.pages if page[0] <= now]
                self.pages = [page for page in self.pages if page[0] > now]
            for _, what, asked, answered, most, problem, body in ripe:
                with self.lock:
                    self.object(self.judge_answer(what, asked, answered, most, problem, body))

    def judge_answer(self, what, asked, answered, most, problem, body):
        if problem:
            return [] if self.judge.explained(asked, answered) else [f"{what} was not answered after {answered - asked:.2f} s: {problem}"]
        objections = self.judge.answer_time(what, asked, answered, most)
        if body:
            try:
                page = Exposition(body.decode())
            except AssertionError as error:
                return objections + [f"the page is wrong: {error}"]
            objections += self.judge.page(page, asked, answered)
            # It cannot count them when it has none to spare.
            objections += self.bound("descriptors", max(page.select("process_open_fds").values(), default=0))
        return objections

    def bound(self, what, value):
        self.most[what] = max(self.most[what], value)
        most = self.options["bounds"][what]
        return [f"{what}: {value:.0f}, at most {most} are expected"] if value > most else []

    def sample(self):
        while not self.over.wait(1.0):
            with contextlib.suppress(OSError):
                with open(f"/proc/{self.options['pid']}/status", encoding="ascii") as file:
                    status = dict(line.split(":", 1) for line in file)
                if "VmRSS" not in status:
                    continue  # it has ended
                resident = int(status["VmRSS"].split()[0]) * 1024
                self.samples.append((time.monotonic(), resident))
                self.object(self.bound("resident", resident) + self.bound("threads", int(status["Threads"])))

    def feel_the_pulse(self):
        """Where this thread runs late, or the exporter's threads wait for a processor, the machine was busy with others."""
        before = self.waits()
        woken = time.monotonic()
        while not self.over.is_set():
            slept = woken
            time.sleep(0.02)
            woken, waits = time.monotonic(), self.waits()
            late = max([woken - slept - 0.02, *(wait - before.get(thread, wait) for thread, wait in waits.items())])
            before = waits
            if late > LATE:
                with self.lock:
                    self.judge.stalls.add(woken - late, woken)

    def waits(self):
        """For how many seconds each of its threads has waited so far; not those that let others go first."""
        waits = {}
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{self.options['pid']}/task"):
                folder = f"/proc/{self.options['pid']}/task/{thread}/"
                with contextlib.suppress(OSError), open(folder + "schedstat", encoding="ascii") as times, \
                        open(folder + "stat", encoding="ascii") as status:
                    if int(status.read().rpartition(")")[2].split()[16]) <= os.getpriority(os.PRIO_PROCESS, 0):
                        waits[thread] = int(times.read().split()[1]) / 1e9
        return waits

    def run(self):
        def take_scrape(asked, answered, _body, problem):
            if problem is None:
                self.scrapes.append(answered - asked)

        def take_health(asked, answered, _body, problem):
            if problem is None:
                self.healths.append(answered - asked)

        threads = [
            threading.Thread(target=self.repeat, args=(
                "a scrape", "/metrics", {**basic(), "Accept-Encoding": "gzip"}, SCRAPE_INTERVAL, SCRAPE_SECONDS, 4, take_scrape)),
            threading.Thread(target=self.repeat, args=("health", "/-/healthy", {}, HEALTH_INTERVAL, HEALTH_SECONDS, 9, take_health)),
            threading.Thread(target=self.judge_answers), threading.Thread(target=self.sample),
            threading.Thread(target=self.feel_the_pulse)]
        for thread in threads:
            thread.start()
        for line in sys.stdin:
            with self.lock:
                self.judge.note(json.loads(line))
        self.over.set()
        for thread in threads:
            thread.join()
        self.say(figures=self.figures())

    def figures(self):
        late = self.samples[len(self.samples) // 4:]
        rise, width = slope(late)

        def times(values):
            return {"count": len(values), "p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": max(values, default=0)}

        return {"scrapes": times(self.scrapes), "health": times(self.healths), "polls": self.judge.polls(),
                "most": self.most, "resident_first": self.samples[0][1] / MIB if self.samples else 0,
                "resident_last": self.samples[-1][1] / MIB if self.samples else 0,
                "slope": rise * 3600 / MIB, "slope_confidence": width * 3600 / MIB,
                "stalls": self.judge.stalls.total}


if __name__ == "__main__":
    Watch(json.loads(sys.argv[1])).run()
