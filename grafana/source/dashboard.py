"""Puts panels into rows and rows into a dashboard."""
import json
import zlib

from source.panels import DATASOURCE
from source.queries import expand

WIDTH = 24  # columns of Grafana's grid
# Where the pages of alerts/runbooks are shown. Alertmanager's template has the same default.
RUNBOOKS = "http://localhost:8080"
# Where people open the exporter's page, which need not be where Prometheus scrapes it.
EXPORTER = "http://localhost:10077"
DATASOURCE_VARIABLE = {
    "name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus", "regex": "", "hide": 0,
    "multi": False, "includeAll": False, "refresh": 1, "options": [], "current": {},
    "description": "The Prometheus that scrapes the exporter."}


# For what is rarely chosen, such as a cluster, a namespace or a job: a drop-down for each has nothing to choose from in most
# installations.
FILTERS = {
    "name": "filters", "type": "adhoc", "label": "Filters", "datasource": DATASOURCE, "filters": [], "baseFilters": [], "hide": 0,
    "description": "Any label of the series, such as cluster, namespace or job."}
RUNBOOKS_VARIABLE = {
    "name": "runbooks", "type": "constant", "label": "Runbooks", "query": RUNBOOKS, "hide": 2, "skipUrlSync": True,
    "description": "Where the folder alerts/runbooks is shown."}


EXPORTER_VARIABLE = {
    "name": "exporter", "type": "constant", "label": "Exporter", "query": EXPORTER, "hide": 2, "skipUrlSync": True,
    "description": "Where the exporter's page is shown."}


def variable(name, label, description, query, all_value, hide=0):
    """A choice among the values of a label; "All" is a regular expression, so that it costs no list. A hidden one (2) is
    chosen by links only."""
    text = expand(f"label_values({query})")
    return {"name": name, "type": "query", "label": label, "description": description, "datasource": DATASOURCE,
            "query": {"query": text, "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 1}, "definition": text, "regex": "",
            "hide": hide, "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": all_value, "options": [],
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


def target_variables(*more, metric="buntime_up"):
    """Which runtimes a dashboard shows, from the largest group to one runtime. `metric` tells what there is to choose:
    anything that each target of the dashboard has. A label that does not exist is matched by `.*` and not by `.+`."""
    where, found = [], []
    for name, label, description, all_value, hide in (
            ("cluster", "Cluster", "Label of a store that holds several clusters.", ".*", 2),
            ("namespace", "Namespace", "Namespace of the pods.", ".*", 2),
            ("job", "Job", "Scrape job of the runtimes or of the exporter's own page.", ".+", 2),
            ("runtime", "Runtime", "Name of a runtime where one exporter polls several; elsewhere there is only All.", ".*", 0),
            ("instance", "Instance", "Scraped address: an exporter, or a runtime behind /probe.", ".+", 0)):
        selector = metric if not where else metric.rstrip("}") + (", " if "{" in metric else "{") + ", ".join(where) + "}"
        found.append(variable(name, label, description, f"{selector}, {name}", all_value, hide))
        where.append(f'{name}=~"${name}"')
    return [DATASOURCE_VARIABLE, *found, *more, FILTERS, RUNBOOKS_VARIABLE, EXPORTER_VARIABLE]


APP_VARIABLE = variable("app", "App", "Name of an app, without its version.", "buntime_app_requests_total{$S}, app", ".*")


def _annotation(name, color, expression, title, text, tags):
    return {"name": name, "enable": True, "iconColor": color, "datasource": DATASOURCE, "expr": expand(expression),
            "titleFormat": title, "textFormat": text, "tagKeys": tags}


def annotations(own=False):
    """Marks on every time axis. `own` is for the dashboard of the exporter, which tells its upgrades as well."""
    found = [
        {"name": "Annotations & Alerts", "builtIn": 1, "type": "dashboard", "enable": True, "hide": True,
         "iconColor": "rgba(0, 211, 255, 1)", "datasource": {"type": "grafana", "uid": "-- Grafana --"}},
        _annotation("Restarts", "purple", "resets(buntime_uptime_seconds{$S}[W]) > 0", "Restart",
                    "{{instance}} {{runtime}}", "instance,runtime"),
        _annotation("Alerts", "red", 'ALERTS{alertname=~"Buntime.+", alertstate="firing", severity!="info", '
                    'cluster=~"$cluster", namespace=~"$namespace", job=~"$job|", instance=~"$instance|", runtime=~"$runtime|"}',
                    "{{alertname}}", "{{severity}} {{instance}} {{runtime}} {{app}}", "severity")]
    if own:
        builds = "count by (cluster, namespace, job, instance, version, revision) (buntime_exporter_build_info{$P}%s)"
        found.append(_annotation(
            "Upgrades of the exporter", "blue",
            f"{builds % ''} unless {builds % ' offset 5m'} and on (cluster, namespace, job, instance) {builds % ' offset 5m'}",
            "Exporter {{version}}", "{{instance}} runs {{version}} ({{revision}})", "version"))
    return {"list": found}


def _id(title):
    """A panel keeps its id, which alerts and people link to, wherever it is moved."""
    return 1 + zlib.crc32(title.encode()) % 99_999


def _place(rows):
    """Ids and positions: rows below each other, the lines of a row below each other, the panels of a line side by side. All rows
    but the first are collapsed: what they hold is asked for when they are opened."""
    placed, y = [], 0
    for number, (title, lines) in enumerate(rows):
        row = {"id": _id(title), "type": "row", "title": title, "collapsed": number > 0, "panels": [],
               "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y}}
        placed.append(row)
        inner, y = y + 1, y + 1
        for line in lines:
            x = 0
            for panel in line:
                panel["gridPos"].update(x=x, y=inner)
                x += panel["gridPos"]["w"]
                (row["panels"] if number else placed).append({"id": _id(panel["title"]), **panel})
            if x != WIDTH or len({panel["gridPos"]["h"] for panel in line}) != 1:
                raise ValueError(f"a line of the row {title!r} is {x} columns wide, or its panels differ in height")
            inner += line[0]["gridPos"]["h"]
        y = inner if number == 0 else y
    return placed


def dashboard(uid, title, description, rows, variables, marks=None):
    return {
        "id": None, "uid": uid, "title": f"Buntime / {title}", "description": description, "tags": ["buntime"],
        "schemaVersion": 41, "version": 1, "editable": False, "graphTooltip": 1, "refresh": "30s", "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"}, "timepicker": {}, "fiscalYearStartMonth": 0, "weekStart": "",
        "annotations": marks or annotations(), "templating": {"list": variables},
        "links": [{"type": "dashboards", "title": "Buntime", "tags": ["buntime"], "asDropdown": True, "icon": "external link",
                   "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": "", "url": ""}],
        "panels": _place(rows)}


def text(document):
    """The same bytes for the same dashboard, so that a difference is a change."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def text_to_import(document):
    """As a person imports it by hand: it can be changed and saved. One line, because it is not the copy to read."""
    return json.dumps({**document, "editable": True}, ensure_ascii=False, separators=(",", ":")) + "\n"
