"""Stands in for Grafana in Compose: answers what verify.sh asks, from the files and variables that Grafana would read."""
import base64
import json
import os
import pathlib
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = pathlib.Path(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"])
DASHBOARDS = pathlib.Path("/etc/grafana/dashboards/buntime")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        login = "Basic " + base64.b64encode(f"admin:{SECRET.read_text().strip()}".encode()).decode()
        if self.path == "/api/health":
            return self.answer(200, {"database": "ok"})
        if self.headers.get("Authorization") != login:
            return self.answer(401, {})
        if self.path == "/api/search?tag=buntime":
            return self.answer(200, [{"uid": json.loads(path.read_text())["uid"]} for path in DASHBOARDS.glob("*.json")])
        works = os.environ.get("PROMETHEUS_URL") == "http://prometheus:9090"
        return self.answer(200 if works else 400, {})

    def do_HEAD(self):
        self.do_GET()

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(json.dumps(body, separators=(",", ":")).encode())


signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # process 1 hears no signal that it does not handle
HTTPServer(("", 3000), Handler).serve_forever()
