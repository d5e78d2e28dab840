"""What a soak does to the exporter and around it. `plan` chooses one action with the generator, without doing anything: a
name, what it uses alone, and the function that does it and returns what was wrong."""

import resource
import signal
import time

import crowd
import faults_test
from exposition import Exposition
from locked import CHEAP_HASH, USUAL_HASH, basic
from support import eventually
from world import FOLLOW, OPEN_FILES

# Faults that weigh megabytes beside those that faults_test plays; what a poll makes of each.
HEAVY = {"endless-header": "too_large", "endless-body": "too_large", "huge-body=15MiB": "ok", "gzip-bomb": "too_large",
         "too-many-workers=20000": "ok"}
# These send their own numbers in place of the runtime's, or keep answers from arriving in ways that depend on the clock.
LEFT_OUT = {"redirect-away"}
RELOAD_SECONDS = 8  # a changed file is noticed within three
RETRY_SECONDS = 20  # a reload for which there were no descriptors, until these are there again and then ten


class Actions:
    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.faults = {**{spec: outcome for spec, (outcome, _) in faults_test.LIGHT.items() if spec not in LEFT_OUT}, **HEAVY}
        on_runtimes = [self.fault, self.fault, self.fault, self.restart, self.kill, self.upgrade, self.stop_runtime, self.world_event,
                       self.clock_jump]
        on_exporter = [self.reload, self.remove_runtime, self.bad_reload, self.rotate, self.change_password_hash, self.bad_web_config,
                       self.stop_exporter, self.full_stderr, self.few_descriptors]
        crowds = [self.handshakes, self.comers_and_goers, self.pipelining, self.slow, self.streaming, self.guesses, self.probing, self.crowded]
        self._kinds = [on_runtimes, on_exporter, crowds]
        self._rounds = []

    def plan(self):
        """Takes turns, in a random order each time, so that short soaks see every kind too."""
        if not self._rounds:
            self._rounds = [action for kind in self._kinds for action in kind]
            self.rng.shuffle(self._rounds)
        return self._rounds.pop()()

    # Around a runtime.

    def _with_runtime(self, name, do, state, hold, undo):
        runtime = self.rng.choice(self.world.runtimes)

        def run():
            tell = self.world.tell
            tell(runtime=runtime.name, state="either")
            try:
                do(runtime)
                tell(runtime=runtime.name, state=state)
                time.sleep(hold)
                tell(runtime=runtime.name, state="either")
            finally:
                undo(runtime)
            runtime.await_answers()
            tell(runtime=runtime.name, state="up")
            return []

        return f"{name} {runtime.name}", runtime.lock, run

    def _hold(self):
        return FOLLOW + self.rng.uniform(0.5, 4)

    def fault(self):
        spec = self.rng.choice(sorted(self.faults))
        state = "up" if self.faults[spec] == "ok" else "down"
        return self._with_runtime(f"fault {spec}", lambda runtime: runtime.process.fault(spec), state, self._hold(),
                                  lambda runtime: runtime.process.clear())

    def restart(self):
        down = self.rng.choice([0, 0, 3])
        return self._with_runtime(f"restart (down {down} s)", lambda runtime: runtime.process.control("restart", down=f"{down}s"),
                                  "either", down, lambda runtime: None)

    def kill(self):
        return self._with_runtime("kill", lambda runtime: runtime.process.kill(), "down", self._hold(), lambda runtime: runtime.start())

    def upgrade(self):
        release = self.rng.choice(["0.2.26", "0.5.4", "documented"])
        return self._with_runtime(f"upgrade to {release}", lambda runtime: runtime.process.control("release", name=release), "up",
                                  self._hold(), lambda runtime: None)

    def stop_runtime(self):
        return self._with_runtime("SIGSTOP", lambda runtime: runtime.process.signal(signal.SIGSTOP), "down", self._hold(),
                                  lambda runtime: runtime.process.signal(signal.SIGCONT))

    def world_event(self):
        event, count = self.rng.choice([("crash", 3), ("burst", 300), ("deploy", 2), ("evict", 3)])
        return self._with_runtime(f"event {event}={count}", lambda runtime: runtime.process.control("event", name=f"{event}={count}"),
                                  "up", 1, lambda runtime: None)

    def clock_jump(self):
        seconds = self.rng.choice([60, 3600, 86400])
        return self._with_runtime(f"jump of the clock by {seconds} s", lambda runtime: runtime.process.control("step", seconds=seconds),
                                  "up", self._hold(), lambda runtime: None)

    # Around the exporter.

    def _on(self, resource_name, name, run):
        return name, self.world.locks[resource_name], run

    def reload(self):
        by_signal = self.rng.random() < 0.5

        def run():
            self.world.configure()
            if by_signal:
                self.world.exporter.signal(signal.SIGHUP)
                return []
            return self._post_reload(200)

        return self._on("config", "reload by SIGHUP" if by_signal else "reload by POST", run)

    def _post_reload(self, expected):
        # It reads both files: the other one may be bad, and there may be no descriptor, after which it is tried again.
        others = any(self.world.locks[name].locked() for name in ("process", "web"))
        with self.world.connect() as connection:
            status = connection.get("/-/reload", basic(), "POST").status
        others = others or any(self.world.locks[name].locked() for name in ("process", "web"))
        return [] if status == expected or (others and status == 500) else [f"POST /-/reload: {status} instead of {expected}"]

    def remove_runtime(self):
        runtime = self.rng.choice(self.world.runtimes)

        def run():
            if not runtime.lock.acquire(blocking=False):
                return []
            try:
                self.world.tell(runtime=runtime.name, state="either")
                self.world.tell(runtime=runtime.name, renewed=True)
                try:
                    self.world.configure(without=runtime)
                    wrong = self._post_reload(200)
                    time.sleep(2)
                finally:
                    self.world.configure()
                wrong += self._post_reload(200)
                eventually(lambda: f'buntime_up{{runtime="{runtime.name}"}}' in self.world.get("/metrics").text, RELOAD_SECONDS + RETRY_SECONDS)
                self.world.tell(runtime=runtime.name, renewed=False)
                self.world.tell(runtime=runtime.name, state="up")
                return wrong
            finally:
                runtime.lock.release()

        return self._on("config", f"reload without, then with {runtime.name}", run)

    def bad_reload(self):
        def run():
            try:
                self.world.write("buntime.yml", "runtimes: [")
                wrong = self._post_reload(500)
            finally:
                self.world.configure()
            return wrong + self._post_reload(200)

        return self._on("config", "reload of a broken file", run)

    def rotate(self):
        def serial():
            with self.world.connect() as connection:
                return connection.certificate["serialNumber"]

        def run():
            before = serial()
            self.world.rotate()
            eventually(lambda: serial() != before, deadline=RELOAD_SECONDS + (RETRY_SECONDS if self.world.locks["process"].locked() else 0))
            return []

        return self._on("web", "rotate the certificate", run)

    def change_password_hash(self):
        hashed = self.rng.choice([CHEAP_HASH, USUAL_HASH])

        def run():
            self.world.configure_web(hashed)
            time.sleep(3)
            return []

        return self._on("web", f"a new hash of the password, cost {hashed[4:6]}", run)

    def bad_web_config(self):
        def run():
            try:
                self.world.write("web.yml", "tls_server_config: {cert_file: none.pem}\n")
                time.sleep(4)
                with self.world.connect() as connection:
                    status = connection.get("/metrics").status
            finally:
                self.world.configure_web()
            return [] if status in (401, 429) else [f"after a bad web configuration a stranger gets {status}"]

        return self._on("web", "a broken web configuration", run)

    def stop_exporter(self):
        seconds = self.rng.uniform(0.3, 5)

        def run():
            self.world.tell(stopped=True)
            self.world.exporter.signal(signal.SIGSTOP)
            time.sleep(seconds)
            self.world.exporter.signal(signal.SIGCONT)
            self.world.tell(stopped=False)
            return []

        return self._on("process", f"SIGSTOP of the exporter for {seconds:.1f} s", run)

    def full_stderr(self):
        seconds = self.rng.uniform(5, 15)

        def run():
            self.world.exporter.reading.clear()
            time.sleep(seconds)
            self.world.exporter.reading.set()
            return []

        return self._on("stderr", f"standard error is not read for {seconds:.0f} s", run)

    def few_descriptors(self):
        more = self.rng.choice([0, 1, 3])
        seconds = self.rng.uniform(2, 5)

        def run():
            def limit(files):
                resource.prlimit(self.world.exporter.pid, resource.RLIMIT_NOFILE, (files, OPEN_FILES))

            now = int(Exposition(self.world.get("/metrics").text).value("process_open_fds"))
            self.world.tell(scarce=True)
            limit(min(now + more, OPEN_FILES))
            time.sleep(seconds)
            limit(OPEN_FILES)
            self.world.tell(scarce=False)
            return []

        return self._on("process", f"{more} descriptors more for {seconds:.1f} s", run)

    # Crowds.

    def _crowd(self, name, play, most, *more):
        count, source, seconds = self.rng.randint(most // 3, most), self.rng.choice(crowd.STRANGERS), self.rng.uniform(2, 8)

        def run():
            play(self.world, count, source, seconds, *more)
            return []

        return f"{count} {name} from {source} for {seconds:.1f} s", None, run

    def handshakes(self):
        return self._crowd("unfinished handshakes", crowd.unfinished_handshakes, 300)

    def comers_and_goers(self):
        return self._crowd("clients that come and go", crowd.come_and_go, 400)

    def pipelining(self):
        return self._crowd("clients that pipeline and do not read", crowd.pipeliners, 30)

    def slow(self):
        return self._crowd("slow readers", crowd.slow_readers, 30)

    def streaming(self):
        return self._crowd("streams", crowd.streams, 40)

    def crowded(self):
        return self._crowd("idle connections", crowd.idle, 800)

    def guesses(self):
        count, rate = self.rng.randint(50, 300), self.rng.choice([50, 100])
        return f"{count} wrong passwords, {rate} a second", None, lambda: crowd.wrong_passwords(self.world, count, rate) or []

    def probing(self):
        runtimes = self.rng.sample(self.world.runtimes, 3)
        return f"probes of {', '.join(each.name for each in runtimes)}, dead and forbidden ones", None, lambda: crowd.probes(
            self.world, runtimes)
