"""The rules and the Alertmanager's configuration in a world where time runs FACTOR times as fast.

A duration becomes shorter, a number of seconds of the real clock too, a number of events a second larger. Uptime and
durations of requests stay: the simulator (--speed FACTOR) counts them in seconds of its own, faster, world.
"""
import copy

import promql

# What every plain number in the rules means. A number that is not listed is refused: somebody has to decide.
SECONDS = {("app:buntime_app_errors:increase5m", "300"), ("BuntimeExporterStaleData", "120"),
           ("BuntimeExporterSlowScrapes", "5")}
PER_SECOND = {("BuntimeEvictionChurn", "0.02"), ("BuntimeAppSlowRequests", "0.1")}
# Ratios, counts, bytes, 1 for true, and the seconds of the runtime's own clock (900 and 60 of the uptime).
UNCHANGED = {
    "BuntimeDown": {"0.5"},
    "BuntimeRestart": {"900"}, "BuntimeCrashLooping": {"3", "900", "60"}, "BuntimeTargetLoadBalanced": {"2", "900"},
    "instance:buntime_pool_evicting_per_pool_size:min2m": {"3"},
    "BuntimePoolExhausted": {"1"}, "BuntimeNoWorkers": {"0.8", "3", "0.9"}, "BuntimeWorkersStuckCreating": {"0.5"},
    "BuntimeEvictionChurn": {"0.5", "1"},
    "BuntimeAppErrorBudgetBurn": {"14.4", "6", "3", "10"}, "BuntimeWorkerStartFailures": {"3", "0.1"},
    "BuntimeWorkersNotServing": {"6"}, "BuntimeAppWorkersDying": {"10"}, "BuntimePoolAccountingMismatch": {"2"},
    "instance:buntime_workers_discarded:since_start": {"900"}, "BuntimeAppHeapGrowth": {"1.5", "1.01", "1.02", "67108864"},
    "BuntimeExporterDown": {"0.5"}, "BuntimeExporterPollErrors": {"0.1", "1"}, "BuntimeExporterStaleData": {"1"},
    "BuntimeExporterSlowScrapes": {"0.5"}, "BuntimeExporterSeriesChurn": {"20000", "3", "1.25", "1700"},
    "BuntimeExporterVersionSkew": {"1"}, "BuntimeMemoryNearLimit": {"0.9"}, "BuntimeOOMKilled": {"1"},
    "BuntimeAutoscalerBroken": {"1"},
    "buntime:pool_utilization:limit": {"0.8"}, "buntime:app_errors_per_requests:limit": {"0.01"},
    "buntime:app_request_duration_seconds:limit": {"1"}, "buntime:workers_discarded:limit": {"10000"},
    "buntime:ephemeral_queue_depth_per_limit:limit": {"0.8"}, "buntime:requests_unserved_per_workers_created:limit": {"0.1"},
    "buntime:app_workers_discarded_per_requests:limit": {"0.5"},
}
ROUTE_TIMES = ("group_wait", "group_interval", "repeat_interval")


def duration(text, factor):
    milliseconds = promql.seconds(text) * 1000 / factor
    if milliseconds < 1:
        raise promql.Error(f"{text} / {factor} is less than a millisecond")
    return f"{round(milliseconds)}ms"


def number(name, text, factor):
    if (name, text) in SECONDS:
        return f"{float(text) / factor:.12g}"
    if (name, text) in PER_SECOND:
        return f"{float(text) * factor:.12g}"
    if text == "0" or text in UNCHANGED.get(name, ()):
        return text
    raise promql.Error(f"{name}: is {text} a number of seconds or not? Say so in {__name__}.py")


def expression(name, text, factor):
    promql.parse(text)  # what the parser does not know, this does not touch
    pieces, end = [], 0
    for token in promql.TOKEN.finditer(text):
        kind = token.lastgroup
        if kind in ("duration", "number"):
            changed = (duration(token[kind], factor) if kind == "duration" else number(name, token[kind], factor))
            pieces += [text[end:token.start(kind)], changed]
            end = token.end(kind)
    return "".join(pieces) + text[end:]


def rules(document, factor):
    """A rule file, as loaded from YAML; no group has an interval of its own."""
    document = copy.deepcopy(document)
    for group in document["groups"]:
        if group.keys() != {"name", "rules"}:
            raise promql.Error(f"group {group['name']} has settings that are not scaled: {sorted(group)}")
        for rule in group["rules"]:
            rule["expr"] = expression(rule.get("alert") or rule["record"], rule["expr"], factor)
            for key in ("for", "keep_firing_for"):
                if key in rule:
                    rule[key] = duration(rule[key], factor)
    return document


def alertmanager(document, factor, receiver, templates):
    """Alertmanager's configuration, its webhooks sent to the same path of `receiver`."""
    document = copy.deepcopy(document)
    document["global"]["resolve_timeout"] = duration(document["global"]["resolve_timeout"], factor)
    for route in [document["route"], *document["route"]["routes"]]:
        for key in ROUTE_TIMES:
            if key in route:
                route[key] = duration(route[key], factor)
    for entry in document["receivers"]:
        for webhook in entry.get("webhook_configs", []):
            webhook["url"] = f"{receiver}/{entry['name']}"
    document["templates"] = [f"{templates}/{name}" for name in document["templates"]]
    return document
