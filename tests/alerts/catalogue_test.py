"""Every metric, label and use of a counter in rules, runbooks and test cases fits the exporter's own catalogue.

Usage: catalogue_test.py EXPORTER [unittest arguments]
"""
import re
import sys
import unittest

import alertlib
import promql
from catalogue import FOREIGN, PLAIN_COUNTERS, Catalogue

EXPORTER = ""
# What the rules of the older monitoring guide read.
NOT_OURS = re.compile(r"http_requests_total|api_latency_histogram_\w+")


class CatalogueTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rules = alertlib.all_rules()
        cls.catalogue = Catalogue(alertlib.metric_catalogue(EXPORTER), cls.rules)

    def test_rules(self):
        for rule in self.rules:
            with self.subTest(rule.where):
                self.assertEqual([], list(self.catalogue.complaints(rule.body["expr"], rule.record or "")))

    def test_queries_of_the_runbooks(self):
        queries = 0
        for page in sorted(alertlib.RUNBOOKS.glob("*.md")):
            for query in alertlib.queries(page.read_text()):
                queries += 1
                with self.subTest(page.name, query=query):
                    self.assertEqual([], list(self.catalogue.complaints(query)))
        self.assertGreater(queries, 0)

    def test_series_of_the_test_cases(self):
        """A test on a series that nobody exports proves nothing."""
        for path in alertlib.case_files():
            for test in alertlib.load(path.read_text())["tests"]:
                for series in test["input_series"]:
                    with self.subTest(path.name, series=series["series"]):
                        self.check_series(series["series"])

    def check_series(self, text):
        selector = promql.parse(text)
        if ":" in selector.name or FOREIGN.fullmatch(selector.name) or NOT_OURS.fullmatch(selector.name):
            return
        entry, _ = self.catalogue.find(selector.name)
        self.assertIsNotNone(entry, "not in the catalogue")
        labels = {label for label, *_ in selector.matchers}
        self.assertLessEqual(labels, {*entry["labels"], *alertlib.TARGET_LABELS})

    def test_the_exceptions_are_used(self):
        text = " ".join(rule.body["expr"] + " " + rule.name for rule in self.rules)
        for name in PLAIN_COUNTERS:
            self.assertIn(name, text)

    def test_the_checks_reject(self):
        for query in ("buntime_no_such_metric > 0", "buntime_up{worker=\"1\"} > 0", "sum by (app) (buntime_pool_active) > 0",
                      "buntime_app_errors_total > 5", "rate(buntime_pool_active[5m]) > 0", "increase(buntime_pool_total[5m]) > 0",
                      "buntime_app_request_duration_seconds > 1", "buntime_exporter_poll_duration_seconds_total > 0",
                      "buntime_app_workers / (buntime_pool_total > 0) > 1", "app:buntime_app_requests:rate5m{instance=\"a\"} > 0",
                      "max_over_time(buntime_worker_requests_total[5m]) > 0",
                      "buntime_pool_active and sum by (app) (rate(buntime_app_errors_total[5m])) > 0"):
            with self.subTest(query):
                self.assertTrue(list(self.catalogue.complaints(query)))


if __name__ == "__main__":
    EXPORTER = sys.argv.pop(1)
    unittest.main()
