"""What the scene cannot let happen: days that have passed, a cluster around the pod, a certificate."""
import http.server
import os
import pathlib
import subprocess
import threading
import time
import unittest

from support import binary

# As cAdvisor and kube-state-metrics of one cluster say it, and the process of the latter about itself.
CLUSTER = """
container_memory_working_set_bytes{namespace="shop",pod="buntime-0",container="buntime"} 6.5e8
kube_pod_container_resource_limits{namespace="shop",pod="buntime-0",container="buntime",resource="memory"} 1.073741824e9
kube_horizontalpodautoscaler_status_current_replicas{namespace="shop",horizontalpodautoscaler="buntime"} 2
kube_horizontalpodautoscaler_spec_max_replicas{namespace="shop",horizontalpodautoscaler="buntime"} 5
process_cpu_seconds_total 100
process_open_fds 10
process_max_fds 1000
process_resident_memory_bytes 1e9
process_start_time_seconds 1.7e9
""".lstrip()
DAYS = 3
STEP = 240  # seconds; a sample counts for five minutes


def write_history(labels: dict[str, str], data: str, folder: str) -> None:
    """Three days in which a pool grew from 1 to 9 workers."""
    series = ",".join(f'{name}="{value}"' for name, value in {"job": "buntime", **labels}.items())
    end, count = int(time.time()) - 60, DAYS * 86400 // STEP
    lines = [f"buntime_pool_total{{{series}}} {1 + 8 * number / count:.3f} {end - (count - number) * STEP}" for number in range(count)]
    path = pathlib.Path(folder, "history.om")
    path.write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    done = subprocess.run([binary("PROMTOOL"), "tsdb", "create-blocks-from", "openmetrics", path, data], check=False,
                          capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)


def write_tls(folder: str) -> str:
    """A web configuration with a certificate that lives a year; returns its path."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "365",
                    "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
    path = os.path.join(folder, "web.yml")
    pathlib.Path(path).write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n", encoding="utf-8")
    return path


def kubernetes(test: unittest.TestCase) -> str:
    """Serves the metrics of the cluster until the test ends; returns HOST:PORT."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(CLUSTER.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return f"127.0.0.1:{server.server_port}"
