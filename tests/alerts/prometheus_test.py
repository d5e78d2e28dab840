"""A real Prometheus loads all rule files, finds every rule healthy, and evaluates them over a thousand runtimes.

The runtimes are one page with the series of a thousand of them (three apps each), served from here. Scrapes every two
seconds give each window of the rules as many samples within a minute as it has in production. What counts is the time
of the processor and not that of the clock, so that a busy machine does not fail the test.

Usage: prometheus_test.py [RUNTIMES [SECONDS]]
"""
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import alertlib

LIMIT_SECONDS = 1.0
# What a healthy runtime shows: values that stand, and values that rise by so much a second.
STANDING = {"buntime_up": 1, "buntime_pool_size": 100, "buntime_pool_active": 12, "buntime_pool_idle": 3,
            "buntime_pool_creating": 0, "buntime_pool_total": 15, "buntime_ephemeral_queue_depth": 0,
            "buntime_ephemeral_queue_depth_peak": 0, "buntime_ephemeral_queue_limit": 100,
            "buntime_pool_evictions_total": 5, "buntime_workers_failed_total": 2}
RISING = {"buntime_uptime_seconds": 1, "buntime_pool_requests_total": 30, "buntime_pool_hits_total": 29,
          "buntime_pool_misses_total": 1, "buntime_workers_created_total": 1}
STANDING_OF_APPS = {"buntime_app_errors_total": 3}
RISING_OF_APPS = {"buntime_app_requests_total": 10, "buntime_app_request_duration_seconds_sum": 0.5,
                  "buntime_app_request_duration_seconds_count": 10}


def page(runtimes, seconds):
    lines = []
    for number in range(runtimes):
        runtime = f'runtime="r{number}"'
        lines += [f"{name}{{{runtime}}} {value}" for name, value in STANDING.items()]
        lines += [f"{name}{{{runtime}}} {90000 + seconds * rise:.0f}" for name, rise in RISING.items()]
        lines += [f'buntime_poll_outcome{{{runtime},outcome="{outcome}"}} {value}' for outcome, value in (("ok", 1), ("unauthorized", 0))]
        lines.append(f"buntime_last_success_timestamp_seconds{{{runtime}}} {time.time():.0f}")
        for app in range(3):
            labels = f'{runtime},app="app{app}",version="1.0.0"'
            lines += [f"{name}{{{labels}}} {value}" for name, value in STANDING_OF_APPS.items()]
            lines += [f"{name}{{{labels}}} {5000 + seconds * rise:.1f}" for name, rise in RISING_OF_APPS.items()]
            lines.append(f'buntime_worker_memory_heap_used_bytes{{{labels},worker="w{app}"}} 4e7')
    return "\n".join(lines).encode() + b"\n"


class Page(http.server.BaseHTTPRequestHandler):
    runtimes = 1000
    started = time.monotonic()

    def do_GET(self):
        body = page(self.runtimes, time.monotonic() - self.started)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(port):
    return alertlib.yaml.safe_dump({
        "global": {"scrape_interval": "2s", "evaluation_interval": "5s"},
        "rule_files": [str(path) for path in alertlib.rule_files()],
        "scrape_configs": [{"job_name": "buntime", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]})


def groups(url):
    with urllib.request.urlopen(url + "/api/v1/rules", timeout=10) as answer:
        return json.load(answer)["data"]["groups"]


def series(url):
    with urllib.request.urlopen(url + "/api/v1/query?query=count(%7Bjob%3D%22buntime%22%7D)", timeout=10) as answer:
        result = json.load(answer)["data"]["result"]
        return int(result[0]["value"][1]) if result else 0


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def evaluated(url):
    """How many rules have been evaluated since the start."""
    with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("prometheus_rule_evaluations_total{"))


def wait_until_ready(url, process):
    while process.poll() is None:
        try:
            return groups(url)
        except OSError:
            time.sleep(0.2)
    raise SystemExit("Prometheus did not start")


def measure(url, seconds, process):
    """Processor seconds for one evaluation of all rules, scrapes and all, once the windows are full."""
    wait_until_ready(url, process)
    time.sleep(seconds / 2)
    spent, done = processor_seconds(process), evaluated(url)
    time.sleep(seconds / 2)
    rules = sum(len(group["rules"]) for group in groups(url))
    return (processor_seconds(process) - spent) / ((evaluated(url) - done) / rules)


def main():
    Page.runtimes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory) / "prometheus.yml"
        config.write_text(configuration(server.server_port))
        process = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
                                    f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"])
        url = f"http://127.0.0.1:{port}"
        try:
            cost = measure(url, seconds, process)
            state, count = groups(url), series(url)
        finally:
            process.terminate()
            process.wait()
            server.shutdown()
    rules = [rule for group in state for rule in group["rules"]]
    sick = [f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}" for rule in rules if rule["health"] != "ok"]
    firing = [rule["name"] for rule in rules if rule.get("state", "inactive") != "inactive"]
    print(f"{len(rules)} rules over {count} series of {Page.runtimes} runtimes: {cost:.3f} s for one evaluation of all groups")
    for complaint in [f"not healthy: {line}" for line in sick] + [f"not silent on healthy runtimes: {name}" for name in firing]:
        print(complaint)
    complete = len(rules) == len(alertlib.all_rules()) and count > 30 * Page.runtimes
    return 0 if complete and not sick and not firing and cost < LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
