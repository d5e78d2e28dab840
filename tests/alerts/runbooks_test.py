"""Every alert has its runbook and every runbook its alert; each page has its chapters, and its queries are valid."""
import pathlib
import re
import tempfile
import unittest

import alertlib
import promql

CHAPTERS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "False positives"]


def complaints(name, text):
    """What is wrong with a page."""
    if not text.startswith(f"# {name}\n"):
        yield "the title is not the name of the alert"
    if re.findall(r"^## (.+)$", text, re.M) != CHAPTERS:
        yield f"the chapters are not {CHAPTERS}"
    for chapter in re.split(r"^## ", text, flags=re.M)[1:]:
        if not chapter.partition("\n")[2].strip():
            yield f"{chapter.strip()} is empty"
    if not alertlib.queries(text):
        yield "there is no query"
    if not re.search(r"```sh\n.*\w", text):
        yield "there is no command"
    for query in alertlib.queries(text):
        try:
            promql.parse(query)
        except promql.Error as error:
            yield f"{query}: {error}"


class RunbooksTest(unittest.TestCase):
    def setUp(self):
        self.pages = {path.stem: path.read_text() for path in alertlib.RUNBOOKS.glob("*.md")}
        self.alerts = {rule.alert for rule in alertlib.all_rules() if rule.alert}

    def test_every_alert_has_its_page_and_every_page_its_alert(self):
        self.assertEqual(self.alerts, set(self.pages))

    def test_pages(self):
        for name, text in self.pages.items():
            with self.subTest(name):
                self.assertEqual([], list(complaints(name, text)))

    def test_pages_name_alerts_and_records_that_exist(self):
        records = {rule.record for rule in alertlib.all_rules() if rule.record}
        for name, text in self.pages.items():
            with self.subTest(name):
                self.assertLessEqual(set(re.findall(r"\bBuntime[A-Z]\w+", text)), self.alerts)
                self.assertLessEqual(set(re.findall(r"\b(?:instance|job|app|buntime):[a-z]\w+:\w+", text)), records)

    def test_promtool_accepts_the_queries(self):
        queries = [query for text in self.pages.values() for query in alertlib.queries(text)]
        rules = [{"record": f"query:number_{number}:value", "expr": query} for number, query in enumerate(queries)]
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "queries.yml"
            path.write_text(alertlib.yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
            result = alertlib.promtool("check", "rules", path)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_bad_pages_are_rejected(self):
        name, good = next(iter(self.pages.items()))
        self.assertEqual([], list(complaints(name, good)))
        for bad in (good.replace(f"# {name}", "# Other", 1), good.replace("## Impact", "## Effect"),
                    good.replace("```promql\n", "```promql\nsum(\n\n"), good.replace("```promql", "```"),
                    good.replace("```sh", "```"), good[:good.index("## False positives")] + "## False positives\n"):
            self.assertTrue(list(complaints(name, bad)))


if __name__ == "__main__":
    unittest.main()
