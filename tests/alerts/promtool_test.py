"""promtool accepts the rule files, and every test case holds."""
import pathlib
import tempfile
import unittest

import alertlib


class PromtoolTest(unittest.TestCase):
    def test_rules_are_valid(self):
        result = alertlib.promtool("check", "rules", "--lint=all", "--lint-fatal", *alertlib.rule_files())
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_cases(self):
        for path in alertlib.case_files():
            with self.subTest(path.name):
                result = alertlib.promtool("test", "rules", path)
                self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_a_wrong_expectation_is_noticed(self):
        case = alertlib.load((alertlib.CASES / "pool.yml").read_text())
        case["rule_files"] = [str(path) for path in alertlib.rule_files()]
        case["tests"] = [test | {"input_series": []} for test in case["tests"][:1]]
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "case.yml"
            path.write_text(alertlib.yaml.safe_dump(case))
            self.assertNotEqual(0, alertlib.promtool("test", "rules", path).returncode)


if __name__ == "__main__":
    unittest.main()
