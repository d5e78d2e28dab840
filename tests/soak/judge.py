"""What must be so at any time, judged from pages of /metrics, from times, and from what was done to the runtimes.
Pure: no clock, no sockets. Times are seconds of CLOCK_MONOTONIC, which all processes of a machine share."""

COUNTERS = ("counter", "histogram", "summary")
# Starts anew with the runtime (exporter/docs/metrics.md).
RESTARTS = {"buntime_uptime_seconds"}
MEMORY = 300  # seconds; what is older explains nothing
OVERLOAD = 5  # seconds that are looked back for what delays an answer
MOST_STALL = 0.5  # half of the timeout of a poll


class Spans:
    """Stretches of time, the latest of them possibly without an end yet."""

    def __init__(self):
        self._spans = []  # [start, end]
        self.total = 0.0  # of those that were added as a whole

    def begin(self, at):
        self._spans.append([at, float("inf")])

    def end(self, at):
        for span in self._spans:
            if span[1] == float("inf"):
                span[1] = at
                return

    def add(self, start, end):
        self.total += end - start
        self._spans = [span for span in self._spans if span[1] > start - MEMORY]
        self._spans.append([start, end])

    def overlap(self, start, end):
        """Seconds of them within [start, end]."""
        return sum(max(0.0, min(end, its_end) - max(start, its_start)) for its_start, its_end in self._spans)

    def touch(self, start, end):
        return any(its_start <= end and start <= its_end for its_start, its_end in self._spans)


class Judge:
    """`follow`: how long buntime_up may lag behind the truth. Each method returns what it objects to, as texts."""

    def __init__(self, runtimes, follow):
        self.follow = follow
        self.truth = {name: [(0.0, "either")] for name in runtimes}  # (since, "up", "down" or "either")
        self.renewed = {name: Spans() for name in runtimes}  # configured anew: counters begin again
        self.stopped = Spans()  # the exporter, by us
        self.scarce = Spans()  # it has fewer descriptors than it needs
        self.stalls = Spans()  # the machine ran this program late
        self._highest = {}  # series -> value

    def note(self, event):
        """One line of what is done: see World.tell."""
        at = event["at"]
        if "state" in event:
            self.truth[event["runtime"]].append((at, event["state"]))
        elif "renewed" in event:
            self._span(self.renewed[event["runtime"]], event["renewed"], at)
        else:
            for name, spans in (("stopped", self.stopped), ("scarce", self.scarce)):
                if name in event:
                    self._span(spans, event[name], at)

    @staticmethod
    def _span(spans, begins, at):
        if begins:
            spans.begin(at)
        else:
            spans.end(at)

    def settled(self, name, start, end):
        """The state that held all the time from start to end, else nothing."""
        held = None
        for since, state in self.truth[name]:
            if since <= start:
                held = state
            elif since <= end:
                return None
        return held if held != "either" else None

    def page(self, page, asked, answered):
        return self.counters(page, asked, answered) + self.up(page, asked, answered)

    def counters(self, page, asked, answered):
        wrong = []
        fresh = {name for name, spans in self.renewed.items() if spans.touch(asked, answered)}
        if fresh:
            self._highest = {key: value for key, value in self._highest.items()
                             if not any(label == "runtime" and name in fresh for label, name in key[1])}
        for family in page.families.values():
            if family.type not in COUNTERS or family.name in RESTARTS:
                continue
            for key, value in family.samples.items():
                if fresh and dict(key[1]).get("runtime") in fresh:
                    continue
                before = self._highest.get(key, 0.0)
                if value < before:
                    wrong.append(f"counter fell: {key[0]}{dict(sorted(key[1]))} from {before:g} to {value:g}")
                self._highest[key] = max(value, before)
        return wrong

    def up(self, page, asked, answered):
        wrong = []
        follow = self.follow + self.stalls.overlap(asked - 2 * self.follow, answered)
        start = asked - follow
        if self.stopped.touch(start, answered):
            return wrong
        states = {dict(labels).get("runtime"): value for labels, value in page.select("buntime_up").items()}
        for name in self.truth:
            held = self.settled(name, start, answered)
            expected = {"up": 1, "down": 0}.get(held)
            if expected is None or states.get(name) == expected:
                continue
            if expected == 1 and (self.scarce.touch(start, answered) or self.stalls.overlap(start, answered) > MOST_STALL):
                continue  # no descriptor, no poll; and the runtime, too, was kept from answering in time
            wrong.append(f"buntime_up of {name} is {states.get(name)} ({page.outcome(runtime=name) if name in states else 'no series'})"
                         f" although it has been {held} for {follow:.1f} s and more")
        return wrong

    def answer_time(self, what, asked, answered, most):
        """An answer that came; how long it took."""
        if self.excused(asked, answered) or self.overloaded(asked - OVERLOAD, answered):
            return []
        took = answered - asked - self.stalls.overlap(asked, answered)
        return [f"{what} took {took:.2f} s of at most {most} s"] if took > most else []

    def explained(self, asked, answered):
        """That there was no answer: by what we did, or because the machine ran others for half of the time."""
        return self.excused(asked, answered) or self.overloaded(asked, answered)

    def overloaded(self, start, end):
        """The machine ran others for half of the time: no times can be judged."""
        return self.stalls.overlap(start, end) > (end - start) / 2

    def excused(self, asked, answered):
        """Within a second after its cause is over, what we did to the process itself explains a late or missing answer."""
        return self.stopped.touch(asked - 1, answered) or self.scarce.touch(asked - 1, answered)

    def polls(self):
        """All that were counted, of runtimes as they are configured now."""
        return int(sum(value for (name, _), value in self._highest.items() if name == "buntime_exporter_polls_total"))
