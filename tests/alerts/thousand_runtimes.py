"""What a Prometheus has to evaluate: a page with the series of very many runtimes, and the days before it."""
import contextlib
import http.server
import threading
import time

APPS = 10  # in all; each runtime has three of them
APPS_OF_RUNTIME = 3
DAY = 86400
STEP = 15  # seconds between evaluations in the past, as in production
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
# The records that rules read over days, and what they were.
REMEMBERED = {"app:buntime_app_requests:rate5m": (3000, 3), "app:buntime_app_errors:rate5m": (0.1, 3),
              "app:buntime_worker_memory_heap_used_bytes:avg": (4e7, 2)}


def page(runtimes, seconds):
    """The exposition `seconds` after the first one."""
    lines = []
    for number in range(runtimes):
        runtime = f'runtime="r{number}"'
        lines += [f"{name}{{{runtime}}} {value}" for name, value in STANDING.items()]
        lines += [f"{name}{{{runtime}}} {90000 + seconds * rise:.0f}" for name, rise in RISING.items()]
        lines += [f'buntime_poll_outcome{{{runtime},outcome="{outcome}"}} {value}'
                  for outcome, value in (("ok", 1), ("unauthorized", 0))]
        lines.append(f"buntime_last_success_timestamp_seconds{{{runtime}}} {time.time():.0f}")
        for app in range(number, number + APPS_OF_RUNTIME):
            labels = f'{runtime},app="app{app % APPS}",version="1.0.0"'
            lines += [f"{name}{{{labels}}} {value}" for name, value in STANDING_OF_APPS.items()]
            lines += [f"{name}{{{labels}}} {5000 + seconds * rise:.1f}" for name, rise in RISING_OF_APPS.items()]
            lines.append(f'buntime_worker_memory_heap_used_bytes{{{labels},worker="w{app}"}} 4e7')
    return "\n".join(lines).encode() + b"\n"


def past(end):
    """Days of records until `end`, as OpenMetrics."""
    for name, (value, days) in REMEMBERED.items():
        for app in range(APPS):
            version = ',version="1.0.0"' if "worker" in name else ""
            for step in range(days * DAY // STEP, 0, -1):
                yield f'{name}{{job="buntime",app="app{app}"{version}}} {value} {end - step * STEP:.0f}\n'
    yield "# EOF\n"


class Server:
    """Serves the page, on a port that the system picks."""

    def __init__(self, runtimes):
        started = time.monotonic()

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = page(runtimes, time.monotonic() - started)
                with contextlib.suppress(ConnectionError):  # a scrape that took too long, or the end
                    self.send_response(200)
                    self.send_header("Content-Type", "text/plain; version=0.0.4")
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
