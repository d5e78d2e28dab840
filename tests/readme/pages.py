"""The project's Markdown files, their headings, links and fenced blocks."""
import pathlib
import re
import subprocess
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^ *```", re.M)


@dataclass(frozen=True)
class Block:
    page: str  # relative to ROOT
    line: int
    language: str
    text: str
    note: str  # the comment on the line before: "run: …", "tested: …", "check: …", "not run: …"; else empty

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[pathlib.Path]:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            check=True, capture_output=True, text=True).stdout.split()
    return [ROOT / name for name in sorted(set(listed)) if (ROOT / name).is_file()]


def blocks(page: pathlib.Path) -> list[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    found: list[Block] = []
    start = None
    for number, line in enumerate(lines):
        if not line.strip().startswith("```"):
            continue
        if start is None:
            start = number
            continue
        indent = len(lines[start]) - len(lines[start].lstrip())
        note = re.fullmatch(r"\s*<!-- (.+) -->", lines[start - 1]) if start else None
        found.append(Block(str(page.relative_to(ROOT)), start + 1, lines[start].strip().removeprefix("```"),
                           "".join(text[indent:] + "\n" for text in lines[start + 1:number]), note[1] if note else ""))
        start = None
    assert start is None, f"{page}:{start}: this block does not end"
    return found


def prose(page: pathlib.Path) -> str:
    """The text without fenced blocks and code spans."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return re.sub(r"`[^`\n]*`", lambda match: "`" + "x" * (len(match[0]) - 2) + "`", text)


def links(page: pathlib.Path) -> list[str]:
    return re.findall(r"\]\(([^()\s]+)\)", prose(page))


def anchors(page: pathlib.Path) -> set[str]:
    """Those that GitHub gives to headings: lower case, without punctuation, hyphens for spaces, numbered if repeated."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+?) *$", text, re.M):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        name, count = slug, 0
        while name in found:
            count += 1
            name = f"{slug}-{count}"
        found.add(name)
    return found
