"""The command line: what is printed, what is refused and how, and the environment."""

import json
import os
import re
import signal
import socket
import time
import unittest

from programs import ProgramTest
from support import TIME_FACTOR

SECRET = "s3cr3t-p4ss"
URL = "http://127.0.0.1:9"

# Flags, and what the one line about them has to say: which flag, which value, what is allowed.
WRONG = [
    (["--poll.interval", "banana"], ["--poll.interval", "'banana'", "500ms, 5s or 1m30s"]),
    (["--poll.interval", "50ms"], ["--poll.interval", "'50ms'", "at least 100ms"]),
    (["--poll.interval=-5s"], ["--poll.interval", "'-5s'", "duration"]),
    (["--poll.timeout", "10s"], ["--poll.timeout", "'10s'", "at most the interval, 5s"]),
    (["--poll.stale-after", "1s"], ["--poll.stale-after", "'1s'", "at least 5s"]),
    (["--poll.peak-window", "1ms"], ["--poll.peak-window", "'1ms'", "at least 5s"]),
    (["--poll.max-body", "lots"], ["--poll.max-body", "'lots'", "512KiB or 64MiB"]),
    (["--poll.max-body", "1"], ["--poll.max-body", "'1'", "1KiB to 1GiB"]),
    (["--poll.max-body", "2GiB"], ["--poll.max-body", "'2GiB'", "1KiB to 1GiB"]),
    (["--worker.limit", "many"], ["--worker.limit", "'many'", "whole number from 0 to 1000000"]),
    (["--worker.limit=-1"], ["--worker.limit", "'-1'", "whole number"]),
    (["--worker.limit", "1e3"], ["--worker.limit", "'1e3'", "whole number"]),
    (["--runtime.pool-size", "0"], ["--runtime.pool-size", "'0'", "from 1 to 1000000"]),
    (["--runtime.layout", "old"], ["--runtime.layout", "'old'", "auto, admin, api, documented, open"]),
    (["--runtime.plugin-base", "metrics"], ["--runtime.plugin-base", "'metrics'", "starts with /"]),
    (["--log.level", "loud"], ["--log.level", "'loud'", "info, debug, warn, error"]),
    (["--log.format", "xml"], ["--log.format", "'xml'", "logfmt, json"]),
    (["--web.telemetry-path", "m"], ["--web.telemetry-path", "'m'", "starts with /"]),
    (["--web.telemetry-path", "/-/healthy"], ["--web.telemetry-path", "'/-/healthy'", "another path"]),
    (["--once=maybe"], ["--once", "'maybe'", "true or false"]),
    (["--metrics.list=xml"], ["--metrics.list", "'xml'", "markdown, json"]),
    (["--poll.intervall", "5s"], ["--poll.intervall", "did you mean --poll.interval?"]),
    (["--no.such.thing"], ["--no.such.thing", "--help"]),
    (["stray"], ["stray", "--help"]),
    (["--poll.interval"], ["--poll.interval", "needs a value"]),
    (["--runtime.name", "line\nbreak"], ["--runtime.name", "printable"]),
    (["--runtime.name", "x" * 129], ["--runtime.name", "at most 128"]),
]
WRONG_URLS = [
    (["127.0.0.1:8000"], ["--runtime.url", "'127.0.0.1:8000'", "http://HOST:PORT"]),
    (["ftp://127.0.0.1"], ["--runtime.url", "'ftp://127.0.0.1'", "http and https"]),
    (["http://127.0.0.1:99999"], ["--runtime.url", "'http://127.0.0.1:99999'", "HOST:PORT"]),
    (["http://"], ["--runtime.url", "'http://'", "HOST"]),
    (["http://127.0.0.1/?x=1"], ["--runtime.url", "'…'", "query"]),
    ([URL, URL + "8"], [URL, "write NAME=http"]),
    ([URL + "/metrics/"], ["--runtime.url", "drop /metrics from its end"]),
    (["a=" + URL, "a=" + URL + "8"], ["'a'", "another runtime has this name"]),
]
WITH_PASSWORD = [
    f"http://user:{SECRET}@127.0.0.1:9", f"HTTPS://user:{SECRET}@127.0.0.1:9/x", f"http://{SECRET}@127.0.0.1",
    f"blue=http://user:{SECRET}@127.0.0.1:9", f"http://user:{SECRET}@127.0.0.1:9/stats",
    f"http://user:{SECRET}%40@127.0.0.1", f"http://user:{SECRET}/x@127.0.0.1", f"http://user:{SECRET}?@127.0.0.1",
    f"user:{SECRET}@127.0.0.1:9", f"http:/user:{SECRET}@127.0.0.1", f"http://user:{SECRET}@", f"ftp://u:{SECRET}@h",
]
NO_ADDRESSES = ["nonsense", "127.0.0.1:99999", "127.0.0.1", "[::1:80", "::1:80", "127.0.0.1:"]
BAD_ADDRESSES = ["256.1.1.1:1", "192.0.2.1:0", "no-such-host.invalid:0"]


class RefusalTest(ProgramTest):
    """One clear line, status 1, at once."""

    def refuse(self, *flags, environment=None):
        started = time.monotonic()
        exporter, status = self.run_exporter(*flags, environment=environment)
        self.assertLess(time.monotonic() - started, 5 * TIME_FACTOR)
        self.assertEqual(status, 1)
        self.assertEqual(exporter.output(), "")
        line = exporter.errors()
        self.assertRegex(line, r"\A[^\n]+\n\Z", "not exactly one line")
        for trace in ("terminate called", "what():", "#0 ", "std::"):
            self.assertNotIn(trace, line)
        return line

    def test_wrong_values(self):
        for flags, words in WRONG:
            with self.subTest(flags=flags):
                line = self.refuse("--runtime.url", URL, *flags)
                for word in words:
                    self.assertIn(word, line)

    def test_wrong_urls(self):
        for urls, words in WRONG_URLS:
            with self.subTest(urls=urls):
                line = self.refuse(*(flag for url in urls for flag in ("--runtime.url", url)))
                for word in words:
                    self.assertIn(word, line)

    def test_missing_url(self):
        line = self.refuse()
        self.assertIn("--runtime.url is missing", line)
        self.assertIn("http://localhost:8000", line)

    def test_passwords_in_urls_are_refused_and_not_repeated(self):
        for url in WITH_PASSWORD:
            with self.subTest(url=url):
                self.assertNotIn(SECRET, self.refuse("--runtime.url", url))
                self.assertNotIn(SECRET, self.refuse("--once", environment={"BUNTIME_EXPORTER_RUNTIME_URL": url}))
        self.assertIn("--runtime.api-key-file", self.refuse("--runtime.url", WITH_PASSWORD[0]))

    def test_taken_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            line = self.refuse("--runtime.url", URL, "--web.listen-address", address)
            self.assertIn(address, line)
            self.assertIn("in use", line)

    def test_bad_listen_addresses(self):
        for address in NO_ADDRESSES + BAD_ADDRESSES:
            with self.subTest(address=address):
                self.assertIn(address, self.refuse("--runtime.url", URL, "--web.listen-address", address))
        for address in NO_ADDRESSES:
            with self.subTest(check=address):
                self.assertIn(address, self.refuse("--runtime.url", URL, "--web.listen-address", address,
                                                   "--config.check"))

    def test_second_listen_address_bad(self):
        self.assertIn("oops", self.refuse("--runtime.url", URL, "--web.listen-address", "127.0.0.1:0",
                                          "--web.listen-address", "oops"))

    def test_key_files(self):
        empty = self.write("empty", "")
        blank = self.write("blank", " \n\n")
        lines = self.write("lines", f"{SECRET}\nX-Admin: yes\n")
        large = self.write("large", SECRET * 10_000)
        pipe = os.path.join(self.folder(), "pipe")
        os.mkfifo(pipe)
        for path, word in [("/no/such/key", "No such file"), (empty, "empty"), (blank, "empty"),
                           (lines, "more than one line"), (large, "64KiB"), (self.folder(), "directory"),
                           (pipe, "regular file")]:
            for mode in ([], ["--once"]):
                with self.subTest(path=path, mode=mode):
                    line = self.refuse("--runtime.url", URL, "--runtime.api-key-file", path,
                                       "--web.listen-address", "127.0.0.1:0", *mode)
                    self.assertIn(path, line)
                    self.assertIn(word, line)
                    self.assertNotIn(SECRET, line)

    def test_environment_is_checked_alike(self):
        line = self.refuse("--runtime.url", URL, environment={"BUNTIME_EXPORTER_POLL_INTERVAL": "soon"})
        self.assertIn("--poll.interval 'soon'", line)


class PrintingTest(ProgramTest):
    def printed(self, *flags):
        exporter, status = self.run_exporter(*flags)
        self.assertEqual((status, exporter.errors()), (0, ""))
        return exporter.output()

    def test_help(self):
        text = self.printed("--help")
        self.assertEqual(text, self.printed("-h"))
        self.assertLessEqual(max(map(len, text.splitlines())), 110)
        for flag in ["runtime.url", "runtime.name", "runtime.plugin-base", "runtime.layout", "runtime.pool-size",
                     "runtime.api-key-file", "poll.interval", "poll.timeout", "poll.stale-after",
                     "poll.peak-window", "poll.max-body", "app.limit", "worker.limit", "web.listen-address",
                     "web.telemetry-path", "log.level", "log.format", "once", "metrics.list", "version", "help"]:
            self.assertIn("--" + flag, text)

    def test_version(self):
        self.assertRegex(self.printed("--version"),
                         r"\Abuntime-exporter \d+\.\d+\.\d+ \(revision [^,()]+, [^()]+\)\n\Z")

    def test_catalogue(self):
        table = self.printed("--metrics.list").splitlines()
        rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]
        self.assertEqual({len(row) for row in rows}, {6})
        self.assertTrue(all(re.fullmatch("-+", cell) for cell in rows[1]))
        catalogue = json.loads(self.printed("--metrics.list=json"))
        self.assertEqual([row[0].strip("`") for row in rows[2:]], [metric["name"] for metric in catalogue])
        for metric, row in zip(catalogue, rows[2:]):
            self.assertEqual(set(metric), {"name", "type", "help", "documented", "released", "labels"})
            self.assertIn(metric["type"], {"counter", "gauge", "histogram", "summary"})
            self.assertEqual(row[1:4], [metric["type"], ", ".join(f"`{label}`" for label in metric["labels"]),
                                        metric["help"]])

    def test_the_documented_names_types_and_texts(self):
        catalogue = {metric["name"]: metric for metric in json.loads(self.printed("--metrics.list=json"))}
        for name, kind, text in [
                ("pool_size", "gauge", "Maximum pool size"), ("pool_active", "gauge", "Active workers"),
                ("pool_idle", "gauge", "Idle workers"), ("pool_creating", "gauge", "Workers being created"),
                ("pool_total", "gauge", "Total workers"),
                ("pool_utilization", "gauge", "Pool utilization ratio"),
                ("uptime_seconds", "counter", "Server uptime in seconds")]:
            metric = catalogue["buntime_" + name]
            self.assertEqual((metric["type"], metric["help"]), (kind, text))


class EnvironmentTest(ProgramTest):
    def test_every_flag_is_a_variable(self):
        sim = self.simulator("--plugin-base", "/m", "--warmup", "60s")
        exporter = self.exporter(fast=False, environment={
            "BUNTIME_EXPORTER_RUNTIME_URL": sim.url, "BUNTIME_EXPORTER_RUNTIME_NAME": "blue",
            "BUNTIME_EXPORTER_RUNTIME_PLUGIN_BASE": "/m", "BUNTIME_EXPORTER_RUNTIME_LAYOUT": "api",
            "BUNTIME_EXPORTER_RUNTIME_POOL_SIZE": "77", "BUNTIME_EXPORTER_POLL_INTERVAL": "300ms",
            "BUNTIME_EXPORTER_WORKER_LIMIT": "2", "BUNTIME_EXPORTER_LOG_FORMAT": "logfmt",
            "BUNTIME_EXPORTER_LOG_LEVEL": "debug", "BUNTIME_EXPORTER_WEB_TELEMETRY_PATH": "/metrics"})
        page = exporter.wait_until_up()
        self.assertEqual(page.value("buntime_pool_size", runtime="blue"), 77)
        self.assertEqual(len(page.select("buntime_worker_requests_total", runtime="blue")), 2)

    def test_flags_win(self):
        sim = self.simulator()
        exporter = self.exporter("--runtime.url", sim.url, "--runtime.name", "flag",
                                 environment={"BUNTIME_EXPORTER_RUNTIME_NAME": "variable"})
        self.assertEqual(exporter.wait_until_up().value("buntime_up", runtime="flag"), 1)

    def test_json_log(self):
        exporter, status = self.run_exporter("--once", "--runtime.url", URL, "--log.format", "json",
                                             "--runtime.name", 'quo"te')
        self.assertEqual(status, 1)
        lines = [json.loads(line) for line in exporter.errors().splitlines()]
        self.assertEqual([line.get("outcome") for line in lines], ["connect", None])  # the poll's line, and the reason again
        self.assertEqual(lines[0]["runtime"], 'quo"te')
        self.assertRegex(lines[0]["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_log_level(self):
        exporter, _ = self.run_exporter("--once", "--runtime.url", URL, "--log.level", "error")
        self.assertEqual([line["level"] for line in exporter.log()], ["error"])  # why it ends with 1; no line of the poll

    def test_interrupted_while_it_starts(self):
        exporter = self.exporter("--runtime.url", URL)
        exporter.signal(signal.SIGINT)
        self.assertEqual(exporter.wait(), 0)


if __name__ == "__main__":
    unittest.main()
