"""The rule files pass every check of lint.py, and every check rejects what it is there for."""
import unittest

import alertlib
import lint

# For each check: rules it must reject, as a change to a good alert or record.
BAD = {
    "names": [{"alert": "Buntime_down"}, {"alert": "ServiceDown"}, {"alert": "BuntimeA" + "b" * 40}, {"record": "buntime_up"},
              {"group": "g" * 41}],
    "group_size": [{"copies": 21}],
    "strings": [{"labels": {"severity": "info", "tier": 1}}],
    "severity": [{"labels": {}}, {"labels": {"severity": "error"}}],
    "annotations": [{"annotations": {}}, {"summary": "{{ $value }} is high."}, {"summary": "no sentence"},
                    {"description": "Something is wrong."}, {"runbook_url": "/alerts/runbooks/Other.md"},
                    {"dashboard_url": "/d/other"}, {"dashboard_url": "/d/buntime-overview?var-instance={{ $labels.instance | urlquery }}"}],
    "templates": [{"expr": "max by (job) (buntime_up) > 1", "description": "{{ $labels.instance }}"},
                  {"expr": "max without (instance) (buntime_up) > 1", "description": "{{ $labels.instance }}"},
                  {"expr": 'absent(up{job="buntime"})', "description": "{{ $labels.instance }}"},
                  {"description": "{{ $externalLabels.site }}"}, {"labels": {"severity": "info", "value": "{{ $value }}"}}],
    "target_labels": [{"labels": {"severity": "info", "instance": "a"}}],
    "humanized": [{"expr": f"{value} > 1", "description": "It is {{ $value }}."} for value in (
        "rate(buntime_app_errors_total[5m])", "sum(increase(buntime_app_errors_total[5m]))", "avg(buntime_pool_active)",
        "100 * avg_over_time(buntime_pool_active[5m])", "(buntime_pool_active / (buntime_pool_size > 0))",
        "instance:buntime_pool_active_per_pool_size:ratio")],
    "durations": [{"for": "0s"}, {"for": "4h"}, {"keep_firing_for": "1h"}],
    "windows": [{"expr": "max_over_time(buntime_up[4d]) > 1"}, {"expr": "max_over_time(buntime_up[1d] offset 4d) > 1"}, {"expr": "rate(buntime_app_errors_total[30s]) > 1"}],
    "absent_needs_time": [{"expr": 'absent(up{job="buntime"})', "for": "15s"}],
    "conditions": [{"expr": "buntime_up"}, {"expr": "buntime_up > bool 1"}, {"expr": "buntime_up > 1 or buntime_up"},
                   {"expr": "rate(buntime_app_errors_total[5m]) / rate(buntime_app_requests_total[5m])"}],
    "functions": [{"expr": "holt_winters(buntime_up[5m], 0.5, 0.5) > 1"}],
    "rates": [{"expr": "rate(sum(buntime_app_errors_total)[5m:]) > 1"}],
    "fragile": [{"expr": "topk(3, buntime_up) > 1"}, {"expr": "sum(buntime_up) / count(buntime_up) > 1", "for": None}],
    "ratios": [{"expr": "avg(buntime_pool_active / buntime_pool_size) > 1"}],
    "guarded_divisions": [{"expr": "buntime_pool_active / buntime_pool_size > 1"}],
    "impossible": [{"expr": "max by (instance) (max by (job) (buntime_up)) > 1"},
                   {"expr": "buntime_up > 0 and on (instance) max by (job) (buntime_up)"},
                   {"expr": "buntime_up > 0 and max without (instance) (buntime_up)"},
                   {"expr": "buntime_up > max without (instance) (buntime_up)"}],
    "regexps": [{"expr": 'buntime_up{instance=~"a"} > 1'}, {"expr": 'buntime_up{instance=~"^a.*"} > 1'}],
    "jobs": [{"expr": "up == 0"}, {"expr": "scrape_duration_seconds > 5"}, {"expr": "process_open_fds > 5"}],
    "levels": [{"record": "app:buntime_up:max", "expr": "max without (job) (buntime_up)"},
               {"record": "job:buntime_up:max", "expr": "max without (instance) (buntime_up)"}],
    "dependencies": [{"expr": "app:not_recorded:sum > 1"},
                     {"record": "app:buntime_x:sum", "expr": "app:buntime_app_errors:rate5m"}],
    "duplicates": [{"copies": 2}],
}

# Which rule of mixtool and of pint is checked by which function of lint.py, or where else, or why not.
ORIGINS = {
    "mixtool alert-name-camelcase": "names", "mixtool alert-name-length": "names", "mixtool alert-severity-rule": "severity",
    "mixtool alert-description-missing-rule": "annotations", "mixtool alert-description-templating": "annotations",
    "mixtool alert-summary-missing-rule": "annotations", "mixtool alert-summary-templating": "annotations",
    "mixtool alert-summary-style": "annotations", "mixtool alert-group-rule-count": "group_size",
    "mixtool alert-group-name-length": "names", "mixtool rule files parse": "see promtool_test.py",
    "mixtool dashboard title": "see ../grafana", "mixtool dashboard uid": "see ../grafana",
    "pint yaml/parse": "strings", "pint promql/syntax": "see promtool_test.py", "pint alerts/comparison": "conditions",
    "pint alerts/for": "durations", "pint alerts/template": "templates", "pint alerts/template humanize": "humanized",
    "pint alerts/absent": "absent_needs_time", "pint alerts/external_labels": "templates",
    "pint alerts/count": "see the scenarios of promtool_test.py and the quiet runs of ../e2e/incidents",
    "pint alerts/annotation": "annotations", "pint group/interval": "see ../e2e/incidents/scale.py: no group has one",
    "pint labels/conflict": "target_labels", "pint promql/aggregate": "levels", "pint promql/counter": "see catalogue.py",
    "pint promql/features": "functions", "pint promql/fragile": "fragile", "pint promql/impossible": "impossible",
    "pint promql/nan": "ratios", "pint promql/nan of a divisor": "guarded_divisions", "pint promql/offset": "windows",
    "pint promql/range_query": "windows", "pint promql/rate": "windows", "pint promql/rate of a sum": "rates",
    "pint promql/regexp": "regexps", "pint promql/selector": "jobs", "pint promql/series": "see catalogue.py",
    "pint promql/vector_matching": "see catalogue.py", "pint query/cost": "see prometheus_test.py",
    "pint rule/dependency": "dependencies", "pint rule/duplicate": "duplicates", "pint rule/for": "durations",
    "pint rule/label": "severity", "pint rule/link": "see runbooks_test.py: files, because addresses differ",
    "pint rule/name": "names", "pint rule/owner": "see nothing: all of it has one owner",
    "pint rule/reject": "annotations", "pint rule/report": "see nothing: it reports everything",
    "pint pint/comment": "see nothing: no check can be switched off by a comment",
    "pint ignore/file": "see alertlib.py: no file is left out",
}


def bad_rules(change):
    change = dict(change)
    copies, group = change.pop("copies", 1), change.pop("group", "test")
    body = {"expr": "buntime_up == 0", "for": "5m"}
    if "record" not in change:
        name = change.get("alert", "BuntimeExample")
        body |= {"alert": name, "labels": {"severity": "info"}, "annotations": {
            "summary": "Something happened.", "description": "It is {{ $value }}.", "dashboard_url": "/d/buntime-overview",
            "runbook_url": f"/alerts/runbooks/{name}.md"}}
    for key in ("summary", "description", "runbook_url", "dashboard_url"):
        if key in change:
            body["annotations"][key] = change.pop(key)
    body = {key: value for key, value in (body | change).items() if value is not None}
    return [alertlib.Rule("test.yml", group, body)] * copies


class LintTest(unittest.TestCase):
    def test_the_rules_pass(self):
        rules = alertlib.all_rules()
        for check in lint.CHECKS:
            with self.subTest(check.__name__):
                self.assertEqual([], [f"{rule.where}: {complaint}" for rule, complaint in check(rules)])

    def test_the_example_passes(self):
        for check in lint.CHECKS:
            self.assertEqual([], list(check(bad_rules({}))), check.__name__)

    def test_every_check_rejects_what_it_is_there_for(self):
        self.assertEqual({check.__name__ for check in lint.CHECKS}, set(BAD))
        rules = alertlib.all_rules()
        for check in lint.CHECKS:
            for change in BAD[check.__name__]:
                with self.subTest(check.__name__, change=change):
                    bad = bad_rules(change)
                    self.assertTrue([rule for rule, _ in check(rules + bad) if rule in bad])

    def test_every_check_follows_a_rule_of_a_known_linter(self):
        checks = {check.__name__ for check in lint.CHECKS}
        self.assertEqual(checks, {place for place in ORIGINS.values() if not place.startswith("see ")})

    def test_a_key_that_exists_twice_is_rejected(self):
        with self.assertRaises(alertlib.yaml.YAMLError):
            alertlib.load("groups: []\ngroups: []\n")


if __name__ == "__main__":
    unittest.main()
