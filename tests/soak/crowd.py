"""Clients that the exporter has to stand: each function plays some of them for some seconds, from an address of their own."""

import contextlib
import os
import selectors
import socket
import ssl
import subprocess
import sys
import time
from urllib.parse import quote

from client import connect
from crowds_test import client_hello, slow_socket
from exposition import Exposition
from locked import USER, basic

STRANGERS = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]
GET = "GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n"
GONE = (OSError, ssl.SSLError)


def authorization():
    return f"Authorization: {basic()['Authorization']}\r\n"


def unfinished_handshakes(world, count, source, seconds):
    """So many connections that say hello, or less, and no more."""
    hello = client_hello()
    url = "https://%s:%d" % world.address
    with contextlib.ExitStack() as stack:
        for number in range(count):
            with contextlib.suppress(OSError):
                sock = stack.enter_context(connect(url, source=source))
                sock.sendall([b"", hello[:3], hello][number % 3])
        time.sleep(seconds)


def come_and_go(world, count, source, seconds):
    url = "https://%s:%d" % world.address
    end = time.monotonic() + seconds
    for number in range(count):
        with contextlib.suppress(OSError), connect(url, source=source) as sock:
            if number % 3:
                sock.sendall(b"GET / HTTP/1.1\r\n\r\n" if number % 3 == 1 else b"\x16\x03\x01")
        time.sleep(max(0, end - time.monotonic()) / count)


def wrapped(world, source, slow=False):
    sock = slow_socket(world.address, source) if slow else connect("https://%s:%d" % world.address, source=source)
    try:
        return world.context().wrap_socket(sock, server_hostname="localhost")
    except BaseException:
        sock.close()
        raise


def pipeliners(world, count, source, seconds):
    """Without a password, three hundred requests each, of whose answers none is read."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            with contextlib.suppress(*GONE):
                sock = stack.enter_context(wrapped(world, source, slow=True))
                sock.settimeout(0.5)
                sock.sendall(GET.format("/metrics", "").encode() * 300)
        time.sleep(seconds)


def slow_readers(world, count, source, seconds):
    """With the password; they read a hundred bytes a second of a large document."""
    socks = []
    with contextlib.ExitStack() as stack:
        for number in range(count):
            with contextlib.suppress(*GONE):
                sock = stack.enter_context(wrapped(world, source, slow=True))
                sock.sendall(GET.format(["/metrics", "/api/workers", "/api/history"][number % 3], authorization()).encode())
                sock.settimeout(0.1)
                socks.append(sock)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for sock in socks:
                with contextlib.suppress(*GONE):
                    sock.recv(100)
            time.sleep(1)


def streams(world, count, source, seconds):
    """Streams of events; every other client stops reading."""
    selector = selectors.DefaultSelector()
    with contextlib.ExitStack() as stack:
        for number in range(count):
            with contextlib.suppress(*GONE):
                sock = stack.enter_context(wrapped(world, source, slow=number % 2 == 1))
                path = f"/api/events?runtime={quote(world.runtimes[number % len(world.runtimes)].name)}"
                sock.sendall(GET.format(path, authorization()).encode())
                sock.setblocking(False)
                if number % 2 == 0:
                    selector.register(sock, selectors.EVENT_READ)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in selector.select(0.2) if selector.get_map() else []:
                try:
                    while key.fileobj.recv(1 << 16):
                        pass
                    selector.unregister(key.fileobj)
                except (ssl.SSLWantReadError, BlockingIOError):
                    pass
                except GONE:
                    selector.unregister(key.fileobj)
    selector.close()


def wrong_passwords(world, count, rate):
    """From the friend's own address; see security/attacker.py."""
    with subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), "../security/attacker.py"), *map(str, world.address),
                           world.ca.file, USER, str(count), str(rate), "8"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as attacker:
        with contextlib.suppress(subprocess.TimeoutExpired):
            attacker.wait(3 * count / rate)
        attacker.kill()


def probes(world, runtimes, rounds=3):
    """Asks for runtimes in whatever state, a dead port, a forbidden address, a name. Returns what is wrong."""
    dead, local = f"http://127.0.0.1:{world.dead_port}", f"http://localhost:{world.dead_port}"
    asked = [(runtime.url, None) for runtime in runtimes] + [(dead, 0), (local, 0), ("http://127.0.0.2:9", 403), ("ftp://x", 400)]
    wrong = []
    for target, expected in asked * rounds:
        answer = world.get(f"/probe?target={quote(target, safe='')}", {"X-Prometheus-Scrape-Timeout-Seconds": "3"})
        if expected in (400, 403):
            if answer.status not in (expected, 503):
                wrong.append(f"/probe?target={target}: status {answer.status}")
        elif answer.status == 200:
            comment, _, rest = answer.text.partition("\n")
            up = Exposition(rest if not comment.startswith("# HELP") else answer.text).value("buntime_up")
            if expected is not None and up != expected:
                wrong.append(f"/probe?target={target}: buntime_up {up}")
        elif answer.status != 503:
            wrong.append(f"/probe?target={target}: status {answer.status}")
    return wrong


def idle(world, count, source, seconds):
    """Connections without a word; more of them than there is room for."""
    socks = []
    for _ in range(count):
        with contextlib.suppress(OSError):
            sock = socket.create_connection(world.address, 5, (source, 0))
            socks.append(sock)
    time.sleep(seconds)
    for sock in socks:
        sock.close()
