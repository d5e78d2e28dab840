"""The committed dashboards as the tests see them, and their queries as Grafana would send them."""
import json
import pathlib
import re
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "grafana"
FOLDER = GRAFANA / "dashboards"
# What is tested together is read together: the parser of PromQL, the rules, real programs.
sys.path += [str(ROOT / "tests" / "alerts"), str(ROOT / "tests" / "e2e")]

UIDS = ("buntime-overview", "buntime-workers", "buntime-apps", "buntime-capacity", "buntime-exporter")


@dataclass(frozen=True)
class Where:
    """A query of a dashboard, and the words that find it there."""
    dashboard: dict
    panel: dict
    target: dict

    @property
    def expression(self) -> str:
        return self.target["expr"]

    def __str__(self) -> str:
        return f"{self.dashboard['uid']}: {self.panel['title']} {self.target['refId']}"


def load() -> dict[str, dict]:
    """uid -> dashboard, as in the files."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
    return {uid: found[uid] for uid in UIDS if uid in found} | found


def panels(dashboard: dict) -> list[dict]:
    """All panels that show something, those in collapsed rows as well."""
    inner = [inner for panel in dashboard["panels"] for inner in panel.get("panels", [])]
    return [panel for panel in dashboard["panels"] + inner if panel["type"] != "row"]


def targets(dashboards: dict[str, dict]) -> list[Where]:
    return [Where(dashboard, panel, target) for dashboard in dashboards.values()
            for panel in panels(dashboard) for target in panel.get("targets", [])]


def variables(dashboard: dict, kind: str = "query") -> dict[str, dict]:
    return {each["name"]: each for each in dashboard["templating"]["list"] if each["type"] == kind}


def variable_query(variable: dict) -> tuple[str, str]:
    """Selector and label of label_values(selector, label)."""
    match = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert match, f"the variable {variable['name']} is no label_values(selector, label)"
    return match[1], match[2]


def expand(text: str, dashboard: dict, choice: dict[str, list[str]] | None = None, *, rate: str = "5m",
           span: str = "1h") -> str:
    """The text after Grafana has put the variables in: a choice of values as a regular expression, else All."""
    values = {"__rate_interval": rate, "__range": span, "__interval": rate}
    for name, variable in variables(dashboard).items():
        chosen = (choice or {}).get(name)
        # Grafana escapes for the regular expression and then for the string it stands in.
        escaped = [re.escape(value).replace("\\-", "-").replace("\\", "\\\\") for value in chosen or []]
        values[name] = variable["allValue"] if not chosen else escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
    text = re.sub(r"\$(?:(\w+)|\{(\w+)\})", lambda match: values.get(match[1] or match[2], match[0]), text)
    return text


def parsable(expression: str) -> str:
    """Without `@ end()`, which says when a selector is read and not what: the parser of the tests does not know it."""
    return expression.replace(" @ end()", "")
