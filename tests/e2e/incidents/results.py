"""What was expected and what arrived, and the table that shows it."""
import re
from dataclasses import dataclass

from clock import FACTOR, FACTORS

HEAPS = FACTORS["resource-exhaustion.yml"]


@dataclass(frozen=True)
class Verdict:
    name: str
    expected: frozenset  # of (receiver, alert)
    fired: frozenset
    untold: frozenset  # alerts that fired at the time of the cure, but nobody was told
    first: float | None  # seconds from the fault to the first notification
    resolved: float | None  # seconds from the cure until everything is resolved
    early: bool  # something was notified before the fault
    factor: int = FACTOR  # how many times as fast time ran

    @property
    def ok(self):
        return self.fired == self.expected and not self.early and (not self.expected or self.resolved is not None)


def judge(name, expected, firing, notifications, moments, factor=FACTOR):
    fault, cure = moments
    ours = [n for n in notifications if n.cluster == name]
    told = [n for n in ours if not n.resolved]
    last = {(n.receiver, n.alert): n for n in ours}
    all_resolved = bool(last) and all(n.resolved for n in last.values())
    return Verdict(name, expected, frozenset((n.receiver, n.alert) for n in told),
                   frozenset(firing - {n.alert for n in told}),
                   min(n.at for n in told) - fault if told else None,
                   max(n.at for n in last.values()) - cure if all_resolved else None,
                   any(n.at < fault for n in told), factor)


def _names(notifications):
    return ", ".join(f"{alert} ({receiver})" for receiver, alert in sorted(notifications)) or "nothing"


def _time(seconds, factor):
    if seconds is None:
        return "–", "–"
    minutes = seconds * factor / 60
    return f"{seconds:.1f}", f"{minutes:.1f} min" if minutes < 60 else f"{minutes / 60:.1f} h"


def table(verdicts):
    rows = ["| incident | expected | fired | fired, not notified | s | in real time | resolved after the cure | |",
            "|---|---|---|---|---|---|---|---|"]
    for verdict in verdicts:
        seconds, real = _time(verdict.first, verdict.factor)
        _, resolved = _time(verdict.resolved, verdict.factor)
        rows.append(f"| {verdict.name} | {_names(verdict.expected)} | {_names(verdict.fired)} | "
                    f"{', '.join(sorted(verdict.untold)) or '–'} | {seconds} | {real} | "
                    f"{resolved} | {'ok' if verdict.ok else 'WRONG'} |")
    return "\n".join(rows)


def timeline(verdict, notifications, fault):
    """Everything that arrived, for whoever has to explain a row that is wrong."""
    return [f"{verdict.name}: {n.at - fault:+.1f} s {n.receiver} {n.alert} {'resolved' if n.resolved else 'firing'}"
            for n in notifications if n.cluster == verdict.name]


def quote(text):
    """The table for alerts/README.md: which alert reaches which receiver, and when."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n") if line.startswith("|")]
    short = [(row[0], row[2], row[5], row[6]) for row in rows[2:]]
    return "\n".join(["| incident | notified | after | resolved after the cure |", "|---|---|---|---|",
                      *(f"| {' | '.join(row)} |" for row in short)])


def quoted(readme, text):
    """alerts/README.md with the table of today."""
    block = re.compile(r"(<!-- incidents -->\n).*?(<!-- /incidents -->)", re.S)
    assert block.search(readme), "alerts/README.md has no block <!-- incidents -->"
    return block.sub(lambda match: f"{match[1]}{quote(text)}\n{match[2]}", readme)


def page(text):
    return f"""# The incident lab

Each incident happens to simulated runtimes that a real exporter polls, with a real Prometheus and a real Alertmanager
behind it, in an installation of its own. "Probed" means that Prometheus knows the runtimes and scrapes `/probe`. The
quiet runs beside the incidents see deploys, five times the load, one of them with a second runtime, and a night. Time
runs {FACTOR} times as fast, for heaps {HEAPS} times; nothing else of the rules differs.

* "Fired" are the alerts that reached the receiver (pager or tickets) from the beginning to ten minutes after the last resolution.
* "Fired, not notified" are further alerts that fired at the time of the cure: inhibited, or of severity info.
* "s" is measured from the fault to the first notification; "in real time" is {FACTOR} (heaps: {HEAPS}) times that.
* "Resolved" is the time from the cure to the last notification that something is over.

{text}

The load balancer takes so long because its second process has just been started: until that one is a quarter of an
hour old and the window has seen nothing younger, the answers could as well come from one process that restarts.

Written by `lab.py --update`.
"""
