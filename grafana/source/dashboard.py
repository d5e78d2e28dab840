"""Puts panels into rows and rows into a dashboard."""
import json

from source.panels import DATASOURCE
from source.queries import expand

WIDTH = 24  # columns of Grafana's grid
DATASOURCE_VARIABLE = {
    "name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus", "regex": "", "hide": 0,
    "multi": False, "includeAll": False, "refresh": 1, "options": [], "current": {},
    "description": "The Prometheus that scrapes the exporter."}


def variable(name, label, description, query, all_value):
    """A choice among the values of a label; "All" is a regular expression, so that it costs no list."""
    text = expand(f"label_values({query})")
    return {"name": name, "type": "query", "label": label, "description": description, "datasource": DATASOURCE,
            "query": {"query": text, "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 1}, "definition": text, "regex": "", "hide": 0,
            "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": all_value, "options": [],
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


def target_variables(metric="buntime_up"):
    """Which runtimes a dashboard shows, from the largest group to one runtime. `metric` tells what there is to choose:
    anything that each target of the dashboard has. A label that does not exist is matched by `.*` and not by `.+`."""
    where, found = [], []
    for name, label, description, all_value in (
            ("cluster", "Cluster", "Label of a store that holds several clusters; elsewhere there is only All.", ".*"),
            ("namespace", "Namespace", "Namespace of the pods; outside Kubernetes there is only All.", ".*"),
            ("job", "Job", "Scrape job of the runtimes or of the exporter's own page.", ".+"),
            ("instance", "Instance", "Scraped address: an exporter, or a runtime behind /probe.", ".+"),
            ("runtime", "Runtime", "Name of a runtime where one exporter polls several; elsewhere there is only All.", ".*")):
        selector = metric if not where else metric.rstrip("}") + (", " if "{" in metric else "{") + ", ".join(where) + "}"
        found.append(variable(name, label, description, f"{selector}, {name}", all_value))
        where.append(f'{name}=~"${name}"')
    return [DATASOURCE_VARIABLE, *found]


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


def _place(rows):
    """Ids and positions: rows below each other, the lines of a row below each other, the panels of a line side by side."""
    placed, y = [], 0
    for title, lines in rows:
        placed.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y}})
        y += 1
        for line in lines:
            x = 0
            for panel in line:
                panel["gridPos"].update(x=x, y=y)
                x += panel["gridPos"]["w"]
                placed.append(panel)
            if x != WIDTH or len({panel["gridPos"]["h"] for panel in line}) != 1:
                raise ValueError(f"a line of the row {title!r} is {x} columns wide, or its panels differ in height")
            y += line[0]["gridPos"]["h"]
    return [{"id": number, **panel} for number, panel in enumerate(placed, 1)]


def dashboard(uid, title, description, rows, variables, marks=None):
    return {
        "id": None, "uid": uid, "title": f"Buntime / {title}", "description": description, "tags": ["buntime"],
        "schemaVersion": 39, "version": 1, "editable": False, "graphTooltip": 1, "refresh": "30s", "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"}, "timepicker": {}, "fiscalYearStartMonth": 0, "weekStart": "",
        "annotations": marks or annotations(), "templating": {"list": variables},
        "links": [{"type": "dashboards", "title": "Buntime", "tags": ["buntime"], "asDropdown": True, "icon": "external link",
                   "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": "", "url": ""}],
        "panels": _place(rows)}


def text(document):
    """The same bytes for the same dashboard, so that a difference is a change."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
