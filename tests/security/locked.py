"""An exporter behind a lock, and clients with and without keys to it."""

import base64
import http.client
import os
import ssl
import time
from urllib.parse import urlsplit

from client import Answer
from exposition import Exposition
from pki import Authority
from programs import ProgramTest
from support import TIME_FACTOR, eventually

TIMEOUT = 20 * TIME_FACTOR
USER, PASSWORD = "prometheus", "secret"
# Of that password, at the lowest cost and at the usual one.
CHEAP_HASH = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
USUAL_HASH = "$2y$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u"
RELOADS = "buntime_exporter_config_last_reload_successful"
EXPIRY = "buntime_exporter_web_certificate_expiry_timestamp_seconds"


def basic(user=USER, password=PASSWORD):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class PlainConnection:
    """One connection that is kept alive."""

    def __init__(self, address):
        self._open(http.client.HTTPConnection(*address, timeout=TIMEOUT))

    def _open(self, connection):
        self._connection = connection
        connection.connect()
        connection.auto_open = 0  # a second connection would hide that the first was closed

    def ask(self, path, headers=None, method="GET"):
        """The beginning of an answer, the rest of which has not been read."""
        self._connection.request(method, path, headers=headers or {})
        return self._connection.getresponse()

    def get(self, path, headers=None, method="GET"):
        response = self.ask(path, headers, method)
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class TlsConnection(PlainConnection):
    """The same over TLS."""

    def __init__(self, address, context, source=""):  # pylint: disable=super-init-not-called
        self._open(http.client.HTTPSConnection(*address, timeout=TIMEOUT, context=context, source_address=(source, 0)))

    @property
    def certificate(self):
        return self._connection.sock.getpeercert()


class LockedTest(ProgramTest):
    """A test with a CA, a server's certificate and a client's in its folder."""

    def setUp(self):
        self.ca = Authority(self.folder())
        self.ca.issue("server", "DNS:localhost,IP:127.0.0.1")
        self.ca.issue("client", "DNS:prometheus.test")

    def path(self, name):
        return os.path.join(self.folder(), name)

    def configure(self, tls="", rest="", name="web.yml"):
        """Writes the web configuration in one go, as those do who replace a file; returns its path."""
        lines = ["tls_server_config:", "  cert_file: server.pem", "  key_file: server.key"] if tls is not None else []
        lines += [f"  {line}" for line in (tls or "").splitlines()] + [rest]
        new = self.write(name + ".new", "\n".join(lines) + "\n")
        os.replace(new, self.path(name))
        return self.path(name)

    def start(self, *flags, runtime="http://127.0.0.1:1"):
        # Nothing listens there: a runtime that is down is enough to have metrics.
        return self.exporter("--runtime.url", runtime, "--web.config.file", self.path("web.yml"), *flags)

    @staticmethod
    def address(exporter):
        parts = urlsplit(exporter.url)
        return parts.hostname, parts.port

    def context(self, client=None, ca=None):
        context = ssl.create_default_context(cafile=ca or self.ca.file)
        if client:
            context.load_cert_chain(self.path(client + ".pem"), self.path(client + ".key"))
        return context

    def connect(self, exporter, client=None, context=None):
        return TlsConnection(self.address(exporter), context or self.context(client))

    def get(self, exporter, path, headers=None, client=None, context=None):
        """One exchange on a connection of its own."""
        with self.connect(exporter, client, context) as connection:
            return connection.get(path, headers)

    def page(self, exporter, headers=None, client=None):
        answer = self.get(exporter, "/metrics", headers, client)
        self.assertEqual(answer.status, 200)
        return Exposition(answer.text)

    def assert_turned_away(self, exporter, client=None, context=None):
        """The handshake fails, or (TLS 1.3: the client is through before the server has judged) what follows."""
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            self.get(exporter, "/-/healthy", client=client, context=context)

    def await_reload(self, exporter, count=1, message="reloaded the web configuration"):
        eventually(lambda: len(exporter.log(msg=message)) >= count)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def timed(action):
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
