"""Streams of events: what they say, how often, to how many, and that they end and come back as they should."""

import json
import time
import unittest

from api_test import BASE, DEAD, ONCE
from events import EventStream
from openapi import Description
from programs import ProgramTest
from support import MEMORY_FACTOR, eventually

SSE = f"{BASE}/sse"


class SseTest(ProgramTest):
    def listen(self, exporter, path=SSE, **how):
        stream = EventStream(exporter.url, path, **how)
        self.addCleanup(stream.close)
        return stream


class ContentTest(SseTest):
    def test_documented_stream_has_what_the_summary_has(self):
        exporter = self.exporter("--runtime.url", self.simulator("--warmup", "30s").url)
        exporter.wait_until_up()
        stream = self.listen(exporter)
        self.assertEqual((stream.status, stream.headers["content-type"]), (200, "text/event-stream"))
        self.assertNotIn("content-length", stream.headers)
        description = Description(exporter.get(f"{BASE}/openapi.json").text)
        events = [stream.next() for _ in range(3)]
        for event in events:
            self.assertEqual(event.name, "", "the documents listen to plain messages")
            description.check_value(event.data, {"$ref": "#/components/schemas/Summary"}, "event")
        self.assertEqual(stream.retry, 2000)
        times = [event.data["timestamp"] for event in events]
        self.assertEqual(times, sorted(set(times)), "each event is a newer poll")
        self.assertEqual(len({event.id for event in events}), 3)

    def test_page_stream_has_the_whole_view(self):
        exporter = self.exporter("--runtime.url", self.simulator("--warmup", "30s").url)
        exporter.wait_until_up()
        event = self.listen(exporter, "/api/events").next()
        self.assertEqual(event.name, "view")
        view = exporter.get("/api/view")
        self.assertEqual(event.data.keys(), json.loads(view.text).keys())

    def test_down_and_up_again_are_events(self):
        sim = self.simulator("--warmup", "30s")
        exporter = self.exporter("--runtime.url", sim.url)
        exporter.wait_until_up()
        page, documented = self.listen(exporter, "/api/events"), self.listen(exporter)
        self.assertTrue(page.next().data["runtime"]["up"])
        sim.fault("refuse")
        while (view := page.next().data)["runtime"]["up"]:
            pass
        self.assertIn("refused", view["runtime"]["error"])
        while documented.next().data["pool"]["active"] is not None:
            pass  # until the last good poll is too old
        sim.clear()
        while not page.next().data["runtime"]["up"]:
            pass
        while documented.next().data["pool"]["active"] is None:
            pass

    def test_each_runtime_has_a_stream_of_its_own(self):
        sim = self.simulator("--runtimes", "2", "--release", "documented")
        exporter = self.exporter("--runtime.url", f"blue={sim.urls[0]}", "--runtime.url", f"green={sim.urls[1]}")
        exporter.wait_until_up(2)
        for name in ("blue", "green"):
            stream = self.listen(exporter, f"/api/events?runtime={name}")
            self.assertEqual({stream.next().data["runtime"]["name"] for _ in range(3)}, {name})


class RhythmTest(SseTest):
    def test_events_keep_their_distance(self):
        exporter = self.exporter("--runtime.url", self.simulator().url, "--web.sse-interval", "1s",
                                 "--poll.interval", "100ms", fast=False)
        exporter.wait_until_up()
        stream = self.listen(exporter)
        stream.next()  # what was known when it began
        stream.next()
        began = time.monotonic()
        for _ in range(4):
            stream.next()
        # Four distances; a late wake-up makes one longer and the next one shorter, never the sum.
        self.assertGreater(time.monotonic() - began, 3.5)

    def test_nothing_new_is_only_a_comment_now_and_then(self):
        exporter = self.exporter("--runtime.url", self.simulator().url, *ONCE, fast=False)
        exporter.wait_until_up()
        # Its version is looked up beside the poll, and is the last thing that changes.
        eventually(lambda: exporter.metrics().select("buntime_runtime_info"))
        stream = self.listen(exporter)
        stream.next()
        stream.socket.settimeout(60)
        self.assertEqual(stream.socket.recv(100)[:1], b":")

    def test_who_comes_back_gets_what_is_new_and_nothing_twice(self):
        exporter = self.exporter("--runtime.url", self.simulator("--warmup", "30s").url, "--poll.interval", "2s",
                                 fast=False)
        exporter.wait_until_up()
        with self.listen(exporter) as first:
            first.next()
            seen = first.next()  # just polled, so that the next one is two seconds away
        self.assertNotEqual(self.listen(exporter, last_event_id=seen.id).next().id, seen.id)
        for strange in ("", "0", "x" * 1000, seen.id + "0", f"-{seen.id}"):
            self.assertEqual(self.listen(exporter, last_event_id=strange).status, 200)
            self.assertIsNotNone(self.listen(exporter, last_event_id=strange).next())


class LimitsTest(SseTest):
    def test_more_than_the_limit_are_told_to_come_back(self):
        exporter = self.exporter("--runtime.url", self.simulator().url, "--web.sse-clients", "3")
        exporter.wait_until_up()
        streams = [self.listen(exporter, path) for path in (SSE, SSE, "/api/events")]
        for stream in streams:
            self.assertIsNotNone(stream.next())
        refused = self.listen(exporter)
        self.assertEqual(refused.status, 503)
        self.assertGreater(int(refused.headers["retry-after"]), 0)
        answer = exporter.get("/api/events")
        self.assertIn("--web.sse-clients", answer.text)
        Description(exporter.get(f"{BASE}/openapi.json").text).check(SSE, answer)
        self.assertEqual(exporter.get("/metrics").status, 200)
        streams[0].close()
        eventually(lambda: self.listen(exporter).status == 200)

    def test_no_streams_at_all(self):
        exporter = self.exporter("--runtime.url", DEAD, "--web.sse-clients", "0")
        self.assertEqual(self.listen(exporter).status, 503)

    def test_a_question_by_head_takes_no_place(self):
        exporter = self.exporter("--runtime.url", self.simulator().url, "--web.sse-clients", "1")
        for _ in range(3):
            self.assertEqual(exporter.get(SSE, method="HEAD").status, 200)
        eventually(lambda: self.listen(exporter).status == 200)


class EndTest(SseTest):
    def test_a_graceful_stop_ends_streams(self):
        exporter = self.exporter("--runtime.url", self.simulator().url)
        streams = [self.listen(exporter) for _ in range(10)]
        for stream in streams:
            stream.next()
        began = time.monotonic()
        exporter.stop()
        self.assertLess(time.monotonic() - began, 10)
        for stream in streams:
            while stream.next() is not None:
                pass  # whole events to the end

    def test_a_runtime_that_is_removed_ends_its_streams(self):
        sim = self.simulator("--runtimes", "2", "--release", "documented")
        entry = "- {{name: {}, url: '{}'}}\n"
        both = entry.format("blue", sim.urls[0]) + entry.format("green", sim.urls[1])
        file = self.write("buntime.yml", "poll: {interval: 500ms}\nruntimes:\n" + both)
        exporter = self.exporter("--config.file", file, fast=False)
        exporter.wait_until_up(2)
        blue, green = (self.listen(exporter, f"{SSE}?runtime={name}") for name in ("blue", "green"))
        self.assertIsNotNone(blue.next())
        self.assertIsNotNone(green.next())
        with open(file, "w", encoding="utf-8") as config:
            config.write("poll: {interval: 500ms}\nruntimes:\n" + entry.format("blue", sim.urls[0]))
        while green.next() is not None:
            pass
        self.assertIsNotNone(blue.next())
        self.assertEqual(self.listen(exporter, f"{SSE}?runtime=green").status, 400)

    def test_a_client_that_vanishes_frees_its_place_and_memory(self):
        exporter = self.exporter("--runtime.url", self.simulator("--warmup", "1m").url, "--web.sse-clients", "50")
        exporter.wait_until_up()

        def crowd(rounds):
            for _ in range(rounds):
                streams = [EventStream(exporter.url, "/api/events") for _ in range(25)]
                for stream in streams[::2]:
                    if stream.status == 200:
                        stream.next()
                for stream in streams:
                    stream.close()

        crowd(8)
        eventually(lambda: self.listen(exporter).status == 200)
        before = exporter.memory()[0]
        crowd(32)
        eventually(lambda: exporter.metrics().value("process_open_fds") < 40)
        self.assertLess(exporter.memory()[0], before + (4 << 20) * MEMORY_FACTOR)


if __name__ == "__main__":
    unittest.main()
