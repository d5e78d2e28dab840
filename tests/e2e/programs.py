"""The two programs under test as the tests see them."""

import json
import re
from urllib.parse import quote

from client import fetch
from exposition import Exposition
from fake_runtime import FakeRuntime
from support import SANITIZED, E2eTest, Process, binary, eventually, parse_logfmt

# What the runtime's package calls itself in each release.
PACKAGES = {"documented": "documented", "0.2.15": "1.0.3", "0.2.26": "1.1.0", "0.4.0": "1.3.0", "0.5.4": "1.4.0"}
FAST = ["--poll.interval", "1s" if SANITIZED else "250ms"]


class Exporter(Process):
    """A running exporter: `urls` are its addresses, `url` the first one."""

    def __init__(self, flags, folder, environment=None):
        super().__init__([binary("EXPORTER"), *flags], folder, environment)
        self.urls = []

    def wait_until_listening(self, addresses=1):
        def listening():
            if not self.running():
                raise RuntimeError(f"the exporter ended: {self.errors()}")
            lines = [line for line in self.log() if line["msg"] == "listening"]
            return lines if len(lines) == addresses else None

        self.urls = ["http://" + line["address"] for line in eventually(listening)]
        return self

    @property
    def url(self):
        return self.urls[0]

    def log(self, **fields):
        """Log lines as dictionaries, those that have these fields."""
        whole, _, _ = self.errors().rpartition("\n")
        lines = [parse_logfmt(line) for line in whole.split("\n") if line]
        return [line for line in lines if fields.items() <= line.items()]

    def get(self, path, **how):
        return fetch(self.url + path, **how)

    def metrics(self):
        answer = self.get("/metrics")
        assert answer.status == 200, f"status {answer.status}"
        return Exposition(answer.text)

    def wait_until_up(self, runtimes=1):
        """The first exposition in which so many runtimes are up."""

        def up():
            page = self.metrics()
            states = page.select("buntime_up")
            assert len(states) == runtimes, f"{len(states)} runtimes"
            down = [(dict(labels), page.outcome(**dict(labels))) for labels, value in states.items() if value != 1]
            assert not down, f"down: {down}"
            return page

        return eventually(up)


class Simulator(Process):
    """A running simulator: `urls` of its runtimes, `url` of the first one."""

    def __init__(self, flags, folder):
        # Control has an address of its own: a runtime that refuses connections would take it along.
        super().__init__([binary("SIMULATOR"), "--control", "127.0.0.1:0", *flags], folder)
        self.urls = []
        self.control_url = ""

    def wait_until_listening(self):
        def ready():
            if not self.running():
                raise RuntimeError(f"the simulator ended: {self.errors()}")
            return re.search(r"^control on (\S+)\n", self.output(), re.MULTILINE)

        self.control_url = eventually(ready)[1]
        self.urls = re.findall(r"^listening on (\S+)$", self.output(), re.MULTILINE)
        return self

    @property
    def url(self):
        return self.urls[0]

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def version(self):
        """What its health endpoint says."""
        return json.loads(fetch(self.url + "/api/health").text)["version"]

    def control(self, verb, **parameters):
        query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parameters.items())
        answer = fetch(f"{self.control_url}/control/{verb}?{query}", method="POST")
        assert answer.status == 200, f"control/{verb}?{query}: {answer.text}"
        return json.loads(answer.text)

    def fault(self, spec, **parameters):
        return self.control("fault", name=spec, **parameters)

    def clear(self, **parameters):
        return self.control("clear", **parameters)

    def truth(self, runtime=0):
        """What really happened in one runtime. `worlds` has one element unless it is load-balanced."""
        answer = fetch(f"{self.control_url}/control/truth?runtime={runtime}")
        assert answer.status == 200, answer.text
        return json.loads(answer.text)["runtimes"][0]


class ProgramTest(E2eTest):
    """A test that runs exporters and simulators."""

    def exporter(self, *flags, environment=None, addresses=None, fast=True):
        """Starts an exporter; unless the test says where, it listens on a free port of 127.0.0.1."""
        listen = [] if addresses else ["--web.listen-address", "127.0.0.1:0"]
        process = Exporter([*listen, *(FAST if fast else []), *flags], self.folder(), environment)
        return self.adopt(process).wait_until_listening(addresses or 1)

    def run_exporter(self, *flags, environment=None, deadline=10):
        """Runs an exporter that ends by itself; returns it and its exit status."""
        process = self.adopt(Exporter(flags, self.folder(), environment), expect_success=False)
        return process, process.wait(deadline)

    def simulator(self, *flags):
        return self.adopt(Simulator(list(flags), self.folder())).wait_until_listening()

    def fake_runtime(self, answer, context=None):
        runtime = FakeRuntime(answer, context)
        self.addCleanup(runtime.stop)
        return runtime
