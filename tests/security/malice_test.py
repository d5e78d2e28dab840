"""Clients that mean harm, one after the other and in every way that costs them little: whatever they send and however
they leave, the server stays up, its memory stays flat, and whoever scrapes meanwhile does not notice."""

import contextlib
import socket
import struct
import unittest

from client import connect
from locked import CHEAP_HASH, TIMEOUT, USER, LockedTest, PlainConnection, basic
from support import MIB, SANITIZED, eventually

HEAD = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
REQUESTS = {
    "a header without an end": HEAD + b"X: " + b"x" * 100_000,
    "very many headers": HEAD + b"".join(b"X-%d: x\r\n" % number for number in range(3000)) + b"\r\n",
    "a path without an end": b"GET /" + b"a" * 100_000,
    "bytes at random": bytes(range(256)) * 64,
    "lines of nothing": b"\r\n" * 20_000,
    "a pipeline": (HEAD + b"\r\n") * 500,
    "two lengths": HEAD + b"Content-Length: 4\r\nContent-Length: 40\r\n\r\n" + SMUGGLED,
    "a length beside chunks": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks by another name": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a folded header": HEAD + b"X: a\r\n Content-Length: 40\r\n\r\n" + SMUGGLED,
    "bare line feeds": HEAD.replace(b"\r\n", b"\n") + b"\n" + SMUGGLED,
    "two hosts": HEAD + b"Host: b\r\n\r\n" + SMUGGLED,
    "a space before the colon": HEAD + b"Content-Length : 40\r\n\r\n" + SMUGGLED,
    "half a request": HEAD,
}
# What is sent instead of a handshake.
HELLOS = {
    "zeros": b"\0" * 1000,
    "a record that is too long": b"\x16\x03\x01\xff\xff" + b"x" * 70_000,
    "half a hello": bytes.fromhex("160301020001000001fc0303"),
    "an alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "another protocol": b"SSH-2.0-x\r\n",
    "plain HTTP": HEAD + b"\r\n",
}
ROUNDS = 10 if SANITIZED else 25
# MiB. A sanitizer keeps what was freed for a while, and finds leaks by itself.
FLAT = 400 if SANITIZED else 4


def leave_at_once(sock):
    sock.close()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def close_half(sock):
    """Says that nothing follows, and listens to the end."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    sock.close()


class MaliceTest(LockedTest):
    def afflict(self, exporter, connection, open_connection, messages):
        """Every message with every way to leave, and a scrape after each message; several times over."""
        known_good = exporter.memory()[0]
        for round_ in range(ROUNDS):
            for message in messages.values():
                for leave in (leave_at_once, reset, close_half):
                    sock = open_connection()
                    with contextlib.suppress(OSError):  # the server may have had enough before the end
                        sock.sendall(message)
                    leave(sock)
                self.assertEqual(connection.get("/metrics", basic()).status, 200)
            if round_ == 1:
                known_good = exporter.memory()[0]  # the buffers that it keeps are there now
        grown = exporter.memory()[0] - known_good
        self.report(f"{ROUNDS * len(messages) * 3} connections leave it {grown / MIB:+.1f} MiB")
        self.assertLess(grown, FLAT * MIB)
        self.assertEqual(exporter.log(level="error"), [])

        def descriptors():
            text = connection.get("/metrics", basic()).text
            return float(text.split("\nprocess_open_fds ")[1].split("\n")[0])

        eventually(lambda: descriptors() < 40)

    def test_in_plain(self):
        self.configure(tls=None, rest=f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}")
        exporter = self.start()
        with PlainConnection(self.address(exporter)) as connection:
            self.afflict(exporter, connection, lambda: connect(exporter.url), REQUESTS)

    def test_over_tls(self):
        self.configure(rest=f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}")
        exporter = self.start()
        context = self.context()

        def over_tls():
            return context.wrap_socket(connect(exporter.url, TIMEOUT), server_hostname="localhost")

        with self.connect(exporter) as connection:
            self.afflict(exporter, connection, over_tls, REQUESTS)
            self.afflict(exporter, connection, lambda: connect(exporter.url), HELLOS)

    def test_smuggled_requests_are_not_answered(self):
        """A proxy in front takes each of these for one request; so must this server, or for none."""
        self.configure(tls=None)
        exporter = self.start()
        for name, message in REQUESTS.items():
            if not message.endswith(SMUGGLED):
                continue
            with self.subTest(name), connect(exporter.url) as sock:
                sock.sendall(message)
                sock.shutdown(socket.SHUT_WR)
                answer = b""
                with contextlib.suppress(ConnectionError):
                    while piece := sock.recv(65536):
                        answer += piece
                self.assertRegex(answer, rb"\AHTTP/1\.1 (400|501) ")
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1, "what was smuggled is answered, too")


if __name__ == "__main__":
    unittest.main()
