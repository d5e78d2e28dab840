"""From an alert to the panel that shows it: the link of each alert opens a panel with what the alert compares, the limit, and the
whole condition, filtered by the choices that the link makes.

Usage: alerts_test.py EXPORTER [unittest arguments]
"""
import re
import sys
import unittest
from dataclasses import fields, is_dataclass

import dashboards
import alertlib
import lint
import promql
from catalogue import Catalogue

EXPORTER = ""
# Alerts about what is absent compare with nothing.
ABSENCE = {"BuntimeTargetsMissing", "BuntimeLimitsMissing"}
PLACES = {"start", "end", "op_start", "function_end"}


def shape(node):
    """A tree without the places in the text, without the choices of a dashboard, and the same for max(x) and scalar(max(x))."""
    if isinstance(node, promql.Selector):
        return node.name, node.window, tuple(sorted((label, op, value) for label, op, value, *_ in node.matchers if "$" not in value))
    if isinstance(node, promql.Labels):
        return node.kind, tuple(sorted(node.set()))
    if isinstance(node, promql.Number):
        return float(node.text)
    if isinstance(node, promql.Call) and node.function in ("scalar", "vector"):
        return shape(node.args[0])
    if isinstance(node, list):
        return tuple(shape(each) for each in node)
    if is_dataclass(node):
        return type(node).__name__, *(shape(getattr(node, each.name)) for each in fields(node) if each.name not in PLACES)
    return node


def parsed(expression):
    return promql.parse(re.sub(r"\[\$__\w+\]", "[5m]", expression))


def comparisons(expression):
    """The two sides of each comparison, as shapes; of x > a < b, those with b as well."""
    for node, _ in promql.walk(parsed(expression)):
        if isinstance(node, promql.Binary) and node.op in promql.COMPARISONS:
            left = node.left
            while isinstance(left, promql.Binary) and left.op in promql.COMPARISONS and left is not node:
                yield shape(left), shape(node.right)
                left = left.left
            yield shape(left), shape(node.right)
            yield shape(node.left), shape(node.right)


def query(url):
    return dict(re.findall(r"[?&]([\w-]+)=((?:[^&{]|\{\{.*?\}\})*)", url))


class AlertsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.boards = dashboards.load()
        cls.rules = [rule for rule in alertlib.all_rules() if rule.alert]
        cls.known = Catalogue(alertlib.metric_catalogue(EXPORTER), alertlib.all_rules())

    def panel(self, rule):
        """The panel that the link of a rule opens."""
        url = rule.body["annotations"]["dashboard_url"]
        board = self.boards[re.match(r"/d/([\w-]+)", url)[1]]
        found = [panel for panel in dashboards.panels(board) if str(panel["id"]) == query(url).get("viewPanel")]
        self.assertEqual(1, len(found), f"{url} opens no panel; that of the alert is "
                         f"{[panel['id'] for panel in dashboards.panels(board) if panel['title'].startswith(rule.alert)]}")
        return board, found[0]

    def complaints(self, rule):
        board, panel = self.panel(rule)
        title = " ".join(filter(None, (rule.alert, rule.labels.get("long_window"))))
        if panel["title"] != title:
            yield f"it opens {panel['title']}"
        chosen = {name.removeprefix("var-") for name in query(rule.body["annotations"]["dashboard_url"]) if name.startswith("var-")}
        if not chosen <= set(dashboards.variables(board)):
            yield f"the dashboard has no choice of {chosen - set(dashboards.variables(board))}"
        result = lint.label_set(lint.tree(rule), self.known.labels)
        for label in {"runtime", "app"} & set(result.names if result.only else {"runtime"} if "instance" in chosen else ()):
            if label in dashboards.variables(board) and label not in chosen:
                yield f"it does not choose the {label}"
        queries = [target["expr"] for target in panel["targets"]]
        shapes = [shape(parsed(each)) for each in queries]
        if shape(parsed(rule.body["expr"])) not in shapes:
            yield "the panel does not show the whole condition"
        if rule.alert not in ABSENCE and not any(
                value in shapes and limit in shapes for value, limit in comparisons(rule.body["expr"])):
            yield "the panel does not show a value and the limit that it is compared with"

    def test_each_alert_opens_the_panel_that_shows_it(self):
        for rule in self.rules:
            with self.subTest(rule.where):
                self.assertEqual([], list(self.complaints(rule)))

    def test_each_panel_of_an_alert_belongs_to_one(self):
        opened = [self.panel(rule)[1]["id"] for rule in self.rules]
        shown = [panel["id"] for board in self.boards.values() for panel in dashboards.panels(board)
                 if re.match(r"Buntime[A-Z]", panel["title"])]
        self.assertEqual(sorted(opened), sorted(shown))

    def test_wrong_links_and_panels_are_noticed(self):
        rule = next(rule for rule in self.rules if rule.alert == "BuntimeHighUtilization")
        good = rule.body["annotations"]["dashboard_url"]
        for url in (re.sub(r"&var-runtime=[^&]*?\}\}(?=\{)", "", good), good.replace("var-instance", "var-pod")):
            with self.subTest(url):
                self.assertNotEqual(url, good)
                bad = alertlib.Rule(rule.file, rule.group, {**rule.body, "annotations": {"dashboard_url": url}})
                self.assertTrue(list(self.complaints(bad)))
        for expression in (rule.body["expr"].replace("[5m]", "[6m]"), "up == 0"):
            with self.subTest(expression):
                self.assertTrue(list(self.complaints(alertlib.Rule(rule.file, rule.group, {**rule.body, "expr": expression}))))


if __name__ == "__main__":
    EXPORTER = sys.argv.pop(1)
    unittest.main()
