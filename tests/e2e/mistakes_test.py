"""What a mistake is answered with: mistakes.txt has sixty plausible ones with their whole messages, which name the place,
the cause and the cure. A case is a title, flags or variables, perhaps files, and the message:

    == the scheme is missing
    $ --runtime.url localhost:8000
    | runtimes: []                    a line of buntime.yml
    # users: x                        a line of web.yml
    > --runtime.url 'localhost:8000': has no scheme: …

`python3 mistakes_test.py` (with EXPORTER and SIMULATOR set as ctest does) writes the messages anew, to be read.
"""

import os
import pathlib
import re
import shlex
import socket
import sys
import unittest

from fake_runtime import json_answer
from programs import ProgramTest

GOLDEN = pathlib.Path(__file__).with_name("mistakes.txt")
# What tells the reader to do something, or what would have been right. Checked after the first colon.
CURE = re.compile(r"\b(expected|did you mean|write|drop|give|choose|leave|put|name|needs? (a value|TLS|client_auth)|indent|"
                  r"quote|add|align|check|use|set|raise|remove|another one|poll|only http and https|renew|--help lists|"
                  r"needed|belongs|is it|close|percent-encode|lists the flags|has to|makes one|No such file)\b")


class Case:
    def __init__(self, text):
        self.title, _, rest = text.partition("\n")
        lines = rest.splitlines()
        self.arguments = [line[2:] for line in lines if line.startswith("$ ")]
        self.files = {name: "".join(line[2:] + "\n" for line in lines if line.startswith((mark + " ", mark + "\n")) or
                                    line == mark) for name, mark in (("buntime.yml", "|"), ("web.yml", "#"))}
        self.message = "\n".join(line[2:] for line in lines if line.startswith("> "))

    def text(self, message):
        parts = [f"== {self.title}", *(f"$ {line}" for line in self.arguments)]
        for name, mark in (("buntime.yml", "|"), ("web.yml", "#")):
            parts += [f"{mark} {line}".rstrip() for line in self.files[name].splitlines()]
        return "\n".join(parts + [f"> {line}" for line in message.splitlines()]) + "\n"


def cases():
    return [Case(block) for block in re.split(r"^== ", GOLDEN.read_text(encoding="utf-8"), flags=re.M)[1:]]


def other_answer(request):
    """A runtime behind a gateway, one that wants a key, a web page: by the first segment of the path."""
    path = request[0]
    if path.startswith("/limited"):
        return json_answer(b'{"error":"Too Many Requests"}', 429)
    if path.startswith("/page"):
        return 200, {"Content-Type": "text/html"}, b"<html></html>"
    if path.startswith("/locked"):
        return json_answer(b'{"code":"AUTH_REQUIRED","error":"Missing or invalid API key"}', 401)
    return json_answer(b"{}", 404)


class MistakesTest(ProgramTest):
    def setUp(self):
        self.write("key", "secret")
        self.write("two-lines", "secret\nsecond\n")
        self.write("empty", "")
        self.write("bare.yml", "")
        self.runtime = self.fake_runtime(other_answer)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            self.closed = closed.getsockname()[1]
        self.places = {"{runtime}": self.runtime.url, "{closed}": f"http://127.0.0.1:{self.closed}",
                       "{folder}": self.folder(), "{port}": self.runtime.url.rsplit(":", 1)[1]}

    def message(self, case):
        """The last line that the exporter writes to stderr, with this run's names taken out."""
        for name, text in case.files.items():
            if text:
                self.write(name, self.fill(text))
        environment, flags = {}, []
        for word in (word for line in case.arguments for word in shlex.split(self.fill(line))):
            name, equals, value = word.partition("=")
            if equals and name.startswith("BUNTIME_EXPORTER_"):
                environment[name] = value
            else:
                flags.append(word)
        if case.files["buntime.yml"]:
            flags += ["--config.file", os.path.join(self.folder(), "buntime.yml")]
        if case.files["web.yml"]:
            flags += ["--web.config.file", os.path.join(self.folder(), "web.yml")]
        if "--once" not in flags:
            flags.append("--config.check")
        program, status = self.run_exporter(*flags, environment=environment, deadline=20)
        self.assertEqual(status, 1, program.errors())
        line = program.errors().splitlines()[-1]
        if line.startswith("ts="):
            line = re.sub(r"^ts=\S+ ", "", line)
        else:
            self.assertEqual(program.errors(), line + "\n", "one line")
        line = line.removeprefix("buntime-exporter: ")
        for name, value in self.places.items():
            line = line.replace(value + "/" if name == "{folder}" else value, "" if name == "{folder}" else name)
        return line.replace(f"127.0.0.1:{self.closed}", "{closed}")

    def fill(self, text):
        for name, value in self.places.items():
            text = text.replace(name, value)
        return text

    def test_each_has_its_message(self):
        for case in cases():
            with self.subTest(case.title):
                self.assertEqual(self.message(case), case.message)

    def test_each_message_has_a_cure(self):
        self.assertGreaterEqual(len(cases()), 60)
        self.assertEqual(len({case.title for case in cases()}), len(cases()))
        for case in cases():
            with self.subTest(case.title):
                self.assertRegex(case.message, CURE)
                self.assertLessEqual(len(case.message), 400)
                self.assertNotIn("hunter2", case.message)

    def write_anew(self):
        head = GOLDEN.read_text(encoding="utf-8").split("== ", 1)[0]
        GOLDEN.write_text(head + "\n".join(case.text(self.message(case)) for case in cases()), encoding="utf-8")


if __name__ == "__main__":
    suite = unittest.TestSuite([MistakesTest("write_anew")])
    sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
