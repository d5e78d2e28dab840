"""Checks of a dashboard as a whole: what Grafana's dashboard-linter asks for, and more.

Each check takes a dashboard and all of them, and yields complaints; lint_test.py shows for each a dashboard it rejects.

The linter's template-datasource-rule is in data_source_variable; template-job-rule, template-instance-rule,
template-label-promql-rule and template-on-time-change-reload-rule in query_variables; uneditable-dashboard in frame.
"""
import json
import re

import promql
from dashboards import expand, panels, variable_query, variables

LABELS = {"cluster": ("Cluster", ".*"), "namespace": ("Namespace", ".*"), "job": ("Job", ".+"),
          "runtime": ("Runtime", ".*"), "instance": ("Instance", ".+"), "app": ("App", ".*")}
# In most installations there is one cluster, one namespace and one job, and nothing to choose from.
HIDDEN = {"cluster", "namespace", "job"}
FIXED = {"id": None, "editable": False, "schemaVersion": 41, "version": 1, "graphTooltip": 1, "refresh": "30s",
         "timezone": "browser", "time": {"from": "now-1h", "to": "now"}, "tags": ["buntime"]}
WIDTH = 24
# One and a half screens of 1080 pixels: a row of the grid takes 38, and a screen shows 23 of them below Grafana's own bars.
OVERVIEW_ROWS = 34
# kubectl apply keeps a copy of a ConfigMap in an annotation of it, and annotations have this limit.
MOST_BYTES = 262144


def frame(dashboard, _):
    for name, value in FIXED.items():
        if dashboard.get(name, "missing") != value:
            yield f"{name} is not {value}"
    for name in ("title", "uid", "description"):
        if not dashboard.get(name):
            yield f"there is no {name}"
    for name in ("__inputs", "__requires", "dashboard"):
        if name in dashboard:
            yield f"{name} is what another way of importing needs; provisioning does not replace it"


def size(dashboard, _):
    if len(json.dumps(dashboard, indent=2)) >= MOST_BYTES:
        yield "too large for a ConfigMap that kubectl applies"


def data_source_variable(dashboard, _):
    found = variables(dashboard, "datasource")
    if list(found) != ["datasource"]:
        yield "the only variable of a data source is called datasource"
    for variable in found.values():
        if variable["label"] != "Data source" or variable["query"] != "prometheus":
            yield 'the data source is labelled "Data source" and is a Prometheus'


def query_variables(dashboard, _):
    found = variables(dashboard)
    if [name for name in LABELS if name in found] != list(found) or not {"job", "instance"} <= set(found):
        yield f"the variables are of {list(LABELS)}, in this order, job and instance among them"
    for name, variable in found.items():
        wanted = {"label": LABELS[name][0], "allValue": LABELS[name][1], "multi": True, "includeAll": True, "refresh": 2, "sort": 1,
                  "hide": 2 if name in HIDDEN else 0,
                  "datasource": {"type": "prometheus", "uid": "${datasource}"}} if name in LABELS else {}
        for key, value in wanted.items():
            if variable.get(key) != value:
                yield f"{key} of the variable {name} is not {value}"
        try:
            selector, label = variable_query(variable)
            promql.parse(expand(selector, dashboard))
            if label != name or variable["definition"] != variable["query"]["query"]:
                yield f"the variable {name} asks for {label}, or for something else than it says"
        except (AssertionError, promql.Error) as error:
            yield f"the variable {name}: {error}"


def used_variables(dashboard, _):
    text = json.dumps([[target["expr"] for target in panel.get("targets", [])] for panel in panels(dashboard)])
    for name in variables(dashboard):
        if not re.search(rf"\${name}\b", text):
            yield f"no query uses the variable {name}"
    for name in set(re.findall(r"\$\{?(\w+)", text)) - set(variables(dashboard)) - {"__rate_interval", "__range"}:
        yield f"a query uses the variable {name}, which does not exist"


def fewer_choices(dashboard, _):
    """What is hidden can still be chosen, by any label."""
    filters = variables(dashboard, "adhoc")
    if [each["datasource"]["uid"] for each in filters.values()] != ["${datasource}"]:
        yield "there is no filter by any label"


def layout(dashboard, _):
    yield from _grid(dashboard["panels"])
    rows = [panel for panel in dashboard["panels"] if panel["type"] == "row"]
    for row in rows[1:]:
        yield from _grid(row["panels"])
    if [row["collapsed"] for row in rows] != [number > 0 for number in range(len(rows))]:
        yield "the first row is open, and all others are collapsed"
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    if dashboard["uid"] == "buntime-overview" and height > OVERVIEW_ROWS:
        yield f"{height} rows are more than a screen and a half"


def _grid(found):
    taken = {}
    for panel in found:
        place = panel["gridPos"]
        if place["x"] < 0 or place["x"] + place["w"] > WIDTH:
            yield f"{panel['title']} is outside of the {WIDTH} columns"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"{panel['title']} lies over {taken[x, y]}"
                    return
                taken[x, y] = panel["title"]
    rows = {y for _, y in taken}
    if len(taken) != WIDTH * (max(rows) + 1 - min(rows)):
        yield f"there are gaps: {WIDTH * (max(rows) + 1 - min(rows)) - len(taken)} free cells"
    places = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in found]
    if places != sorted(places):
        yield "the panels are not in the order of their places"


def ids(dashboard, _):
    found = [panel for panel in dashboard["panels"] if panel["type"] == "row"] + panels(dashboard)
    numbers = [panel.get("id") for panel in found]
    if len(set(numbers)) != len(numbers) or not all(isinstance(each, int) and each > 0 for each in numbers):
        yield "a panel has no id of its own"
    titles = [panel["title"] for panel in found]
    for title in {title for title in titles if titles.count(title) > 1}:
        yield f"several panels are called {title}"


def runbooks(dashboard, _):
    for name in ("runbooks", "exporter"):
        base = variables(dashboard, "constant").get(name, {})
        if not re.fullmatch(r"https?://[^/]+.*[^/]", base.get("query", "")) or base["hide"] != 2:
            yield f"there is no hidden address of the {name}"
    for url in re.findall(r'"url": "([^"]*runbooks[^"]*)"', json.dumps(dashboard["panels"])):
        if url != "${runbooks:raw}/alerts/runbooks/${__data.fields.Alert}.md":
            yield f"{url} is not where the runbooks are"


def links(dashboard, everything):
    if not any(link["type"] == "dashboards" and link["tags"] == ["buntime"] and link["includeVars"] and link["keepTime"]
               for link in dashboard["links"]):
        yield "there is no link to the other dashboards"
    for url in set(re.findall(r'"url": "(/d/[^"]+)"', json.dumps(dashboard["panels"]))):
        path, _, query = url.partition("?")
        other = next((each for each in everything.values() if f"/d/{each['uid']}" == path), None)
        if other is None:
            yield f"{path} is no dashboard of this project"
            continue
        known = variables(other) | variables(other, "datasource")
        for name in re.findall(r"var-(\w+)=", query) + re.findall(r"\$\{(\w+):queryparam\}", query):
            if name not in known:
                yield f"{path} has no variable {name}"
        if "${__url_time_range}" not in query:
            yield f"the link to {path} loses the range of time"


def annotations(dashboard, _):
    marks = {mark["name"]: mark for mark in dashboard["annotations"]["list"]}
    if not {"Restarts", "Alerts"} <= set(marks):
        yield "restarts and alerts are not marked"
    for mark in marks.values():
        if "expr" in mark and (mark["datasource"]["uid"] != "${datasource}" or not mark["titleFormat"] or not mark["enable"]):
            yield f"the annotation {mark['name']} has no title, no data source, or is off"


CHECKS = (frame, size, data_source_variable, query_variables, used_variables, fewer_choices, layout, ids, runbooks, links, annotations)
