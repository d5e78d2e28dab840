#!/usr/bin/env python3
"""Usage: check_readme.py EXPORTER ACCURACY

Blocks of the pages in exporter/docs between `<!-- NAME -->` and `<!-- /NAME -->` are what programs print: the exporter's flags and
metrics, and the table of tests/bench/accuracy.
UPDATE_README=1 writes them anew.
"""
import os
import pathlib
import re
import subprocess
import sys


DOCS = pathlib.Path(__file__).resolve().parents[2] / "exporter/docs"


def main():
    exporter, accuracy = sys.argv[1:3]

    def output(*command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip()

    flags = re.search(r"^Flags:\n(.*?)^Examples:", output(exporter, "--help"), re.S | re.M)[1].rstrip()
    blocks = {"configuration.md": ("flags", f"```text\n{flags}\n```"),
              "metrics.md": ("metrics", output(exporter, "--metrics.list")),
              "accuracy.md": ("accuracy", output(accuracy))}
    wrong = []
    for name, (block, content) in blocks.items():
        page = DOCS / name
        current = page.read_text(encoding="utf-8")
        pattern = re.compile(rf"(<!-- {block} -->\n).*?(<!-- /{block} -->)", re.S)
        if not pattern.search(current):
            sys.exit(f"{page} has no block <!-- {block} -->")
        text = pattern.sub(lambda match, new=content: f"{match[1]}{new}\n{match[2]}", current)
        if text == current:
            continue
        if os.environ.get("UPDATE_README"):
            page.write_text(text, encoding="utf-8")
        else:
            wrong.append(str(page))
    if wrong:
        sys.exit(f"not what the programs print: {', '.join(wrong)}; run with UPDATE_README=1")


if __name__ == "__main__":
    main()
