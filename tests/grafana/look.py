"""What a panel shows, worked out as Grafana does it: names, colours and numbers of series, rows of tables."""
import re
from dataclasses import dataclass

import units

COLORS = {"red": "#e02f44", "orange": "#ff9830", "yellow": "#e0b400", "green": "#37872d", "blue": "#3274d9", "gray": "#8e8e8e",
          "purple": "#8f3bb8", "text": "#24292e"}
PALETTE = ["#56a64b", "#f2cc0c", "#3274d9", "#ff780a", "#e02f44", "#8f3bb8", "#37872d", "#b877d9", "#1f60c4", "#fa6400",
           "#c4162a", "#5794f2", "#96d98d", "#ffb357", "#ff7383", "#8ab8ff", "#ca95e5", "#e0b400", "#19730e", "#a352cc"]


@dataclass
class Series:
    name: str
    points: list  # (time, value), one point for an instant query
    settings: dict  # the field's settings after overrides
    color: str

    @property
    def last(self) -> float:
        return self.points[-1][1]

    def words(self) -> str:
        return words(self.last, self.settings)


def settings(panel: dict, name: str) -> dict:
    """The defaults of the panel's fields with what the overrides say about this one; custom.x as "custom.x"."""
    defaults = panel["fieldConfig"]["defaults"]
    found = {**defaults, **{f"custom.{key}": value for key, value in defaults.get("custom", {}).items()}}
    for override in panel["fieldConfig"]["overrides"]:
        pattern = override["matcher"]["options"]
        by_name = override["matcher"]["id"] == "byName"
        if name == pattern if by_name else re.search(pattern.strip("/"), name):
            found |= {each["id"]: each["value"] for each in override["properties"]}
    return found


def mapped(value: str, field: dict) -> dict:
    """What the mappings make of a text: {"text": ..., "color": ...}, both optional."""
    for mapping in field.get("mappings", []):
        if mapping["type"] == "value" and value in mapping["options"]:
            return mapping["options"][value]
        if mapping["type"] == "regex" and re.search(mapping["options"]["pattern"].strip("/"), value):
            return mapping["options"]["result"]
    return {}


def threshold(value: float, field: dict) -> str:
    reached = [step["color"] for step in field["thresholds"]["steps"] if step["value"] is None or value >= step["value"]]
    return COLORS[reached[-1]]


def words(value: float, field: dict) -> str:
    known = mapped(units.text(value, "short"), field)
    return known.get("text") or units.text(value, field.get("unit", "short"), field.get("decimals"))


def legend(text: str, labels: dict[str, str]) -> str:
    if text == "__auto":
        rest = {key: value for key, value in labels.items() if key != "__name__"}
        return ", ".join(f"{key}={value}" for key, value in sorted(rest.items())) or "Value"
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), text).strip()


def _set_from_data(panel: dict, results: list[tuple[dict, list]]) -> tuple[dict, list]:
    """The answers without those that are settings, and the panel with these ("Config from query results")."""
    defaults = dict(panel["fieldConfig"]["defaults"])
    for transformation in panel.get("transformations", []):
        if transformation["id"] != "configFromData":
            continue
        source, mapping = transformation["options"]["configRefId"], transformation["options"]["mappings"][0]
        for target, answer in results:
            if target["refId"] == source and answer:
                value = float((answer[0].get("values") or [answer[0]["value"]])[-1][1])
                if mapping["handlerKey"] == "max":
                    defaults["max"] = value
                else:
                    defaults["thresholds"] = {"mode": "absolute", "steps": [
                        {"color": "green", "value": None}, {"color": "red", "value": value}]}
        results = [(target, answer) for target, answer in results if target["refId"] != source]
    return {**panel, "fieldConfig": {**panel["fieldConfig"], "defaults": defaults}}, results


def series(panel: dict, results: list[tuple[dict, list]]) -> list[Series]:
    """`results` holds each target with what Prometheus answered."""
    found = []
    panel, results = _set_from_data(panel, results)
    for target, answer in results:
        for each in answer:
            points = [(when, float(value)) for when, value in each.get("values") or [each["value"]]]
            name = legend(target["legendFormat"], each["metric"])
            field = settings(panel, name)
            fixed = field["color"].get("fixedColor")
            color = COLORS[fixed] if fixed else PALETTE[len(found) % len(PALETTE)]
            if field["color"]["mode"] == "thresholds":
                color = threshold(points[-1][1], field)
            found.append(Series(name, points, field, color))
    return found


def table(panel: dict, results: list[tuple[dict, list]]) -> tuple[list[str], list[list]]:
    """Titles and rows of a table: one row for each set of labels, as "merge" and "organize" make them."""
    several = len(results) > 1
    frames = []
    for target, answer in results:
        value = f"Value #{target['refId']}" if several else "Value"
        frames.append([{**each["metric"], value: float(each["value"][1])} for each in answer])
    frames = [frame for frame in frames if frame]
    shared = set.intersection(*({name for row in frame for name in row} for frame in frames)) if frames else set()
    rows: list[dict] = []
    for frame in frames:
        for row in frame:
            match = next((other for other in rows if all(other.get(key) == row.get(key) for key in shared)
                          and all(other.get(key, value) == value for key, value in row.items())), None)
            if match is None:
                rows.append(row)
            else:
                match.update(row)
    organize = panel["transformations"][-1]["options"]
    names = sorted(organize["indexByName"], key=organize["indexByName"].get)
    titles = [organize["renameByName"][name] for name in names]
    sort = (panel["options"]["sortBy"] or [None])[0]
    if sort:
        key = names[titles.index(sort["displayName"])]
        kind = str if any(isinstance(row.get(key), str) for row in rows) else float
        rows.sort(key=lambda row: (key in row, row.get(key, kind())), reverse=sort["desc"])
    return titles, [[row.get(name) for name in names] for row in rows]
