"""Reads the text format 0.0.4 as strictly as its description allows. Whatever is odd is an AssertionError."""

import math
import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)')
NUMBER = re.compile(r"-?(\d+(\.\d+)?(e[+-]\d+)?)|[+-]Inf|NaN")
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
SUFFIXES = {"counter": [""], "gauge": [""], "summary": ["_sum", "_count"],
            "histogram": ["_bucket", "_sum", "_count"]}


@dataclass
class Family:
    name: str
    help: str
    type: str = ""
    samples: dict = field(default_factory=dict)  # (name, frozenset of labels) -> value, in order


class Exposition:
    """`families` by name, `samples` by (name, frozenset of (label, value) pairs)."""

    def __init__(self, text):
        self.families = {}
        self.samples = {}
        self._by_name = {}
        assert text.endswith("\n"), "the last line has no line feed"
        family = None
        for number, line in enumerate(text[:-1].split("\n"), 1):
            try:
                family = self._read(line, family)
            except AssertionError as error:
                raise AssertionError(f"line {number}: {error}: {line[:200]!r}") from None
        for family in self.families.values():
            assert family.type, f"{family.name} has no TYPE"
            assert family.samples, f"{family.name} has no samples"
            if family.type == "histogram":
                _check_histogram(family)

    def _read(self, line, family):
        if line.startswith("# HELP "):
            _, _, name, text = line.split(" ", 3)
            assert re.fullmatch(NAME, name), "not a name"
            assert name not in self.families, "the family stands there twice"
            assert text and re.fullmatch(r"(?:[^\\]|\\\\|\\n)*", text), "bad HELP"
            self.families[name] = Family(name, text)
            return self.families[name]
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert family is not None and family.name == name, "TYPE without its HELP before it"
            assert not family.type and kind in SUFFIXES, "bad TYPE"
            family.type = kind
            return family
        self._read_sample(line, family)
        return family

    def _read_sample(self, line, family):
        match = SAMPLE.fullmatch(line)
        assert match, "not a sample"
        name, labels, number = match.groups()
        assert family is not None and name.startswith(family.name), "outside of its family"
        assert name[len(family.name):] in SUFFIXES[family.type], "a suffix that its type does not have"
        assert NUMBER.fullmatch(number), "not a number"
        key = (name, _read_labels(labels))
        assert key not in self.samples, "the series stands there twice"
        value = float(number)
        assert not math.isnan(value), "NaN"
        family.samples[key] = self.samples[key] = value
        self._by_name.setdefault(name, {})[key[1]] = value

    def value(self, name, **labels):
        """The one sample of this name that carries at least these labels."""
        found = self.select(name, **labels)
        assert len(found) == 1, f"{len(found)} samples of {name} with {labels}"
        return next(iter(found.values()))

    def select(self, name, **labels):
        """Samples of this name that carry at least these labels: frozenset of labels -> value."""
        wanted = labels.items()
        return {found: value for found, value in self._by_name.get(name, {}).items()
                if all(pair in found for pair in wanted)}

    def outcome(self, **labels):
        """The outcome of the latest poll, empty before the first; its state set has to be sound."""
        states = self.select("buntime_poll_outcome", **labels)
        if not states and not self.select("buntime_up", **labels):
            return ""
        assert len(states) == 15, f"{len(states)} outcomes"
        assert set(states.values()) <= {0, 1}, "a state set of other values than 0 and 1"
        on = [dict(state)["outcome"] for state, value in states.items() if value == 1]
        assert len(on) <= 1, f"several outcomes at once: {on}"
        return on[0] if on else ""


def _read_labels(text):
    labels = {}
    at = 0
    while text is not None and at < len(text):
        match = LABEL.match(text, at)
        assert match, "bad labels"
        assert match[1] not in labels, f"the label {match[1]} twice"
        labels[match[1]] = re.sub(r'\\[\\"n]', lambda escape: ESCAPES[escape[0]], match[2])
        at = match.end()
    assert text is None or (text and not text.endswith(",")), "empty braces or a comma too many"
    return frozenset(labels.items())


def _check_histogram(family):
    buckets = {}
    for (name, labels), value in family.samples.items():
        if name.endswith("_bucket"):
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            buckets.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    for rest, ladder in buckets.items():
        assert ladder == sorted(ladder), f"buckets of {family.name} are out of order"
        assert all(a[1] <= b[1] for a, b in zip(ladder, ladder[1:])), f"buckets of {family.name} fall"
        assert ladder[-1][0] == math.inf, f"{family.name} has no +Inf bucket"
        assert family.samples[(family.name + "_count", rest)] == ladder[-1][1], f"count of {family.name}"
        assert (family.name + "_sum", rest) in family.samples, f"{family.name} has no sum"
