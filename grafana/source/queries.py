"""PromQL as the dashboards write it: short names for the selectors, and the choice of the largest series."""
import re
from dataclasses import dataclass

_TARGET = 'cluster=~"$cluster", namespace=~"$namespace", job=~"$job"'
_PROCESS = f'{_TARGET}, instance=~"$instance"'
_RUNTIME = f'{_PROCESS}, runtime=~"$runtime"'
SELECTORS = {
    "$J": _TARGET,  # what the recording rules keep: they add up over instances
    "$P": _PROCESS,  # the exporter's own series
    "$S": _RUNTIME,  # series about a runtime
    "$A": f'{_RUNTIME}, app=~"$app"',  # series about an app
}
# Entries in the states left out are the book-keeping of workers that are not alive.
ALIVE = 'buntime_app_workers{$A, state!~"offline|ephemeral|terminated"}'
# The labels that tell one runtime from another. Those that do not exist are empty and do no harm.
IDENTITY = "cluster, namespace, job, instance, runtime"


@dataclass(frozen=True)
class Query:
    expression: str
    legend: str = ""
    instant: bool = False


def expand(text):
    """PromQL as Grafana gets it."""
    text = re.sub(r"\$[JPSA]\b", lambda match: SELECTORS[match[0]], text)
    return text.replace("[W]", "[$__rate_interval]")


def top(count, expression, choose="topk"):
    """The `count` largest series, the same ones over the whole range: with topk() alone each moment has its own ten, and
    the legend has forty. A rate over [W] is compared over the whole range, a selector marked with @ at the end of it."""
    compared = re.sub(r"(?<=[}\]])@", " @ end()", expression).replace("[W]", "[$__range] @ end()")
    return f"{expression.replace('@', '')} and {choose}({count}, {compared})"


def least(count, expression):
    return top(count, expression, "bottomk")
