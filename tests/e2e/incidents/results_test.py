"""The judge of the lab is not lenient."""
import pathlib
import unittest

import results
from incidents import INCIDENTS
from notification import Notification

HERE = pathlib.Path(__file__).resolve().parent
FAULT, CURE = 100.0, 120.0
EXPECTED = frozenset({("pager", "BuntimeDown")})


def note(at, alert="BuntimeDown", receiver="pager", resolved=False, cluster="x"):
    return Notification(at, receiver, cluster, alert, "critical", resolved)


def judge(*notifications, expected=EXPECTED, firing=()):
    return results.judge("x", expected, frozenset(firing), list(notifications), (FAULT, CURE))


class ResultsTest(unittest.TestCase):
    def test_good(self):
        verdict = judge(note(103), note(125, resolved=True), firing=["BuntimeDown", "BuntimeInstanceDown"])
        self.assertTrue(verdict.ok)
        self.assertEqual((verdict.first, verdict.resolved), (3, 5))
        self.assertEqual(verdict.untold, {"BuntimeInstanceDown"})

    def test_silence(self):
        self.assertFalse(judge().ok)
        self.assertTrue(judge(expected=frozenset()).ok)

    def test_one_too_many(self):
        both = note(103), note(125, resolved=True)
        extra = note(130, "BuntimeRestart", "tickets"), note(131, "BuntimeRestart", "tickets", resolved=True)
        self.assertFalse(judge(*both, *extra).ok)
        self.assertFalse(judge(*extra, expected=frozenset()).ok)

    def test_wrong_receiver(self):
        self.assertFalse(judge(note(103, receiver="tickets"), note(125, receiver="tickets", resolved=True)).ok)

    def test_before_the_fault(self):
        self.assertFalse(judge(note(99), note(125, resolved=True)).ok)

    def test_not_resolved(self):
        self.assertFalse(judge(note(103)).ok)
        self.assertFalse(judge(note(103), note(125, resolved=True), note(126)).ok)

    def test_of_somebody_else(self):
        self.assertFalse(judge(note(103, cluster="y"), note(125, cluster="y", resolved=True)).ok)

    def test_the_readme_quotes_the_results(self):
        page = (HERE / "RESULTS.md").read_text(encoding="utf-8")
        readme = (HERE.parents[2] / "alerts/README.md").read_text(encoding="utf-8")
        self.assertEqual(results.quoted(readme, page), readme)
        self.assertNotIn("WRONG", page)
        for incident in INCIDENTS:
            self.assertIn(f"| {incident.name} |", readme)
        self.assertNotEqual(results.quoted(readme, page.replace("runtime killed", "runtime stopped")), readme)


if __name__ == "__main__":
    unittest.main()
