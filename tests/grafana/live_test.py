"""Every query of every dashboard, asked of a real Prometheus that scraped the real exporter, and of a newer one where
PROMETHEUS_NEWER names its program (tests/engines has one of version 3).

For each view (everything, a fleet, one runtime of it, each dialect alone, a pod behind /probe, the prober itself) a query
has data exactly where the catalogue says that its metrics exist; where it may have none although they do is listed here,
with the reason.
"""
import math
import os
import pathlib
import re
import time
import unittest
import xml.etree.ElementTree

import dashboards
import draw
import png
from dashboards import Where, expand, parsable
from presence import Presence, Sight
from scene import POINTS, RATE, SceneTest
from support import binary, eventually

# Queries that are sure to have data in these views only, although their metrics are there in more of them, by dashboard,
# panel and query.
ONLY_IN = {
    # One pool has a history, in which it grows.
    "buntime-capacity: Full in A": {"all", "pods", "a pod and another"},
    # One exporter has modules.
    "buntime-exporter: Probes A": {"all", "the prober"},
    # One exporter serves TLS.
    "buntime-exporter: Certificate ends in A": {"all", "documented alone"},
    # One runtime of the fleet does not answer.
    "buntime-exporter: Polls B": {"all", "fleet"},
    # Where a runtime has a name, a kind begins with its first anomaly, and here there is none.
    "buntime-exporter: Anomalies by kind A": {"all", "released alone", "documented alone", "a pod and another"},
}
# Panels of alerts: what they show, the cases of the alerts say. Here it is enough that Prometheus takes their queries.
ALERT = re.compile(r"Buntime[A-Z]\w+( \w+)?")
SECONDS = float(os.environ.get("SCENE_SECONDS", "16"))


class LiveTest(SceneTest):
    def test_dashboards(self):
        self.boards = dashboards.load()
        self.start()
        self.live(SECONDS)
        with self.subTest("queries"):
            self.check_queries()
        with self.subTest("variables"):
            self.check_variables()
        with self.subTest("annotations"):
            self.check_annotations()
        with self.subTest("drawings"):
            self.check_drawings()

    def views(self):
        """Name -> choice of variables, and what there is to see."""
        at, both = self.instances, {"documented", "released"}
        return {
            "all": ({}, Sight(both, fleet=True)),
            "fleet": ({"instance": [at["fleet"]]}, Sight(both, fleet=True)),
            "released runtime of a fleet": ({"instance": [at["fleet"]], "runtime": ["blue"]}, Sight({"released"}, fleet=True)),
            "documented runtime of a fleet": ({"instance": [at["fleet"]], "runtime": ["green"]}, Sight({"documented"}, fleet=True)),
            "released alone": ({"instance": [at["released"]]}, Sight({"released"})),
            "documented alone": ({"instance": [at["documented"]]}, Sight({"documented"})),
            "pods": ({"cluster": ["eu"], "namespace": ["shop"], "instance": [at["pod"]]}, Sight({"released"}, exporter=False)),
            "a pod and another": ({"instance": [at["released"], at["pod"]]}, Sight({"released"})),
            "the prober": ({"job": ["buntime-exporter"]}, Sight(set()))}

    def expand(self, text, dashboard, choice=None):
        """As Grafana does it when the range is the whole scene; no rate is taken over less than two points of it."""
        elapsed = time.time() - self.began
        return expand(text, dashboard, choice, rate=f"{max(RATE, math.ceil(2 * elapsed / POINTS))}s", span=f"{math.ceil(elapsed)}s")

    def answers(self, where: Where, choice):
        """What each Prometheus answers."""
        expression = self.expand(where.expression, where.dashboard, choice)
        instant = where.target["instant"]
        found = [store.instant(expression) if instant else store.range(expression, self.began) for store in self.stores]
        for series in sum(found, []):
            # What tells about a cluster is not ours, and is meant.
            if "kube_" not in expression:
                self.assertNotEqual(series["metric"].get("instance"), self.stranger, "it is not ours")
        return found

    def check_queries(self):
        presence = Presence(binary("EXPORTER"))
        seen = 0
        for view, (choice, sight) in self.views().items():
            for where in dashboards.targets(self.boards):
                if ALERT.fullmatch(where.panel["title"]) and view != "all":
                    continue
                seen += 1
                with self.subTest(view=view, query=str(where)):
                    expression = parsable(expand(where.expression, where.dashboard))
                    if ALERT.fullmatch(where.panel["title"]) or view not in ONLY_IN.get(str(where), {view}):
                        self.answers(where, choice)
                    elif presence.expected(expression, sight):
                        eventually(lambda: all(self.answers(where, choice)))
                    else:
                        self.assertFalse(any(self.answers(where, choice)), "there should be no data")
        self.assertLessEqual(set(ONLY_IN), {str(where) for where in dashboards.targets(self.boards)})
        versions = [store.ask("status/buildinfo")["version"] for store in self.stores]
        self.report(f"{seen} queries, each asked of Prometheus {' and '.join(versions)}")

    def check_variables(self):
        at = set(self.instances.values())
        wanted = {"cluster": {"eu"}, "namespace": {"shop"}, "job": {"buntime"}, "instance": at, "runtime": {"blue", "green", "red"}}
        # This one offers the exporters' own pages as well.
        more = {"buntime-exporter": {"job": {"buntime-exporter"}, "instance": {self.prober}}}
        for dashboard in self.boards.values():
            for name, variable in dashboards.variables(dashboard).items():
                with self.subTest(dashboard["uid"], variable=name):
                    selector, label = dashboards.variable_query(variable)
                    found = set(self.prometheus.ask(f"label/{label}/values", **{"match[]": expand(selector, dashboard)}))
                    if name == "app":
                        self.assertGreater(len(found), 5)
                    else:
                        self.assertEqual(found, wanted[name] | more.get(dashboard["uid"], {}).get(name, set()))
                    one = expand(selector, dashboard, {"instance": [self.instances["fleet"]], "namespace": [], "cluster": []})
                    self.assertTrue(self.prometheus.ask(f"label/{label}/values", **{"match[]": one}) or
                                    name in ("cluster", "namespace"))

    def check_annotations(self):
        for dashboard in self.boards.values():
            for mark in dashboard["annotations"]["list"]:
                if "expr" not in mark:
                    continue
                with self.subTest(dashboard["uid"], annotation=mark["name"]):
                    found = self.prometheus.range(self.expand(mark["expr"], dashboard), self.began)
                    # Nobody upgrades the exporter here.
                    self.assertEqual(bool(found), mark["name"] != "Upgrades of the exporter")

    def check_drawings(self):
        folder = os.environ.get("DRAWINGS")
        for uid, dashboard in self.boards.items():
            with self.subTest(uid):
                picture = draw.dashboard(dashboard, lambda where: self.answers(where, {})[0])
                root = xml.etree.ElementTree.fromstring(picture)
                words = {element.text for element in root.iter() if element.text}
                self.assertLessEqual({panel["title"] for panel in dashboards.panels(dashboard)}, words)
                if folder:
                    path = pathlib.Path(folder, f"{uid}.svg")
                    path.write_text(picture, encoding="utf-8")
                    png.write(path)


if __name__ == "__main__":
    unittest.main()
