"""Dashboards that are wrong in one place: which check has to notice, in which dashboard, and what is done to it."""
import lint_dashboard as whole
import lint_panels as inner


def _set(value, *path):
    """Puts a value at a path of keys and indexes; a panel is found by its title, a variable by its name."""
    def change(board):
        at = _at(board, path[:-1])
        at[_index(at, path[-1])] = value

    return change


def _index(at, step):
    if isinstance(at, list) and isinstance(step, str):
        return next(number for number, each in enumerate(at) if step in (each.get("title"), each.get("name")))
    return step


def _inside(board, title):
    """The list that holds the panel of this title: of the dashboard, or of a collapsed row."""
    return next(found for found in (board["panels"], *(each.get("panels", []) for each in board["panels"]))
                if title in (each["title"] for each in found))


def _at(board, path):
    at = board
    for number, step in enumerate(path):
        at = _inside(board, step)[_index(_inside(board, step), step)] if number == 1 and path[0] == "panels" else at[_index(at, step)]
    return at


def _query(title, old, new):
    def change(board):
        target = _at(board, ("panels", title))["targets"][0]
        assert old in target["expr"]
        target["expr"] = target["expr"].replace(old, new)

    return change


def _without(path, key):
    def change(board):
        at = _at(board, path)
        del at[_index(at, key)]

    return change


OVERVIEW, WORKERS, APPS, EXPORTER = "buntime-overview", "buntime-workers", "buntime-apps", "buntime-exporter"
LIST = ("templating", "list")
GAUGE, RATE, UP, TABLE = "Pool utilization, mean of 5 minutes", "Requests", "Runtimes up", "Runtimes"
AGES = "Uptime of each runtime"
DEFAULTS = ("fieldConfig", "defaults")
OFFENCES = [
    (whole.frame, OVERVIEW, _set(True, "editable")),
    (whole.frame, OVERVIEW, _set(7, "id")),
    (whole.frame, OVERVIEW, _set("", "title")),
    (whole.frame, OVERVIEW, _set([], "__inputs")),
    (whole.frame, OVERVIEW, _without((), "refresh")),
    (whole.size, OVERVIEW, _set("x" * 300_000, "description")),
    (whole.data_source_variable, OVERVIEW, _set("Source", *LIST, "datasource", "label")),
    (whole.data_source_variable, OVERVIEW, _set("prometheus_ds", *LIST, "datasource", "name")),
    (whole.query_variables, OVERVIEW, _set(".*", *LIST, "job", "allValue")),
    (whole.query_variables, OVERVIEW, _set(False, *LIST, "instance", "multi")),
    (whole.query_variables, OVERVIEW, _set(1, *LIST, "runtime", "refresh")),
    (whole.query_variables, OVERVIEW, _set({"query": "label_values(buntime_up{, job)"}, *LIST, "job", "query")),
    (whole.query_variables, OVERVIEW, _set({"uid": "P1", "type": "prometheus"}, *LIST, "job", "datasource")),
    (whole.used_variables, OVERVIEW, _query(RATE, "$instance", "$pod")),
    (whole.layout, OVERVIEW, _set({"h": 4, "w": 4, "x": 0, "y": 1}, "panels", UP, "gridPos")),
    (whole.layout, OVERVIEW, _set({"h": 4, "w": 2, "x": 0, "y": 1}, "panels", UP, "gridPos")),
    (whole.layout, OVERVIEW, _set({"h": 4, "w": 3, "x": 22, "y": 1}, "panels", UP, "gridPos")),
    (whole.layout, OVERVIEW, _set(False, "panels", "Pool", "collapsed")),
    (whole.layout, OVERVIEW, _set({"h": 1, "w": 24, "x": 0, "y": 40}, "panels", "Pool", "gridPos")),
    (whole.layout, OVERVIEW, _set({"h": 8, "w": 12, "x": 0, "y": 31}, "panels", "Slots in use", "gridPos")),
    (whole.fewer_choices, OVERVIEW, _without(LIST, "filters")),
    (whole.query_variables, OVERVIEW, _set(0, *LIST, "cluster", "hide")),
    (whole.runbooks, OVERVIEW, _set("", *LIST, "runbooks", "query")),
    (whole.runbooks, OVERVIEW, _set("", *LIST, "exporter", "query")),
    (whole.runbooks, OVERVIEW, _set("/alerts/runbooks/${__data.fields.Alert}.md", "panels", "Firing alerts, one by one", "fieldConfig",
                                    "overrides", 0, "properties", 0, "value", 0, "url")),
    (whole.ids, OVERVIEW, _set(0, "panels", UP, "id")),
    (whole.ids, OVERVIEW, _set(GAUGE, "panels", UP, "title")),
    (whole.links, OVERVIEW, _set([], "links")),
    (whole.links, OVERVIEW, _set("/d/buntime-nowhere?${__url_time_range}", "panels", GAUGE, *DEFAULTS, "links", 0, "url")),
    (whole.links, OVERVIEW, _set("/d/buntime-apps?var-pod=a&${__url_time_range}", "panels", GAUGE, *DEFAULTS, "links", 0, "url")),
    (whole.links, OVERVIEW, _set("/d/buntime-apps?var-app=a", "panels", GAUGE, *DEFAULTS, "links", 0, "url")),
    (whole.annotations, OVERVIEW, _without(("annotations", "list"), "Restarts")),
    (whole.annotations, OVERVIEW, _set(False, "annotations", "list", "Alerts", "enable")),
    (inner.words, OVERVIEW, _set("", "panels", TABLE, "description")),
    (inner.words, OVERVIEW, _set("Runtimes", "panels", TABLE, "description")),
    (inner.words, OVERVIEW, _set("of some", "panels", TABLE, "description")),
    (inner.kind, OVERVIEW, _set("singlestat", "panels", UP, "type")),
    (inner.sources, OVERVIEW, _set({"type": "prometheus", "uid": "P1"}, "panels", UP, "datasource")),
    (inner.sources, OVERVIEW, _set({"type": "loki", "uid": "${datasource}"}, "panels", UP, "targets", 0, "datasource")),
    (inner.sources, OVERVIEW, _set([], "panels", UP, "targets")),
    (inner.sources, OVERVIEW, _set("B", "panels", "Firing alerts", "targets", 0, "refId")),
    (inner.thresholds, OVERVIEW, _set(0, "panels", UP, *DEFAULTS, "thresholds", "steps", 0, "value")),
    (inner.thresholds, OVERVIEW, _set(0.9, "panels", GAUGE, *DEFAULTS, "thresholds", "steps", 1, "value")),
    (inner.thresholds, OVERVIEW, _without(("panels", GAUGE, *DEFAULTS), "max")),
    (inner.answers, OVERVIEW, _without(("panels", UP, *DEFAULTS), "noValue")),
    (inner.answers, OVERVIEW, _set("No data", "panels", TABLE, *DEFAULTS, "noValue")),
    (inner.answers, OVERVIEW, _set("red", "panels", UP, *DEFAULTS, "thresholds", "steps", 0, "color")),
    (inner.series, OVERVIEW, _set("list", "panels", "Requests by app", "options", "legend", "displayMode")),
    (inner.series, OVERVIEW, _set(["max"], "panels", "Requests by app", "options", "legend", "calcs")),
    (inner.series, OVERVIEW, _set("palette-classic", "panels", "Requests by app", *DEFAULTS, "color", "mode")),
    (inner.series, OVERVIEW, _set("", "panels", "Workers by state", *DEFAULTS, "custom", "axisLabel")),
    (inner.order, OVERVIEW, _set("{{instance}} {{runtime}}", "panels", AGES, "targets", 0, "legendFormat")),
    (inner.order, OVERVIEW, _set({"Value #A": "Instance", "version": "Version"}, "panels", TABLE, "transformations", 2, "options", "renameByName")),
    (inner.limits, OVERVIEW, _set("Limits", "panels", GAUGE, "targets", 1, "legendFormat")),
    (inner.limits, OVERVIEW, _set([], "panels", "Failed requests by app", "fieldConfig", "overrides")),
    (inner.overrides, OVERVIEW, _set("Sise", "panels", "Workers by state", "fieldConfig", "overrides", 0, "matcher", "options")),
    (inner.columns, OVERVIEW, _set(["Value #Z"], "panels", TABLE, "transformations", 1, "options", "include", "names")),
    (inner.columns, OVERVIEW, _set(False, "panels", TABLE, "targets", 0, "instant")),
    (inner.columns, OVERVIEW, _set("Size", "panels", TABLE, "options", "sortBy", 0, "displayName")),
    (inner.catalogue, OVERVIEW, _query(RATE, "buntime_app_requests_total", "buntime_http_requests_total")),
    (inner.catalogue, OVERVIEW, _query("Workers by state", "buntime_pool_active{", 'buntime_pool_active{app="a", ')),
    (inner.catalogue, OVERVIEW, _query(RATE, "rate(", "deriv(")),
    (inner.catalogue, OVERVIEW, _query("Change of active workers", "deriv(", "rate(")),
    (inner.matchers, OVERVIEW, _query(RATE, ', instance=~"$instance"', "")),
    (inner.matchers, OVERVIEW, _query(RATE, 'job=~"$job"', 'job="buntime"')),
    (inner.matchers, WORKERS, _query("Workers by state", ', app=~"$app"', "")),
    (inner.matchers, APPS, _query("Error budget left", 'namespace=~"$namespace", ', "")),
    (inner.windows, OVERVIEW, _query(RATE, "[$__rate_interval]", "[5m]")),
    (inner.windows, OVERVIEW, _query(RATE, "[$__rate_interval]", "[$__range]")),
    (inner.units, OVERVIEW, _set("short", "panels", RATE, *DEFAULTS, "unit")),
    (inner.units, OVERVIEW, _set("percent", "panels", GAUGE, *DEFAULTS, "unit")),
    (inner.units, APPS, _set("ms", "panels", "Mean duration", *DEFAULTS, "unit")),
    (inner.units, EXPORTER, _query("Memory", "process_resident_memory_bytes", "process_open_fds")),
    (inner.legends, OVERVIEW, _set("__auto", "panels", AGES, "targets", 0, "legendFormat")),
    (inner.legends, OVERVIEW, _set("Uptime", "panels", AGES, "targets", 0, "legendFormat")),
    (inner.legends, OVERVIEW, _set("{{app}}", "panels", AGES, "targets", 0, "legendFormat")),
]
