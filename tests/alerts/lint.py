"""Checks of rule files that promtool does not make.

Each check takes the rules (alertlib.Rule) and yields (rule, complaint). They follow what mixtool and pint ask of alerts
and recording rules; lint_test.py shows for each of them a rule it rejects, and lists which of those programs' rules is
checked where.
"""
import re

import promql
from alertlib import TARGET_LABELS
from labelsets import LabelSet, computed, is_scalar, label_set
from promql import Aggregation, Binary, Call, Number, Selector, Subquery

SCRAPE_INTERVAL = 15  # seconds, in all scrape configurations of this project
RATE_FUNCTIONS = {"rate", "irate", "increase", "resets"}  # what a counter may be put into
KNOWN_FUNCTIONS = RATE_FUNCTIONS | {
    "absent", "delta", "label_replace", "scalar", "time", "vector", "avg_over_time", "min_over_time", "max_over_time",
    "sum_over_time", "count_over_time", "present_over_time", "quantile_over_time", "last_over_time", "round", "clamp_min",
    "changes", "deriv", "histogram_quantile", "abs", "timestamp", "topk"}
INSTANCE_LABELS = {"instance", "pod", "container", "endpoint", "node", "runtime"}
FOREIGN = re.compile(r"up|scrape_.*|process_.*|ALERTS")
DASHBOARD = re.compile(r"/d/buntime-(overview|workers|apps|capacity|exporter)(\?[^ ]+)?")


def tree(rule):
    return promql.parse(rule.body["expr"])


def nodes(rule, kind):
    return [(node, parents) for node, parents in promql.walk(tree(rule)) if isinstance(node, kind)]


def alerts(rules):
    return [rule for rule in rules if rule.alert]


def records(rules):
    return [rule for rule in rules if rule.record]


# --- names, labels, annotations


def names(rules):
    for rule in rules:
        if rule.alert and not re.fullmatch(r"Buntime([A-Z]+[a-z0-9]+)+", rule.alert):
            yield rule, "an alert's name is CamelCase and starts with Buntime"
        if rule.alert and len(rule.alert) > 40:
            yield rule, "an alert's name has at most 40 characters"
        if rule.record and not re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", rule.record):
            yield rule, "a record is called level:metric:operations"
        if len(rule.group) > 40:
            yield rule, "a group's name has at most 40 characters"


def group_size(rules):
    for rule in rules:
        if sum(other.group == rule.group for other in rules) > 20:
            yield rule, "a group has at most 20 rules"


def strings(rules):
    for rule in rules:
        for key, value in {**rule.labels, **rule.body.get("annotations", {})}.items():
            if not isinstance(value, str):
                yield rule, f"the value of {key} is not a string"


def severity(rules):
    for rule in alerts(rules):
        if rule.labels.get("severity") not in ("critical", "warning", "info"):
            yield rule, "severity is critical, warning or info"


def annotations(rules):
    for rule in alerts(rules):
        texts = rule.body.get("annotations", {})
        if set(texts) != {"summary", "description", "runbook_url", "dashboard_url"}:
            yield rule, "the annotations are summary, description, runbook_url and dashboard_url"
            continue
        if not re.fullmatch(r"[A-Z].+\.", texts["summary"]) or "{{" in texts["summary"]:
            yield rule, "the summary is one fixed sentence"
        if "{{" not in texts["description"]:
            yield rule, "the description says where and how much"
        if texts["runbook_url"] != f"/alerts/runbooks/{rule.alert}.md":
            yield rule, "runbook_url names the runbook of the alert"
        if not DASHBOARD.fullmatch(texts["dashboard_url"].replace(" ", "")):
            yield rule, "dashboard_url is the path of a dashboard of this project"
        if "var-instance=" in texts["dashboard_url"] and "var-runtime=" not in texts["dashboard_url"]:
            yield rule, "dashboard_url chooses the runtime, too, where one exporter polls several"


def templates(rules):
    for rule in alerts(rules):
        known = label_set(tree(rule)).either(LabelSet(rule.labels, only=True))
        for text in rule.body.get("annotations", {}).values():
            for label in re.findall(r"\$labels\.(\w+)", text):
                if label not in known:
                    yield rule, f"the label {label} does not exist in the result"
            if "$externalLabels" in text:
                yield rule, "an external label need not be configured"
        if any("{{" in value for value in rule.labels.values()):
            yield rule, "a templated label makes a new alert of every value"


def target_labels(rules):
    for rule in rules:
        taken = sorted(rule.labels.keys() & TARGET_LABELS)
        if taken:
            yield rule, f"the labels {taken} would hide where the series come from"


def humanized(rules):
    """A rate or a mean has more digits than anybody reads."""
    for rule in alerts(rules):
        if computed(tree(rule)):
            for text in rule.body.get("annotations", {}).values():
                if re.search(r"\{\{ *\$value *\}\}", text):
                    yield rule, "the value is a computed one and needs humanize, humanizePercentage or humanizeDuration"


# --- times


def durations(rules):
    for rule in rules:
        for key, longest in (("for", 3 * 3600), ("keep_firing_for", 15 * 60)):
            if key in rule.body and not 0 < promql.seconds(rule.body[key]) <= longest:
                yield rule, f"{key} is more than 0 s and at most {longest} s"


def windows(rules):
    for rule in rules:
        for node, _ in nodes(rule, (Selector, Subquery)):
            if node.window and promql.seconds(node.window) > 3 * 86400:
                yield rule, f"a window of {node.window} is longer than 3 days"
        for offset in re.findall(r"\boffset (\w+)", rule.body["expr"]):
            if promql.seconds(offset) > 3 * 86400:
                yield rule, f"an offset of {offset} is longer than 3 days"
        for node, _ in nodes(rule, Call):
            window = next((arg.window for arg in node.args if isinstance(arg, Selector) and arg.window), None)
            if window and promql.seconds(window) < 4 * SCRAPE_INTERVAL:
                yield rule, f"a window of {window} holds less than four scrapes"


def absent_needs_time(rules):
    for rule in alerts(rules):
        if any(call.function == "absent" for call, _ in nodes(rule, Call)):
            if promql.seconds(rule.body.get("for", "0s")) < 2 * SCRAPE_INTERVAL:
                yield rule, "absent() needs a `for` of at least two scrapes"


# --- expressions


def can_be_empty(node):
    """Whether the expression is a condition. An alert on a plain value would fire for ever."""
    if isinstance(node, Binary):
        if node.op == "or":
            return can_be_empty(node.left) and can_be_empty(node.right)
        return node.op == "unless" or (node.op in promql.COMPARISONS and not node.bool_modifier) or (
            node.op == "and" and (can_be_empty(node.left) or can_be_empty(node.right)))
    if isinstance(node, Call):
        return node.function == "absent" or node.function == "label_replace" and can_be_empty(node.args[0])
    return False


def conditions(rules):
    for rule in alerts(rules):
        if not can_be_empty(tree(rule)):
            yield rule, "the expression is no condition, the alert would always fire"


def functions(rules):
    for rule in rules:
        for call, _ in nodes(rule, Call):
            if call.function not in KNOWN_FUNCTIONS:
                yield rule, f"{call.function}() is not known to be stable"


def rates(rules):
    for rule in rules:
        for call, _ in nodes(rule, Call):
            if call.function in RATE_FUNCTIONS and not isinstance(call.args[0], Selector):
                yield rule, f"{call.function}() of something computed reads every fall of a sum as a restart"


def fragile(rules):
    for rule in alerts(rules):
        for node, _ in nodes(rule, Aggregation):
            if node.function in ("topk", "bottomk"):
                yield rule, f"{node.function} changes its members, the alert would start again and again"
        for node, _ in nodes(rule, Binary):
            both = isinstance(node.left, Aggregation) and isinstance(node.right, Aggregation)
            if both and node.op in "+-*/%^" and "for" not in rule.body:
                yield rule, "two aggregations change at different times: `for` is needed"


def ratios(rules):
    for rule in rules:
        for node, parents in nodes(rule, Binary):
            inside = any(isinstance(parent, Aggregation) for parent in parents)
            if node.op in ("/", "%") and inside:
                yield rule, "a division inside an aggregation: one NaN makes the whole NaN"


def guarded_divisions(rules):
    """A division by something that may be 0 gives NaN or +Inf; every divisor is filtered by "> 0" or recorded so."""
    guarded = {rule.record for rule in records(rules) if "> 0" in rule.body["expr"]}
    for rule in rules:
        for node, _ in nodes(rule, Binary):
            divisor = node.right
            if node.op != "/" or isinstance(divisor, Number) or isinstance(divisor, Selector) and divisor.name in guarded:
                continue
            if not (isinstance(divisor, Binary) and divisor.op == ">" and is_scalar(divisor.right)):
                yield rule, "a divisor that may be 0"


def impossible(rules):
    for rule in rules:
        for node, _ in nodes(rule, Aggregation):
            gone = node.labels and [label for label in node.labels.set() if label not in label_set(node.args[-1])]
            if gone:
                yield rule, f"the labels {gone} are gone before the aggregation"
        for node, _ in nodes(rule, Binary):
            if node.matching and node.matching.kind == "on":
                for side in (node.left, node.right):
                    gone = [label for label in node.matching.set() if label not in label_set(side)]
                    if gone:
                        yield rule, f"the labels {gone} are gone before the match"
            elif not (is_scalar(node.left) or is_scalar(node.right)):
                left, right = label_set(node.left), label_set(node.right)
                ignored = node.matching.set() if node.matching else set()
                different = [label for label in sorted(TARGET_LABELS - ignored) if (label in left) != (label in right)]
                if different and node.op != "or":
                    yield rule, f"the labels {different} exist on one side only, nothing can match"


def regexps(rules):
    for rule in rules:
        for node, _ in nodes(rule, Selector):
            for label, op, value, _, _ in node.matchers:
                if op in ("=~", "!~") and (re.fullmatch(r"[\w-]*", value) or value[:1] == "^" or value[-1:] == "$"):
                    yield rule, f"{label}{op}{value!r} needs no regular expression or repeats its anchors"


def jobs(rules):
    for rule in rules:
        for node, _ in nodes(rule, Selector):
            if FOREIGN.fullmatch(node.name) and "job" not in {m[0] for m in node.matchers}:
                yield rule, f"{node.name} exists in every job of Prometheus"


def levels(rules):
    for rule in records(rules):
        labels = label_set(tree(rule))
        level = rule.record.split(":")[0]
        if level != "buntime" and "job" not in labels:
            yield rule, "the label job is lost"
        if level in ("job", "app") and any(label in labels for label in INSTANCE_LABELS) and not derived(rule, rules):
            yield rule, f"a record of level {level} still has labels of an instance"


def derived(rule, rules):
    """Whether everything the rule reads is a record of the same level, or a limit, so that its labels are right already."""
    level = rule.record.split(":")[0]
    return all(node.name.startswith((level + ":", "buntime:")) for node, _ in nodes(rule, Selector))


def dependencies(rules):
    group_of = {rule.record: rule.group for rule in records(rules)}
    for rule in rules:
        for node, _ in nodes(rule, Selector):
            if ":" not in node.name:
                continue
            if node.name not in group_of:
                yield rule, f"{node.name} is recorded nowhere"
            elif rule.record and group_of[node.name] != rule.group and group_of[node.name] != "buntime_limits":
                yield rule, f"{node.name} belongs to another group and may be one evaluation old"


def duplicates(rules):
    seen = {}
    for rule in rules:
        key = (rule.name, tuple(sorted(rule.labels.items())))
        if key in seen:
            yield rule, "name and labels exist twice"
        seen[key] = rule


CHECKS = [names, group_size, strings, severity, annotations, templates, target_labels, humanized, durations, windows, absent_needs_time, conditions,
          functions, rates, fragile, ratios, guarded_divisions, impossible, regexps, jobs, levels, dependencies, duplicates]
