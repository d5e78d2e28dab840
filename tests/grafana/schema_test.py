"""The dashboards are what Grafana's own types describe, as TypeScript's compiler sees it; wrong ones are not."""
import copy
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import dashboards

HERE = pathlib.Path(__file__).resolve().parent
MODULES = dashboards.ROOT / "tests" / "npm" / "node_modules"
OPTIONS = {"noEmit": True, "strict": True, "skipLibCheck": True, "module": "esnext", "moduleResolution": "bundler",
           "target": "es2022", "types": []}


def panel(board: dict, kind: str) -> dict:
    return next(each for each in board["panels"] if each["type"] == kind)


def misspelt_option(board):
    panel(board, "stat")["options"]["graphmode"] = "area"


def option_of_another_panel(board):
    panel(board, "gauge")["options"]["graphMode"] = "area"


def value_of_no_enumeration(board):
    panel(board, "timeseries")["fieldConfig"]["defaults"]["custom"]["drawStyle"] = "curve"


def number_as_text(board):
    panel(board, "timeseries")["fieldConfig"]["defaults"]["custom"]["lineWidth"] = "1"


def misspelt_setting(board):
    panel(board, "timeseries")["fieldConfig"]["defaults"]["units"] = "s"


def misspelt_override(board):
    next(each for each in board["panels"] if each["type"] == "timeseries" and each["fieldConfig"]["overrides"])[
        "fieldConfig"]["overrides"][0]["properties"].append({"id": "custom.linestyle", "value": {"fill": "dash"}})


def other_data_source(board):
    panel(board, "table")["targets"][0]["datasource"]["uid"] = "prometheus"


def unknown_refresh(board):
    board["templating"]["list"][1]["refresh"] = 7


def unknown_kind(board):
    panel(board, "stat")["type"] = "singlestat"


def misspelt_key(board):
    board["time_zone"] = "browser"


WRONG = [misspelt_option, option_of_another_panel, value_of_no_enumeration, number_as_text, misspelt_setting, misspelt_override,
         other_data_source, unknown_refresh, unknown_kind, misspelt_key]


class SchemaTest(unittest.TestCase):
    def test_types(self):
        boards = dashboards.load()
        sources = dict(boards)
        for break_it in WRONG:
            sources[break_it.__name__] = copy.deepcopy(boards["buntime-overview"])
            break_it(sources[break_it.__name__])
        complaints = self.compile(sources)
        self.assertEqual(set(complaints), {break_it.__name__ for break_it in WRONG},
                         "\n".join(line for uid in boards for line in complaints.get(uid, [])))

    def compile(self, sources: dict[str, dict]) -> dict[str, list[str]]:
        """Name -> what the compiler says about it; those without complaints are left out."""
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(MODULES, f"{folder}/node_modules")
            pathlib.Path(folder, "dashboard.ts").write_text((HERE / "schema" / "dashboard.ts").read_text(encoding="utf-8"))
            for name, source in sources.items():
                pathlib.Path(folder, f"{name}.ts").write_text(
                    f"import type {{ Dashboard }} from './dashboard';\nexport const it: Dashboard = {json.dumps(source, indent=1)};\n")
            pathlib.Path(folder, "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS}))
            result = subprocess.run(["node", MODULES / "typescript" / "bin" / "tsc"], cwd=folder, capture_output=True, text=True,
                                    check=False)
        found: dict[str, list[str]] = {}
        for line in re.findall(r"^\S.*error TS.*", result.stdout, re.M):
            self.assertRegex(line, r"^[\w-]+\.ts\(", "a complaint about something else than a dashboard")
            found.setdefault(line.partition(".ts(")[0], []).append(line)
        self.assertEqual(bool(found), result.returncode != 0, result.stdout + result.stderr)
        return found


if __name__ == "__main__":
    unittest.main()
