"""Checks of panels and their queries: what Grafana's dashboard-linter asks for, and more.

Each check takes a query's place (dashboards.Where) or a panel, and yields complaints. The linter leaves out kinds of
panels and whole rules; here an exception is one query with its reason.

The linter's panel-title-description-rule is in words; panel-datasource-rule, panel-no-targets-rule, target-logql-rule and
target-logql-auto-rule in sources (nothing but Prometheus is asked); panel-units-rule in units; target-promql-rule and
target-counter-agg-rule in catalogue; target-rate-interval-rule in windows; target-job-rule and target-instance-rule in
matchers.
"""
import re

import dimension
import lint
import promql
from catalogue import FOREIGN, Catalogue
from dashboards import Where, expand, parsable
from promql import Selector

KINDS = {"stat", "gauge", "bargauge", "timeseries", "table", "state-timeline", "heatmap"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
CHOSEN = ("cluster", "namespace", "job", "instance")
# Panels whose quantity is a share but reads better as a number.
NUMBERS = {
    "buntime-apps: Concurrency A": "seconds of requests in a second are requests in flight",
    "buntime-apps: Burn rate A": "a multiple of the error budget",
    "buntime-apps: Burn rate B": "a multiple of the error budget",
    "buntime-apps: Burn rate C": "a multiple of the error budget",
    "buntime-exporter: Configuration A": "1 and 0 are shown as words",
    "buntime-overview: Up and down A": "1 and 0 are shown as words",
    "buntime-overview: BuntimeTargetsMissing B": "1 says that the condition holds",
    "buntime-overview: BuntimeLimitsMissing E": "1 says that the condition holds",
}
# Windows that are longer than what one looks at.
WINDOWS = {
    "buntime-capacity: Full in A": "a trend of days",
    "buntime-capacity: Utilization, 95th percentile of a day A": "of a day, as the title says",
    **dict.fromkeys(("buntime-exporter: Targets up A", "buntime-exporter: Duration of a scrape A",
                     "buntime-exporter: Samples and new series A", "buntime-exporter: Samples and new series B"),
                    "a target that is down told of itself a while ago"),
    "buntime-apps: Error budget left A": "an error budget is that of 30 days",
    **dict.fromkeys(("buntime-overview: Pool utilization, mean of 5 minutes A", "buntime-overview: Pool utilization, mean of 5 minutes over time A"),
                    "of five minutes, as the title says"),
}
# A panel that shows an alert is called as the alert; its windows are those of the alert.
ALERT = re.compile(r"Buntime[A-Z]\w+( \w+)?")
# The colour for "nothing is known", which is neither good nor bad.
CALM = "text"


class PanelsCatalogue(Catalogue):
    """The buckets of a histogram have one label more."""

    def labels(self, name):
        found = super().labels(name)
        return lint.LabelSet({*found.names, "le"}, only=True) if name.endswith("_bucket") else found


# --- panels


def words(panel):
    description = panel.get("description", "")
    if not panel.get("title") or not description or description == panel["title"]:
        yield "a panel has a title, and a description that says more"
    elif not re.match(r"[A-Z]", description) or not description.endswith("."):
        yield "a description is made of sentences"


def kind(panel):
    if panel["type"] not in KINDS:
        yield f"{panel['type']} is not among {sorted(KINDS)}"


def sources(panel):
    if panel.get("datasource") != SOURCE or any(target.get("datasource") != SOURCE for target in panel["targets"]):
        yield "panel and queries take the chosen data source"
    letters = [target["refId"] for target in panel["targets"]]
    if not letters or len(set(letters)) != len(letters) or not all(target["expr"].strip() for target in panel["targets"]):
        yield "there is no query, an empty one, or two of one name"


def thresholds(panel):
    fields = [panel["fieldConfig"]["defaults"].get("thresholds")]
    fields += [each["value"] for override in panel["fieldConfig"]["overrides"] for each in override["properties"]
               if each["id"] == "thresholds"]
    for field in fields:
        values = [step["value"] for step in field["steps"]]
        if values[0] is not None or None in values[1:] or values[1:] != sorted(values[1:]):
            yield "thresholds begin with null and rise"
    if panel["type"] == "gauge" and not {"min", "max"} <= set(panel["fieldConfig"]["defaults"]):
        yield "a gauge has a least and a largest value"


def answers(panel):
    """What is seen where there is no data: words that say what it means, in no alarming colour."""
    defaults = panel["fieldConfig"]["defaults"]
    if defaults.get("noValue", "No data") == "No data":
        yield "it does not say what it means to have no data"
    if panel["type"] in ("stat", "gauge") and defaults["thresholds"]["steps"][0]["color"] != CALM:
        yield "the colour of the first threshold is that of no data: it is neither good nor bad"


def series(panel):
    """Lines: the same colour for the same name, a legend that says how much it is now and how much it was."""
    if panel["type"] != "timeseries":
        return
    legend = panel["options"]["legend"]
    if legend["displayMode"] != "table" or not {"lastNotNull", "max"} <= set(legend["calcs"]):
        yield "the legend is no table with the last and the largest value"
    if panel["fieldConfig"]["defaults"]["color"]["mode"] != "palette-classic-by-name":
        yield "the colour of a series depends on its place and not on its name"
    defaults = panel["fieldConfig"]["defaults"]
    if defaults["unit"] == "short" and not defaults["custom"]["axisLabel"] and not re.match("Buntime[A-Z]", panel["title"]):
        yield "neither the unit nor the axis says what is counted"


def order(panel):
    """A legend names the runtime first; the address of its target comes last."""
    for target in panel["targets"]:
        names = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
        if {"runtime", "instance"} <= set(names) and (names[-1] != "instance" or names.index("runtime") != 0):
            yield "a legend begins with the runtime and ends with the instance"
    if panel["type"] == "table":
        titles = list(panel["transformations"][-1]["options"]["renameByName"].values())
        if "Instance" in titles and titles[-1] != "Instance":
            yield "the instance is the last column"


def limits(panel):
    """A limit of alerts/limits.yml is read from its series: no panel of what it limits repeats the number."""
    read = any(":limit" in target["expr"] for target in panel["targets"])
    for transformation in panel.get("transformations", []):
        if transformation["id"] == "configFromData":
            name, = (mapping["fieldName"] for mapping in transformation["options"]["mappings"])
            if [target["legendFormat"] for target in panel["targets"]
                    if target["refId"] == transformation["options"]["configRefId"]] != [name]:
                yield "a setting is read from a query that does not exist"
    if panel["type"] != "timeseries" or not read:
        return
    lines = [override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]
             if any(each["id"] == "custom.lineStyle" for each in override["properties"])]
    for target in panel["targets"]:
        # A limit that takes part in a formula is no line.
        is_line = re.fullmatch(r"(max\()?buntime:\w+:limit(\{.*\})?\)?", target["expr"])
        if is_line and not any(target["legendFormat"].startswith(line.strip("/^").partition("{{")[0]) for line in lines):
            yield f"the limit {target['refId']} is not drawn as one"


def overrides(panel):
    """An override that matches nothing is a misspelt one."""
    if panel["type"] == "table":
        names = list(panel["transformations"][-1]["options"]["renameByName"].values())
    else:
        names = [target["legendFormat"] for target in panel["targets"]]
    for override in panel["fieldConfig"]["overrides"]:
        pattern = override["matcher"]["options"]
        if override["matcher"]["id"] == "byName":
            fits = any(re.fullmatch(re.sub(r"\{\{\w+\}\}", ".*", name), pattern) for name in names)
        else:
            fits = any(re.search(pattern.strip("/"), name) for name in names)
        if not fits:
            yield f"the override of {pattern} matches no series"


def columns(panel):
    if panel["type"] != "table":
        return
    organize = panel["transformations"][-1]["options"]
    included = panel["transformations"][1]["options"]["include"]["names"]
    if list(organize["renameByName"]) != included or set(organize["indexByName"]) != set(included):
        yield "the columns that are kept are not those that are named"
    values = {f"Value #{target['refId']}" for target in panel["targets"]} if len(panel["targets"]) > 1 else {"Value"}
    for name in included:
        if name.startswith("Value") and name not in values:
            yield f"no query gives {name}"
    if any(sort["displayName"] not in organize["renameByName"].values() for sort in panel["options"]["sortBy"]):
        yield "it is sorted by a column that is not there"
    if any(not target["instant"] or target["format"] != "table" for target in panel["targets"]):
        yield "a table is made of instant queries in the format of a table"


# --- queries


def _tree(where: Where):
    return promql.parse(parsable(expand(where.expression, where.dashboard)))


def catalogue(where: Where, known: Catalogue):
    yield from known.complaints(parsable(expand(where.expression, where.dashboard)))


def matchers(where: Where, known: Catalogue):
    """Every series is selected by every choice that the dashboard offers and the series can have."""
    offered = {each["name"] for each in where.dashboard["templating"]["list"]}
    for node, _ in promql.walk(promql.parse(parsable(_plain(where.expression)))):
        if not isinstance(node, Selector) or node.name.startswith("buntime:"):
            continue
        found = {(label, value) for label, op, value, *_ in node.matchers if op == "=~"}
        for label in sorted(_choices(node, known) & offered):
            # An alert may be about something that has no instance.
            wanted = {f"${label}", f"${label}|"} if node.name == "ALERTS" else {f"${label}"}
            if not found & {(label, value) for value in wanted}:
                yield f"{node.name} is not selected by {label}"


def _plain(expression: str) -> str:
    """With the variables still in place, but with windows that the parser can read."""
    return re.sub(r"\[\$__(rate_interval|range)\]", "[5m]", expression)


def _choices(node: Selector, known: Catalogue) -> set[str]:
    labels = known.labels(node.name)
    if node.name.startswith(("kube_", "container_")):
        return {"cluster", "namespace"}
    if node.name in known.recorded:
        apps = [] if node.name.startswith("instance:") else ["app"]  # the level says that it has none
        return {label for label in (*CHOSEN, "runtime", *apps) if label in labels}
    entry, _ = known.find(node.name)
    if not entry:
        return {*CHOSEN, "runtime"} if node.name == "ALERTS" else set(CHOSEN)
    about_itself = not entry["documented"] and not entry["released"] or node.name.startswith("buntime_fleet_")
    polls = node.name.startswith(("buntime_exporter_polls", "buntime_exporter_anomalies"))
    return {*CHOSEN, *(["runtime"] if polls or not about_itself else []), *(["app"] if "app" in labels else [])}


def windows(where: Where, known: Catalogue):
    for window, after in re.findall(r"\[([^\]]+)\]( @ end\(\))?", where.expression):
        whole = window == "$__range" and (where.target["instant"] or after)
        if window != "$__rate_interval" and not whole and str(where) not in WINDOWS and not ALERT.fullmatch(where.panel["title"]):
            yield f"a window of {window} is too short for some ranges of time and too long for others"


def units(where: Where, known: Catalogue):
    if where.panel["type"] == "table":
        name = f"Value #{where.target['refId']}" if len(where.panel["targets"]) > 1 else "Value"
        title = where.panel["transformations"][-1]["options"]["renameByName"].get(name)
        unit = next((each["value"] for override in where.panel["fieldConfig"]["overrides"]
                     if override["matcher"]["options"] == title for each in override["properties"] if each["id"] == "unit"), "short")
        if title is None or title == "Up":
            return
    else:
        unit = where.panel["fieldConfig"]["defaults"].get("unit", "")
    tree = _tree(where)
    if dimension.constant(tree):
        return
    powers = dimension.of(tree)
    if str(where) in NUMBERS and unit == "short":
        return
    if unit not in dimension.FITS or not dimension.FITS[unit](powers):
        yield f"{unit!r} is not the unit of {powers or 'a share'}"


def legends(where: Where, known: Catalogue):
    if where.panel["type"] == "table":
        return
    legend, result = where.target["legendFormat"], lint.label_set(_tree(where), known.labels)
    for label in re.findall(r"\{\{(\w+)\}\}", legend):
        if label not in result:
            yield f"the legend names {label}, which the result does not have"
    one = result.only and result.names <= {"le"}
    if legend == "__auto" and (not one or len(where.panel["targets"]) > 1):
        yield "several series need a legend"
    if not one and "{{" not in legend:
        yield "several series have one and the same legend"


PANELS = (words, kind, sources, thresholds, answers, series, order, limits, overrides, columns)
QUERIES = (catalogue, matchers, windows, units, legends)
EXCEPTIONS = NUMBERS, WINDOWS
