"""HTTP from the side of a client: whole exchanges, and raw sockets for everything that is not by the book."""

import http.client
import socket
import statistics
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from support import TIME_FACTOR

TIMEOUT = 10 * TIME_FACTOR


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8")


def _answer(response):
    headers = {}
    for name, value in response.getheaders():
        assert name.lower() not in headers, f"the header {name} is sent twice"
        headers[name.lower()] = value
    return Answer(response.status, headers, response.read())


class Connection:
    """One connection that is kept alive."""

    def __init__(self, url, timeout=TIMEOUT):
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        self._connection.connect()
        self._connection.auto_open = 0  # a second connection would hide that the first was closed

    def request(self, path, method="GET", headers=None):
        self._connection.request(method, path, headers=headers or {})
        return _answer(self._connection.getresponse())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()


def fetch(url, method="GET", headers=None, timeout=TIMEOUT):
    """One exchange on a connection of its own."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with Connection(url, timeout) as connection:
        return connection.request(path, method, {"Connection": "close", **(headers or {})})


def connect(url, timeout=TIMEOUT, source=""):
    """A bare socket, from the address `source` where one is given."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=timeout, source_address=(source, 0))


def read_to_end(sock):
    pieces = []
    while piece := sock.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def raw_exchange(url, request):
    """Sends bytes as they are, and returns what comes until the server closes: status, headers, body."""
    with connect(url) as sock:
        sock.sendall(request)
        return split_answer(read_to_end(sock))


def split_answer(data):
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return Answer(int(lines[0].split(" ")[1]), {k.lower(): v for k, v in headers.items()}, body)


def median_seconds(action, count):
    """The median duration of `count` calls."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
