#!/usr/bin/env python3
"""Usage: check_readme.py EXPORTER ACCURACY README

The README's blocks between `<!-- NAME -->` and `<!-- /NAME -->` are what the programs print: the exporter's flags and
metrics, and the table of tests/bench/accuracy.
UPDATE_README=1 writes them anew.
"""
import os
import pathlib
import re
import subprocess
import sys


def main():
    exporter, accuracy, readme = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])

    def output(flag):
        return subprocess.run([exporter, flag], check=True, capture_output=True, text=True).stdout

    flags = re.search(r"^Flags:\n(.*?)^Examples:", output("--help"), re.S | re.M)[1].rstrip()
    blocks = {"flags": f"```text\n{flags}\n```", "metrics": output("--metrics.list").rstrip(),
              "accuracy": subprocess.run([accuracy], check=True, capture_output=True, text=True).stdout.rstrip()}

    text = current = readme.read_text(encoding="utf-8")
    for name, content in blocks.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
        if not pattern.search(text):
            sys.exit(f"{readme} has no block <!-- {name} -->")
        text = pattern.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)
    if text == current:
        return
    if os.environ.get("UPDATE_README"):
        readme.write_text(text, encoding="utf-8")
    else:
        sys.exit(f"{readme} differs from what {exporter} prints: run with UPDATE_README=1")


if __name__ == "__main__":
    main()
