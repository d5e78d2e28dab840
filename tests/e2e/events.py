"""A client of server-sent events (WHATWG HTML, 9.2), strict: what is no event stream fails."""

import collections
import json
import time

from client import connect
from support import TIME_FACTOR

Event = collections.namedtuple("Event", "id name data")


class EventStream:
    """`headers` has what the server answered, `status` with which status; then next() returns event by event."""

    def __init__(self, url, path, last_event_id=None, headers=(), patience=30):
        self.deadline = patience * TIME_FACTOR
        self.socket = connect(url, self.deadline)
        lines = [f"GET {path} HTTP/1.1", "Host: test", "Accept: text/event-stream", *headers]
        if last_event_id is not None:
            lines.append(f"Last-Event-ID: {last_event_id}")
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.unread = b""
        self.retry = None
        self.comments = 0
        head = self._past(b"\r\n\r\n").decode("latin-1").split("\r\n")
        self.status = int(head[0].split(" ")[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def rest(self):
        """Everything until the server closes."""
        while piece := self.socket.recv(1 << 16):
            self.unread += piece
        return self.unread

    def next(self):
        """The next event; None when the stream has ended."""
        end = time.monotonic() + self.deadline
        while time.monotonic() < end:
            block = self._past(b"\n\n")
            if block is None:
                assert not self.unread, f"the stream ended within an event: {self.unread!r}"
                return None
            fields = {}
            for line in block.decode("utf-8").removesuffix("\n\n").split("\n"):
                name, colon, value = line.partition(":")
                assert colon, f"not a field: {line!r}"
                if not name:
                    self.comments += 1
                elif name == "retry":
                    self.retry = int(value)
                else:
                    assert name in ("id", "event", "data") and name not in fields, line
                    fields[name] = value.removeprefix(" ")
            if "data" in fields:
                return Event(fields["id"], fields.get("event", ""), json.loads(fields["data"]))
        raise AssertionError(f"no event within {self.deadline} s")

    def _past(self, mark):
        while mark not in self.unread:
            piece = self.socket.recv(1 << 16)
            if not piece:
                return None
            self.unread += piece
        block, _, self.unread = self.unread.partition(mark)
        return block + mark
