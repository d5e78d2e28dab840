"""Usage: attacker.py HOST PORT CA_FILE USER COUNT RATE CONNECTIONS

Sends COUNT logins with as many different wrong passwords over TLS, RATE a second, on CONNECTIONS connections that
take turns. Prints how often each status was the answer, 0 standing for none: on a machine that is very busy the server
may give up a login that has waited for too long.
"""

import base64
import collections
import selectors
import ssl
import sys
import time
from socket import create_connection


class Client:
    def __init__(self, address, context, selector):
        self.address, self.context, self.selector = address, context, selector
        self.connect()

    def connect(self):
        self.socket = self.context.wrap_socket(create_connection(self.address), server_hostname="localhost")
        self.socket.setblocking(False)
        self.selector.register(self.socket, selectors.EVENT_READ, self)
        self.received = b""
        self.busy = False

    def begin_anew(self):
        """After the server has closed the connection: 0 where that was its answer, else nothing."""
        status = 0 if self.busy else None
        self.selector.unregister(self.socket)
        self.socket.close()
        self.connect()
        return status

    def send(self, user, number):
        credentials = base64.b64encode(f"{user}:wrong{number}".encode())
        self.busy = True
        self.socket.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " + credentials + b"\r\n\r\n")

    def receive(self):
        """The status of an answer that is complete, else nothing."""
        while True:
            try:
                piece = self.socket.recv(65536)
            except (ssl.SSLWantReadError, BlockingIOError):
                break
            except ConnectionError:
                return self.begin_anew()
            if not piece:
                return self.begin_anew()
            self.received += piece
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(rest) < length:
            return None
        self.received = rest[length:]
        self.busy = False
        return int(head.split(b" ")[1])


def main():
    host, port, ca_file, user, count, rate, connections = sys.argv[1:]
    count, rate = int(count), float(rate)
    context = ssl.create_default_context(cafile=ca_file)
    selector = selectors.DefaultSelector()
    clients = [Client((host, int(port)), context, selector) for _ in range(int(connections))]
    statuses = collections.Counter()
    print("begin", flush=True)
    started = time.monotonic()
    sent = answered = 0
    free = collections.deque(clients)
    while answered < count:
        due = min(count, int((time.monotonic() - started) * rate) + 1)
        while sent < due and free:
            free.popleft().send(user, sent)
            sent += 1
        for key, _ in selector.select(0.005):
            status = key.data.receive()
            if status is not None:
                statuses[status] += 1
                answered += 1
                free.append(key.data)
    print(f"{time.monotonic() - started:.1f} s", dict(statuses), flush=True)


main()
