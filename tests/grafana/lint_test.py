"""The dashboards pass every check, and every check rejects something.

Usage: lint_test.py EXPORTER [unittest arguments]
"""
import copy
import re
import sys
import unittest

import dashboards
import alertlib
import lint_dashboard
import lint_panels
import offences
from dashboards import Where

EXPORTER = ""
CHECKS = (*lint_dashboard.CHECKS, *lint_panels.PANELS, *lint_panels.QUERIES)
# Metrics that no dashboard shows, and why.
NOT_SHOWN = {
    "process_virtual_memory_bytes": "says nothing about the memory in use",
}


def complaints(check, document, everything, known):
    if check in lint_dashboard.CHECKS:
        yield from check(document, everything)
        return
    for panel in dashboards.panels(document):
        if check in lint_panels.PANELS:
            yield from (f"{panel['title']}: {complaint}" for complaint in check(panel))
            continue
        for where in (Where(document, panel, target) for target in panel["targets"]):
            yield from (f"{where}: {complaint}" for complaint in check(where, known))


class LintTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.boards = dashboards.load()
        cls.known = lint_panels.PanelsCatalogue(alertlib.metric_catalogue(EXPORTER), alertlib.all_rules())

    def test_there_are_five(self):
        self.assertEqual(tuple(self.boards), dashboards.UIDS)
        self.assertEqual([board["uid"] for board in self.boards.values()], list(self.boards))

    def test_dashboards(self):
        for uid, board in self.boards.items():
            for check in CHECKS:
                with self.subTest(uid, check=check.__name__):
                    self.assertEqual([], list(complaints(check, board, self.boards, self.known)))

    def test_exceptions_exist(self):
        places = {str(where) for where in dashboards.targets(self.boards)}
        for exceptions in lint_panels.EXCEPTIONS:
            self.assertLessEqual(set(exceptions), places)

    def test_every_metric_is_shown(self):
        text = " ".join(where.expression for where in dashboards.targets(self.boards))
        for name, metric in self.known.metrics.items():
            suffix = {"summary": "_sum", "histogram": "_bucket"}.get(metric["type"], "")
            with self.subTest(name):
                self.assertEqual(name in NOT_SHOWN, not re.search(rf"\b{name}{suffix}\b", text))

    def test_alerts_link_to_dashboards(self):
        for rule in alertlib.all_rules():
            if not rule.alert:
                continue
            with self.subTest(rule.where):
                url = rule.body["annotations"]["dashboard_url"]
                path, _, query = url.partition("?")
                board = self.boards[path.removeprefix("/d/")]
                self.assertLessEqual(set(re.findall(r"var-(\w+)=", query)), set(dashboards.variables(board)))

    def test_every_check_rejects(self):
        for number, (check, uid, break_it) in enumerate(offences.OFFENCES):
            with self.subTest(f"{check.__name__} {number}"):
                board = copy.deepcopy(self.boards[uid])
                break_it(board)
                self.assertTrue(list(complaints(check, board, {**self.boards, uid: board}, self.known)))
        self.assertEqual(set(CHECKS), {check for check, *_ in offences.OFFENCES})


if __name__ == "__main__":
    EXPORTER = sys.argv.pop(1)
    unittest.main()
