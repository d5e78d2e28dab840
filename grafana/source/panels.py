"""Panels as functions: each returns one as Grafana reads it, without its place, which dashboard.py finds.

Where Grafana has a setting, the value here is the one of all dashboards: tooltips show all series, lines are never
drawn over gaps, nothing is smoothed, a series has the colour of its name on every dashboard, and every panel says what
it means when it has no data.
"""
from source.queries import Query, expand

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
RED, ORANGE, YELLOW, GREEN, BLUE, GRAY = "red", "orange", "yellow", "green", "blue", "gray"
NEUTRAL = "text"
# What a panel says instead of "No data".
NONE = "none"
RELEASED = "only released runtimes report it"
DOCUMENTED = "only the documented API reports it"
SIZELESS = "the size of the pool is unknown"
RULELESS = "needs the rules of alerts/"
KUBERNETES = "needs kube-state-metrics"
# Rates that Grafana has no unit for.
WORKERS_PER_SECOND, POLLS_PER_SECOND, PROBES_PER_SECOND = "suffix: workers/s", "suffix: polls/s", "suffix: probes/s"
ANOMALIES_PER_SECOND, WORKERS_PER_MINUTE, HOURS = "suffix: fields/s", "suffix: workers/min", "suffix:h"


def steps(base, *more):
    """Thresholds: a colour, and from each (value, colour) on another one."""
    return [{"color": base, "value": None}] + [{"color": color, "value": value} for value, color in more]


def _calm(thresholds):
    """The same for values from 0 on. The first step is the colour of "no data", which is neither good nor bad."""
    base, *more = thresholds
    return thresholds if base["color"] == NEUTRAL else steps(NEUTRAL, (0, base["color"]), *((each["value"], each["color"]) for each in more))


def field(matcher, **properties):
    """Another look for some of the series: `matcher` is a name, or a /regular expression/."""
    if "links" in properties:
        properties["links"] = _flat(properties["links"])
    by = "byRegexp" if matcher.startswith("/") else "byName"
    return {"matcher": {"id": by, "options": matcher},
            "properties": [{"id": name.replace("_", "."), "value": value} for name, value in properties.items()]}


def colored(matcher, color):
    return field(matcher, color={"mode": "fixed", "fixedColor": color})


def dashed(matcher, color):
    """A limit: a dashed line that belongs to no stack."""
    return field(matcher, color={"mode": "fixed", "fixedColor": color}, custom_fillOpacity=0, custom_lineWidth=2,
                 custom_lineStyle={"fill": "dash", "dash": [10, 10]},
                 custom_stacking={"group": "A", "mode": "none"})


def link(title, uid, **variables):
    """From a value to another dashboard, with the choices made in this one."""
    kept = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "cluster", "namespace", "job")
                    if name not in variables)
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return {"title": title, "url": f"/d/{uid}?{kept}{chosen}&${{__url_time_range}}", "targetBlank": False}


def _to_page(title, path):
    return {"title": title, "url": "${exporter:raw}" + path, "targetBlank": True}


def to_runtime_page(of="labels"):
    """What the exporter itself shows of a runtime: the last ten minutes, warnings, workers."""
    return _to_page("This runtime on the exporter's page", f"/?runtime=${{__{_scope(of)}.{_name('runtime', of)}:percentencode}}")


def to_app_page(of="labels"):
    return _to_page("This app on the exporter's page", f"/app?app=${{__{_scope(of)}.{_name('app', of)}:percentencode}}")


def to_workers(of="labels"):
    return [link("Workers of this runtime", "buntime-workers", instance=f"${{__{_scope(of)}.{_name('instance', of)}}}",
                 runtime=f"${{__{_scope(of)}.{_name('runtime', of)}}}"), to_runtime_page(of)]


def to_app(of="labels"):
    return [link("Performance of this app", "buntime-apps", app=f"${{__{_scope(of)}.{_name('app', of)}}}"), to_app_page(of)]


def runbook():
    return {"title": "Runbook", "url": "${runbooks:raw}/alerts/runbooks/${__data.fields.Alert}.md", "targetBlank": True}


def _scope(of):
    return "field.labels" if of == "labels" else "data.fields"


def _name(label, of):
    return label if of == "labels" else label.capitalize()


def _flat(links):
    """to_workers() and to_app() are two links each."""
    return [one for each in links for one in (each if isinstance(each, list) else [each])]


def _targets(queries, form="time_series"):
    targets = []
    for number, query in enumerate(queries):
        targets.append({
            "refId": chr(ord("A") + number), "datasource": DATASOURCE, "editorMode": "code",
            "expr": expand(query.expression), "legendFormat": query.legend or "__auto",
            "format": form, "instant": query.instant, "range": not query.instant})
    return targets


def _panel(kind, title, description, targets, width, height, defaults, options, overrides=()):
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "gridPos": {"h": height, "w": width}, "targets": targets,
            "fieldConfig": {"defaults": defaults, "overrides": list(overrides)}, "options": options}


def _defaults(unit, color, *, thresholds=None, minimum=None, maximum=None, decimals=None, links=(), mappings=(),
              custom=None, no_value=NONE):
    values = {"unit": unit, "color": {"mode": color}, "min": minimum, "max": maximum, "decimals": decimals,
              "mappings": list(mappings), "links": _flat(links), "custom": custom, "noValue": no_value,
              "thresholds": {"mode": "absolute", "steps": thresholds or steps(GREEN)}}
    return {name: value for name, value in values.items() if value is not None}


def _setting(panel, number, name, key):
    """The query of this number gives no series but a setting of the others: "max", or "threshold1", which is red."""
    panel["transformations"] = [{"id": "configFromData", "options": {
        "configRefId": chr(ord("A") + number), "mappings": [{"fieldName": name, "handlerKey": key}]}}]
    return panel


def _values(queries, limit):
    return [*queries, Query(limit, "Limit", instant=True)] if limit else list(queries)


def stat(title, description, queries, *, unit="short", thresholds, width=4, height=4, overrides=(), limit=None, **more):
    """Numbers in the colour of their state. Above `limit`, PromQL, they are red."""
    options = {"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
               "wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard",
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    panel = _panel("stat", title, description, _targets(_values(queries, limit)), width, height,
                   _defaults(unit, "thresholds", thresholds=_calm(thresholds), **more), options, overrides)
    return _setting(panel, len(queries), "Limit", "threshold1") if limit else panel


def gauge(title, description, queries, *, unit, thresholds, minimum, maximum, width=6, height=8, limit=None, **more):
    options = {"showThresholdLabels": False, "showThresholdMarkers": True, "orientation": "auto", "sizing": "auto",
               "minVizHeight": 75, "minVizWidth": 75,
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    panel = _panel("gauge", title, description, _targets(_values(queries, limit)), width, height,
                   _defaults(unit, "thresholds", thresholds=_calm(thresholds), minimum=minimum, maximum=maximum, **more), options)
    return _setting(panel, len(queries), "Limit", "threshold1") if limit else panel


def bars(title, description, queries, *, most, unit="short", width=8, height=8, overrides=(), **more):
    """Bars that are full at `most`, PromQL."""
    options = {"displayMode": "basic", "namePlacement": "auto", "orientation": "horizontal", "showUnfilled": True,
               "sizing": "auto", "minVizHeight": 16, "minVizWidth": 8, "maxVizHeight": 300, "valueMode": "color",
               "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    targets = _targets([*queries, Query(most, "Size")])
    panel = _panel("bargauge", title, description, targets, width, height,
                   # By name, Grafana fails where there is no series and so no name.
                   _defaults(unit, "palette-classic", minimum=0, **more), options, overrides)
    return _setting(panel, len(queries), "Size", "max")


def lines(title, description, queries, *, unit="short", width=12, height=8, minimum=0, maximum=None, thresholds=None,
          stacked=False, centered=False, axis="", overrides=(), links=(), limits=(), **more):
    """Lines over time. `limits` are queries that are drawn as dashed red lines, thresholds are dashed lines of a fixed
    height; without a minimum the axis may go below 0. `axis` says what is counted, where the unit does not."""
    custom = {"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 30 if stacked else 8,
              "gradientMode": "none", "showPoints": "never", "pointSize": 5, "spanNulls": False,
              "axisPlacement": "auto", "axisLabel": axis, "axisCenteredZero": centered,
              "scaleDistribution": {"type": "linear"}, "hideFrom": {"legend": False, "tooltip": False, "viz": False},
              "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
              "thresholdsStyle": {"mode": "dashed" if thresholds else "off"}}
    options = {"legend": {"calcs": ["lastNotNull", "max"], "placement": "right" if width >= 12 else "bottom", "showLegend": True,
                          "displayMode": "table", "sortBy": "Max", "sortDesc": True},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    drawn = [dashed(limit.legend if "{{" not in limit.legend else f"/^{limit.legend.partition('{{')[0].strip()}/", RED)
             for limit in limits]
    return _panel("timeseries", title, description, _targets([*queries, *limits]), width, height,
                  _defaults(unit, "palette-classic-by-name", thresholds=thresholds, custom=custom, links=links,
                            minimum=None if centered else minimum, maximum=maximum, **more),
                  options, [*overrides, *drawn])


def states(title, description, queries, mappings, *, width=12, height=7, links=(), **more):
    """One bar for each series, in the colours of its states."""
    custom = {"fillOpacity": 80, "lineWidth": 0, "hideFrom": {"legend": False, "tooltip": False, "viz": False}}
    options = {"alignValue": "left", "mergeValues": True, "rowHeight": 0.9, "showValue": "never",
               "legend": {"calcs": [], "placement": "bottom", "showLegend": True, "displayMode": "list"},
               "tooltip": {"mode": "single", "sort": "none"}}
    return _panel("state-timeline", title, description, _targets(queries), width, height,
                  _defaults("short", "thresholds", mappings=mappings, links=links, custom=custom, **more), options)


def heatmap(title, description, buckets, *, unit="s", width=12, height=8, **more):
    """How many events fell into each bucket of a histogram: `buckets` is a sum by (le)."""
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False}, "scaleDistribution": {"type": "linear"}}
    options = {"calculate": False, "cellGap": 1, "showValue": "never", "legend": {"show": True}, "filterValues": {"le": 1e-9},
               "rowsFrame": {"layout": "auto"}, "exemplars": {"color": "rgba(255,0,255,0.7)"},
               "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "scale": "exponential",
                         "fill": "dark-orange", "reverse": False},
               "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": True},
               "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit}}
    return _panel("heatmap", title, description, _targets([Query(buckets, "{{le}}")], "heatmap"), width, height,
                  _defaults("short", "thresholds", custom=custom, **more), options)


def column(name, title, **properties):
    """A column of a table: the label or the value (#A, #B…) it shows, its title, and how it looks."""
    return {"name": f"Value {name}" if name.startswith("#") else name, "title": title, "properties": properties}


def table(title, description, expressions, columns, *, width=24, height=8, sort=None, descending=True, **more):
    """One row for each set of labels, one column for each label or query that `columns` names; nothing else is shown."""
    queries = [Query(expression, instant=True) for expression in expressions]
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True}
    options = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0,
               "footer": {"show": False, "reducer": ["sum"], "countRows": False, "enablePagination": True},
               "sortBy": [{"displayName": sort, "desc": descending}] if sort else []}
    if len(queries) == 1:
        columns = [{**each, "name": each["name"].replace("Value #A", "Value")} for each in columns]
    overrides = [field(each["title"], **each["properties"]) for each in columns if each["properties"]]
    panel = _panel("table", title, description, _targets(queries, "table"), width, height,
                   _defaults("short", "thresholds", custom=custom, **more), options, overrides)
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": [each["name"] for each in columns]}}},
        {"id": "organize", "options": {
            "excludeByName": {}, "indexByName": {each["name"]: place for place, each in enumerate(columns)},
            "renameByName": {each["name"]: each["title"] for each in columns}}}]
    return panel


OUTCOME = [{"type": "value", "options": {"ok": {"text": "ok", "color": GREEN, "index": 0}}},
           {"type": "regex", "options": {"pattern": "/^(?!ok$).+$/", "result": {"color": RED, "index": 1}}}]


def mapping(**texts):
    """Words (and colours) for values: mapping(v1=("up", GREEN))."""
    return [{"type": "value", "options": {
        value.removeprefix("v"): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(texts.items())}}]
