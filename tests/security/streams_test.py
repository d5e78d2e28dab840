"""Answers that do not end by themselves: who is let in listens, and only for as long as he would be let in."""

import ssl
import unittest

from locked import CHEAP_HASH, USER, LockedTest, PlainConnection, basic

STREAMS = ("/metrics/api/metrics/sse", "/api/events")
MTLS = "client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem\nclient_allowed_sans: "


class StreamsTest(LockedTest):
    def setUp(self):
        super().setUp()
        self.sim = self.simulator("--warmup", "30s")

    def listen(self, connection, path, headers=None):
        """A stream that has begun."""
        stream = connection.ask(path, headers)
        self.assertEqual(stream.status, 200)
        self.assertEqual(stream.getheader("Content-Type").partition(";")[0], "text/event-stream")
        self.assert_flows(stream)
        return stream

    def assert_flows(self, stream):
        """An event arrives; what waits for it ends with the connection's timeout."""
        while line := stream.readline():
            if line.startswith(b"data:"):
                return
        self.fail("the stream has ended")

    @staticmethod
    def read_to_the_end(stream):
        """Returns once the server has ended the stream, by closing it or less politely."""
        try:
            while stream.readline():
                pass
        except (ConnectionError, ssl.SSLError):
            pass

    def test_they_ask_for_the_password(self):
        self.configure(tls=None, rest=f"basic_auth_users: {{{USER}: {CHEAP_HASH}, other: {CHEAP_HASH}}}")
        exporter = self.start(runtime=self.sim.url)
        exporter_address = self.address(exporter)
        streams = []
        for path in STREAMS:
            for headers in ({}, basic(password="wrong"), basic(user="nobody")):
                self.assertEqual(exporter.get(path, headers=headers).status, 401)
            connection = PlainConnection(exporter_address)
            self.addCleanup(connection.close)
            streams.append(self.listen(connection, path, basic("other")))
        self.configure(tls=None, rest=f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}")
        for path, stream in zip(STREAMS, streams):
            self.read_to_the_end(stream)
            self.assertEqual(exporter.get(path, headers=basic("other")).status, 401)
            with PlainConnection(exporter_address) as connection:
                self.listen(connection, path, basic())

    def test_they_end_with_the_certificate(self):
        self.configure(MTLS + "[prometheus.test]")
        exporter = self.start(runtime=self.sim.url)
        streams = []
        for path in STREAMS:
            connection = self.connect(exporter, "client")
            self.addCleanup(connection.close)
            streams.append(self.listen(connection, path))
        self.configure(MTLS + "[somebody.else]")
        for stream in streams:
            self.read_to_the_end(stream)
        self.assert_turned_away(exporter, "client")


if __name__ == "__main__":
    unittest.main()
