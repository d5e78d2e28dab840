"""Panels as functions: each returns one as Grafana reads it, without its place, which dashboard.py finds.

Where Grafana has a setting, the value here is the one of all dashboards: tooltips show all series, lines are never
drawn over gaps, nothing is smoothed.
"""
from source.queries import Query, expand

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
RED, ORANGE, YELLOW, GREEN, BLUE, GRAY = "red", "orange", "yellow", "green", "blue", "gray"
NEUTRAL = "text"


def steps(base, *more):
    """Thresholds: a colour, and from each (value, colour) on another one."""
    return [{"color": base, "value": None}] + [{"color": color, "value": value} for value, color in more]


def field(matcher, **properties):
    """Another look for some of the series: `matcher` is a name, or a /regular expression/."""
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


def to_workers(of="labels"):
    name = (lambda label: label) if of == "labels" else str.capitalize
    return link("Workers of this runtime", "buntime-workers", instance=f"${{__{_scope(of)}.{name('instance')}}}",
                runtime=f"${{__{_scope(of)}.{name('runtime')}}}")


def to_app(of="labels"):
    name = "app" if of == "labels" else "App"
    return link("Performance of this app", "buntime-apps", app=f"${{__{_scope(of)}.{name}}}")


def _scope(of):
    return "field.labels" if of == "labels" else "data.fields"


def _targets(queries, table=False):
    targets = []
    for number, query in enumerate(queries):
        targets.append({
            "refId": chr(ord("A") + number), "datasource": DATASOURCE, "editorMode": "code",
            "expr": expand(query.expression), "legendFormat": query.legend or "__auto",
            "format": "table" if table else "time_series", "instant": query.instant, "range": not query.instant})
    return targets


def _panel(kind, title, description, targets, width, height, defaults, options, overrides=()):
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "gridPos": {"h": height, "w": width}, "targets": targets,
            "fieldConfig": {"defaults": defaults, "overrides": list(overrides)}, "options": options}


def _defaults(unit, color, *, thresholds=None, minimum=None, maximum=None, decimals=None, links=(), mappings=(),
              custom=None, no_value=None):
    values = {"unit": unit, "color": {"mode": color}, "min": minimum, "max": maximum, "decimals": decimals,
              "mappings": list(mappings), "links": list(links), "custom": custom, "noValue": no_value,
              "thresholds": {"mode": "absolute", "steps": thresholds or steps(GREEN)}}
    return {name: value for name, value in values.items() if value is not None}


def stat(title, description, queries, *, unit="short", thresholds, width=4, height=4, graph=None, overrides=(), **more):
    """A big number. It has a small graph behind it where the query has a past."""
    graph = graph or ("none" if all(query.instant for query in queries) else "area")
    options = {"colorMode": "value", "graphMode": graph, "justifyMode": "auto", "orientation": "auto",
               "textMode": "value_and_name" if len(queries) > 1 or "{{" in queries[0].legend else "value",
               "wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard",
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return _panel("stat", title, description, _targets(queries), width, height,
                  _defaults(unit, "thresholds", thresholds=thresholds, **more), options, overrides)


def gauge(title, description, queries, *, unit, thresholds, minimum, maximum, width=6, height=8, **more):
    options = {"showThresholdLabels": False, "showThresholdMarkers": True, "orientation": "auto", "sizing": "auto",
               "minVizHeight": 75, "minVizWidth": 75,
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return _panel("gauge", title, description, _targets(queries), width, height,
                  _defaults(unit, "thresholds", thresholds=thresholds, minimum=minimum, maximum=maximum, **more), options)


def bars(title, description, queries, *, unit="short", width=8, height=8, overrides=()):
    options = {"displayMode": "basic", "namePlacement": "auto", "orientation": "horizontal", "showUnfilled": True,
               "sizing": "auto", "minVizHeight": 16, "minVizWidth": 8, "maxVizHeight": 300, "valueMode": "color",
               "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return _panel("bargauge", title, description, _targets(queries), width, height,
                  _defaults(unit, "palette-classic", minimum=0), options, overrides)


def lines(title, description, queries, *, unit="short", width=12, height=8, minimum=0, maximum=None, thresholds=None,
          stacked=False, centered=False, legend="bottom", overrides=(), links=(), decimals=None):
    """Lines over time. Thresholds are dashed lines; without a minimum the axis may go below 0."""
    custom = {"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 30 if stacked else 8,
              "gradientMode": "none", "showPoints": "never", "pointSize": 5, "spanNulls": False,
              "axisPlacement": "auto", "axisLabel": "", "axisCenteredZero": centered,
              "scaleDistribution": {"type": "linear"}, "hideFrom": {"legend": False, "tooltip": False, "viz": False},
              "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
              "thresholdsStyle": {"mode": "dashed" if thresholds else "off"}}
    at_right = legend == "right"
    options = {"legend": {"calcs": ["lastNotNull", "max"] if at_right else [], "placement": legend, "showLegend": True,
                          "displayMode": "table" if at_right else "list"},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return _panel("timeseries", title, description, _targets(queries), width, height,
                  _defaults(unit, "palette-classic", thresholds=thresholds, custom=custom, links=links,
                            minimum=None if centered else minimum, maximum=maximum, decimals=decimals),
                  options, overrides)


def column(name, title, **properties):
    """A column of a table: the label or the value (#A, #B…) it shows, its title, and how it looks."""
    return {"name": f"Value {name}" if name.startswith("#") else name, "title": title, "properties": properties}


def table(title, description, expressions, columns, *, width=24, height=8, sort=None, descending=True):
    """One row for each set of labels, one column for each label or query that `columns` names; nothing else is shown."""
    queries = [Query(expression, instant=True) for expression in expressions]
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True}
    options = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0,
               "footer": {"show": False, "reducer": ["sum"], "countRows": False, "enablePagination": True},
               "sortBy": [{"displayName": sort, "desc": descending}] if sort else []}
    if len(queries) == 1:
        columns = [{**each, "name": each["name"].replace("Value #A", "Value")} for each in columns]
    overrides = [field(each["title"], **each["properties"]) for each in columns if each["properties"]]
    panel = _panel("table", title, description, _targets(queries, table=True), width, height,
                   _defaults("short", "thresholds", custom=custom), options, overrides)
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
