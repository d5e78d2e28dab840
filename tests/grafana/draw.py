"""Draws a dashboard from the answers to its queries, so that a person can judge names, units, limits and sizes without
Grafana. It is an impression and no copy: Grafana's own layout inside a panel differs."""
import html
import math

import dashboards
import look
import units
from look import COLORS

COLUMN, ROW, GAP = 62, 36, 6  # pixels
LINE = 15
FONT = "font-family='DejaVu Sans, sans-serif'"


def _text(x, y, words, size=11, color="#24292e", anchor="start", weight="normal"):
    return (f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{color}' text-anchor='{anchor}' "
            f"font-weight='{weight}'>{html.escape(words)}</text>")


def _cut(words, pixels, size=11):
    most = max(int(pixels / (size * 0.6)), 1)
    return words if len(words) <= most else words[:most - 1] + "…"


def _line(x1, y1, x2, y2, color, dash="", width=1):
    return (f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{color}' stroke-width='{width}' "
            f"stroke-dasharray='{dash}'/>")


def _stat(panel, found, x, y, w, h):
    share = w / len(found)
    for number, series in enumerate(found):
        middle = x + share * (number + 0.5)
        size = min(30, share / 5)
        yield _text(middle, y + h / 2 + 8, _cut(series.words(), share, size), size, series.color, "middle", "bold")
        if len(found) > 1:
            yield _text(middle, y + h - 6, _cut(series.name, share), 11, "#666", "middle")


def _gauge(panel, found, x, y, w, h):
    share = w / len(found)
    for number, series in enumerate(found):
        field, middle, base = series.settings, x + share * (number + 0.5), y + h * 0.62
        radius = min(share * 0.42, h * 0.45)
        part = (series.last - field["min"]) / (field["max"] - field["min"])
        for upto, color, width in ((1, "#ddd", 12), (min(max(part, 0), 1), series.color, 12)):
            angle = math.pi * (1 - upto)
            yield (f"<path d='M {middle - radius:.1f} {base:.1f} A {radius:.1f} {radius:.1f} 0 0 1 "
                   f"{middle + radius * math.cos(angle):.1f} {base - radius * math.sin(angle):.1f}' fill='none' "
                   f"stroke='{color}' stroke-width='{width}'/>")
        yield _text(middle, base, series.words(), min(20, share / 5), series.color, "middle", "bold")
        yield _text(middle, base + 22, _cut(series.name, share, 10), 10, "#666", "middle")


def _bars(panel, found, x, y, w, h):
    most = max((series.last for series in found), default=1) or 1
    height = h / max(len(found), 1)
    for number, series in enumerate(found):
        top = y + number * height
        yield _text(x, top + height / 2 + 4, series.name)
        yield (f"<rect x='{x + 70}' y='{top + 4:.1f}' width='{(w - 140) * series.last / most:.1f}' "
               f"height='{height - 8:.1f}' fill='{series.color}'/>")
        yield _text(x + w, top + height / 2 + 4, series.words(), anchor="end")


def _scale(values, field):
    values = [value for value in values if math.isfinite(value)] or [0]
    low, high = field.get("min", min(values)), max(max(values), field.get("min", 0))
    if "max" in field:
        high = field["max"]
    if field.get("custom.axisCenteredZero"):
        high = max(abs(low), abs(high))
        low = -high
    return (low, high if high > low else low + 1)


def _lines(panel, found, x, y, w, h):
    at_right = panel["options"]["legend"]["placement"] == "right"
    names = w * 0.32 if at_right else 0
    below = 0 if at_right else LINE * (1 + len(found) // max(int(w / 170), 1))
    left, right, top, bottom = x + 62, x + w - names - 8, y + 4, y + h - below - 14
    field = panel["fieldConfig"]["defaults"]
    custom = {f"custom.{key}": value for key, value in field["custom"].items()}
    stacks, tops = {}, []
    for series in found:
        points = series.points
        if series.settings["custom.stacking"]["mode"] == "normal":
            points = [(when, stacks.get(when, 0) + value) for when, value in points]
            stacks.update(points)
        tops.append(points)
    low, high = _scale([value for points in tops for _, value in points], {**field, **custom})
    times = [when for points in tops for when, _ in points] or [0, 1]
    begin, end = min(times), max(max(times), min(times) + 1)

    def place(when, value):
        return (left + (right - left) * (when - begin) / (end - begin),
                bottom - (bottom - top) * (min(max(value, low), high) - low) / (high - low))

    for part in range(5):
        value = low + (high - low) * part / 4
        yield _line(left, place(begin, value)[1], right, place(begin, value)[1], "#eee")
        yield _text(left - 4, place(begin, value)[1] + 4, look.words(value, {**field, "mappings": []}), 10, "#666", "end")
    if field["custom"]["thresholdsStyle"]["mode"] != "off":
        for step in field["thresholds"]["steps"][1:]:
            if low <= step["value"] <= high:
                yield _line(left, place(begin, step["value"])[1], right, place(begin, step["value"])[1], COLORS[step["color"]], "6 4")
    for series, points in zip(found, tops):
        dash = "10 10" if "custom.lineStyle" in series.settings else ""
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in (place(*point) for point in points if math.isfinite(point[1])))
        if series.settings["custom.stacking"]["mode"] == "normal" and path:
            yield (f"<polygon points='{left:.1f},{bottom:.1f} {path} {right:.1f},{bottom:.1f}' fill='{series.color}' "
                   "fill-opacity='0.12'/>")
        yield (f"<polyline points='{path}' fill='none' stroke='{series.color}' stroke-dasharray='{dash}' "
               f"stroke-width='{series.settings.get('custom.lineWidth', 1) * 1.5}'/>")
    yield from _legend(found, x, y, w, h, right, at_right)


def _legend(found, x, y, w, h, right, at_right):
    if at_right:
        for number, series in enumerate(found[:int(h / LINE) - 1]):
            top = y + LINE * (number + 1)
            yield f"<rect x='{right + 12:.1f}' y='{top - 8:.1f}' width='10' height='4' fill='{series.color}'/>"
            yield _text(right + 26, top, _cut(series.name, x + w - right - 110, 10), 10)
            yield _text(x + w, top, series.words(), 10, anchor="end")
        return
    across = max(int(w / 170), 1)
    lines = 1 + (len(found) - 1) // across
    for number, series in enumerate(found):
        left, top = x + w / across * (number % across), y + h - 4 - LINE * (lines - 1 - number // across)
        yield f"<rect x='{left:.1f}' y='{top - 5:.1f}' width='12' height='4' fill='{series.color}'/>"
        yield _text(left + 16, top, _cut(series.name, w / across - 20, 10), 10)


def _table(panel, results, x, y, w, h):
    titles, rows = look.table(panel, results)
    width = w / len(titles)
    for number, title in enumerate(titles):
        yield _text(x + number * width, y + 12, _cut(title, width), 11, "#3274d9", weight="bold")
    for line, row in enumerate(rows[:int(h / 18) - 1]):
        for number, (title, value) in enumerate(zip(titles, row)):
            if value is None:
                continue
            field, color = look.settings(panel, title), "#24292e"
            known = look.mapped(value if isinstance(value, str) else units.text(value, "short"), field)
            words = known.get("text", value) if isinstance(value, str) else look.words(value, field)
            if field.get("custom.cellOptions", {}).get("type") == "color-text":
                color = COLORS[known["color"]] if known else color if isinstance(value, str) else look.threshold(value, field)
            yield _text(x + number * width, y + 30 + line * 18, _cut(words, width - 4), 11, color)


def _states(panel, found, x, y, w, h):
    height = h / len(found)
    begin = min(series.points[0][0] for series in found)
    share = (w - 160) / max(max(series.points[-1][0] for series in found) - begin, 1)
    for number, series in enumerate(found):
        top = y + number * height
        yield _text(x, top + height / 2 + 4, _cut(series.name, 150, 10), 10)
        for (when, value), (after, _) in zip(series.points, series.points[1:]):
            color = COLORS[look.mapped(units.text(value, "short"), series.settings).get("color", "text")]
            yield (f"<rect x='{x + 160 + (when - begin) * share:.1f}' y='{top + 2:.1f}' width='{(after - when) * share + 0.5:.1f}' "
                   f"height='{height - 4:.1f}' fill='{color}'/>")


def _heatmap(panel, found, x, y, w, h):
    found = sorted(found, key=lambda series: float(series.name))
    most = max(value for series in found for _, value in series.points) or 1
    times = sorted({when for series in found for when, _ in series.points})
    width, height = (w - 60) / len(times), h / len(found)
    below = dict.fromkeys(times, 0.0)
    for number, series in enumerate(found):
        top = y + h - (number + 1) * height
        yield _text(x, top + height, series.name, 9)
        for when, value in series.points:
            events, below[when] = value - below[when], value
            if events > 0:
                yield (f"<rect x='{x + 60 + times.index(when) * width:.1f}' y='{top:.1f}' width='{width:.1f}' height='{height:.1f}' "
                       f"fill='{COLORS['orange']}' fill-opacity='{min(events / most, 1):.2f}'/>")


PAINTERS = {"stat": _stat, "gauge": _gauge, "bargauge": _bars, "timeseries": _lines, "state-timeline": _states, "heatmap": _heatmap}


def _panel(panel, ask, dashboard):
    grid = panel["gridPos"]
    x, y = grid["x"] * COLUMN + GAP / 2, grid["y"] * ROW + GAP / 2
    w, h = grid["w"] * COLUMN - GAP, grid["h"] * ROW - GAP
    if panel["type"] == "row":
        yield _text(x + 4, y + 20, f"{'▸' if panel['collapsed'] else '▾'} {panel['title']}", 15, weight="bold")
        return
    yield f"<rect x='{x}' y='{y}' width='{w}' height='{h}' fill='white' stroke='#d0d0d0' rx='2'/>"
    yield _text(x + 8, y + 17, panel["title"], 13, weight="bold")
    results = [(target, ask(dashboards.Where(dashboard, panel, target))) for target in panel["targets"]]
    inside = (x + 8, y + 26, w - 16, h - 32)
    found = look.series(panel, results) if panel["type"] != "table" else []
    if not any(answer for _, answer in results):
        yield _text(x + w / 2, y + h / 2, panel["fieldConfig"]["defaults"].get("noValue", "No data"), 16, "#999", "middle")
    elif panel["type"] == "table":
        yield from _table(panel, results, *inside)
    else:
        yield from PAINTERS[panel["type"]](panel, found, *inside)


def dashboard(document: dict, ask) -> str:
    """`ask` answers a query (a dashboards.Where) as Prometheus does. Collapsed rows are drawn closed, and open below the end."""
    end = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in document["panels"])
    parts = [part for panel in document["panels"] for part in _panel(panel, ask, document)]
    for row in (panel for panel in document["panels"] if panel["type"] == "row" and panel["collapsed"]):
        end += 1
        inner = [{**row, "collapsed": False}, *row["panels"]]
        down = end - row["gridPos"]["y"]
        for panel in inner:
            grid = panel["gridPos"]
            parts += _panel({**panel, "gridPos": {**grid, "y": grid["y"] + down}}, ask, document)
            end = max(end, grid["y"] + grid["h"] + down)
    height = end * ROW
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{24 * COLUMN}' height='{height}' {FONT}>"
            f"<rect width='100%' height='100%' fill='#f4f5f5'/>{''.join(parts)}</svg>")
