"""Reads a Dockerfile, as far as ours goes: stages, and in each the instructions with their arguments."""

import json
import pathlib
import re
from dataclasses import dataclass, field


@dataclass
class Stage:
    name: str
    base: str  # an image, or the name of an earlier stage
    steps: list[tuple[str, str]] = field(default_factory=list)  # ("RUN", "apt-get …")

    def all(self, instruction: str) -> list[str]:
        return [text for name, text in self.steps if name == instruction]


@dataclass
class Dockerfile:
    stages: dict[str, Stage]
    arguments: dict[str, str]  # defaults of ARG

    def lineage(self, name: str) -> list[Stage]:
        """The stage and those that it was made FROM, the first one first."""
        stage = self.stages[name]
        return [*(self.lineage(stage.base) if stage.base in self.stages else []), stage]

    def last(self, name: str, instruction: str) -> str:
        """What an instruction that may be given once says in the end; empty: nothing."""
        texts = [text for stage in self.lineage(name) for text in stage.all(instruction)]
        return texts[-1] if texts else ""


def read(path: pathlib.Path) -> Dockerfile:
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", "", text)
    result = Dockerfile({}, {})
    stage = None
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, rest = line.partition(" ")
        rest = re.sub(r"\$\{(\w+)\}", lambda match: result.arguments.get(match[1], match[0]), rest)
        if name == "ARG":
            variable, _, default = rest.partition("=")
            result.arguments[variable] = default
        elif name == "FROM":
            base, _, alias = rest.partition(" AS ")
            stage = result.stages[alias] = Stage(alias, base)
        else:
            stage.steps.append((name, " ".join(rest.split())))
    return result


def words(exec_form: str) -> list[str]:
    """The JSON list of an ENTRYPOINT or CMD; fails on a line for a shell."""
    return json.loads(exec_form)


def labels(text: str) -> dict[str, str]:
    return dict(re.findall(r'([\w.]+)="([^"]*)"', text))
