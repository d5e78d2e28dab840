"""What kind of quantity an expression is, so that a panel's unit can be checked against it.

A quantity is a set of powers: seconds, bytes, requests, things. Requests per second are {request: 1, s: -1}, a share is {}.
"""
import re

from promql import Aggregation, Binary, Call, Number, Selector, Subquery

THING = {"thing": 1}
# Where the name of a metric does not end in its unit. Failures, look-ups and what they lead to are counted like requests.
REQUESTS = re.compile(r".*_(requests(_unserved|_estimated)?|errors|hits|misses|evictions)(_total|:\w+)|.*_seconds_count|.*queue_(depth|limit)(_peak)?|.*_concurrency")
SHARE = re.compile(r".*(_utilization(_peak)?|:ratio(_\w+)?|utilization:limit|_per_\w+:(limit|min2m))|.*_successful|buntime_up|.*buntime_up:max2m|up")
# How many of one there are for one of the other.
RATIOS = {"buntime:requests_unserved_per_workers_created:limit": {"request": 1, "thing": -1},
          "buntime:app_workers_discarded_per_requests:limit": {"thing": 1, "request": -1}}
FITS = {
    "s": lambda powers: powers in ({"s": 1}, {"s": 1, "request": -1}),  # a mean is a time for each request
    "d": lambda powers: powers == {"s": 1},
    "bytes": lambda powers: powers == {"bytes": 1},
    "suffix:h": lambda powers: powers == {"s": 1},
    "reqps": lambda powers: powers == {"request": 1, "s": -1},
    # Evictions and cold starts are workers, and are counted like requests.
    "suffix: workers/s": lambda powers: powers in ({"request": 1, "s": -1}, {"thing": 1, "s": -1}),
    **dict.fromkeys(("suffix: polls/s", "suffix: probes/s", "suffix: fields/s", "suffix: workers/min"),
                    lambda powers: powers == {"thing": 1, "s": -1}),
    "percentunit": lambda powers: powers == {},
    # Numbers of things, and how many of one there are for one of the other.
    "short": lambda powers: powers in ({"thing": 1}, {"request": 1}, {"thing": 1, "request": -1}, {"thing": -1, "request": 1}),
}


def _times(left: dict, right: dict, sign: int) -> dict:
    return {unit: power for unit in {*left, *right} if (power := left.get(unit, 0) + sign * right.get(unit, 0))}


def _metric(name: str) -> dict:
    if name in RATIOS:
        return RATIOS[name]
    if SHARE.fullmatch(name):
        return {}
    if REQUESTS.fullmatch(name):
        return {"request": 1, "s": -1} if ":rate" in name else {"request": 1}
    if re.search(r"_seconds(_total|_sum|:limit|:mean5m)?$", name):
        return {"s": 1}
    return {"bytes": 1} if name.endswith(("_bytes", "_bytes:avg", "_resource_limits")) else THING


def constant(node) -> bool:
    """A number, drawn as a line: it has the unit of what it is drawn beside."""
    return isinstance(node, Number) or isinstance(node, Call) and node.function == "vector" and constant(node.args[0])


def of(node) -> dict:
    if isinstance(node, Selector):
        return _metric(node.name)
    if isinstance(node, Subquery):
        return of(node.child)
    if isinstance(node, Number):
        return {}
    if isinstance(node, Aggregation):
        # How many of something, or the sum of what is 0 or 1.
        summed = node.args[-1].left if isinstance(node.args[-1], Binary) else node.args[-1]
        one = node.function == "sum" and isinstance(summed, Selector) and summed.name in ("up", "buntime_up")
        return THING if one or node.function == "count" else of(node.args[-1])
    if isinstance(node, Call):
        if node.function in ("rate", "irate", "deriv"):
            return _times(of(node.args[0]), {"s": 1}, -1)
        if node.function == "resets":
            return THING
        if node.function == "time":
            return {"s": 1}
        if node.function == "histogram_quantile":
            return {"s": 1}  # the buckets count; what they are labelled with is asked for
        return of(_vector(node.args))
    if isinstance(node, Binary) and node.op in ("*", "/"):
        return _times(of(node.left), of(node.right), 1 if node.op == "*" else -1)
    return of(node.left) if isinstance(node, Binary) else {}


def _vector(arguments):
    """The argument that is not a parameter: quantile_over_time(0.95, x) and clamp_min(x, 0) are both about x."""
    return next((each for each in arguments if not isinstance(each, Number)), arguments[0])
