#!/usr/bin/env python3
"""Usage: manual.py EXPORTER FOLDER

Writes what documents the command line, all of it from `EXPORTER --help`, so that it cannot differ from the program:
the man page buntime-exporter.1 and completions for bash, zsh and fish.
"""

import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass

FLAG = re.compile(r"  (?:-(?P<short>\w), )?--(?P<name>[\w.-]+)(?: ?(?P<value>\S+))?(?:  \(default: (?P<default>.*)\))?")


@dataclass(frozen=True)
class Flag:
    """One entry of the help."""

    name: str
    short: str
    value: str  # "FILE", "auto|admin", "[=json]"; empty: the flag stands alone
    default: str
    text: str

    @property
    def choices(self) -> list[str]:
        return self.value.split("|") if "|" in self.value else []

    @property
    def summary(self) -> str:
        return self.text.split(". ")[0].rstrip(".")

    @property
    def variable(self) -> str:
        return "BUNTIME_EXPORTER_" + re.sub("[.-]", "_", self.name).upper()


@dataclass(frozen=True)
class Help:
    """What --help says, taken apart."""

    usage: str
    about: list[str]  # paragraphs
    flags: list[Flag]
    examples: list[str]  # lines


def parse(text: str) -> Help:
    """Fails on a line that it does not understand rather than leave it out."""
    head, _, rest = text.partition("\nFlags:\n")
    listing, _, examples = rest.partition("\nExamples:\n")
    usage, *about = head.split("\n\n")
    flags: list[Flag] = []
    for line in listing.splitlines():
        if match := FLAG.fullmatch(line):
            flags.append(Flag(match["name"], match["short"] or "", match["value"] or "", match["default"] or "", ""))
        elif line.startswith("      ") and flags:
            last = flags.pop()
            flags.append(Flag(last.name, last.short, last.value, last.default, f"{last.text} {line.strip()}".strip()))
        else:
            sys.exit(f"--help has a line that is neither a flag nor its text: {line!r}")
    if not flags or not about or not examples:
        sys.exit("--help has no flags, no introduction or no examples: has its form changed?")
    return Help(usage.removeprefix("Usage: "), [" ".join(part.split()) for part in about], flags,
                [line[2:] for line in examples.splitlines()])


def troff(text: str) -> str:
    """Text as troff prints it literally: its dashes are minus signs, its dots start no request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("×", "\\(mu").replace("'", "\\(aq")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


def man_page(program: Help, version: str) -> str:
    lines = [f'.TH BUNTIME\\-EXPORTER 1 "" "buntime\\-exporter {version}" "User Commands"',
             ".SH NAME", "buntime\\-exporter \\- Prometheus exporter for the Buntime worker\\-pool runtime",
             ".SH SYNOPSIS", ".B " + troff(program.usage), ".SH DESCRIPTION"]
    for paragraph in program.about:
        lines += [troff(paragraph), ".PP"]
    lines[-1:] = [".SH OPTIONS"]
    for flag in program.flags:
        names = ([f"\\fB\\-{flag.short}\\fR, "] if flag.short else []) + [f"\\fB\\-\\-{troff(flag.name)}\\fR"]
        glue = "" if flag.value.startswith("[=") else " "
        value = f"{glue}\\fI{troff(flag.value)}\\fR" if flag.value else ""
        default = f" (default: {troff(flag.default)})" if flag.default else ""
        lines += [".TP", "".join(names) + value + default, troff(flag.text)]
    lines += [".SH EXIT STATUS",
              "0 after a graceful stop (SIGTERM, SIGINT) and after a command that succeeded, else 1.",
              ".SH SIGNALS", "SIGHUP loads the configuration files again; the last good ones stay where they are bad.",
              ".SH FILES", ".TP", ".I /etc/default/buntime\\-exporter", "Settings of the service.",
              ".TP", ".I /etc/buntime\\-exporter/secrets/", "Keys that are handed to the service, each as",
              ".IR /run/credentials/buntime\\-exporter.service/secret_NAME .",
              ".TP", ".I /etc/buntime\\-exporter/alerts/", "Rules for Prometheus; limits.yml is made to be edited.",
              ".SH EXAMPLES", ".nf", *[troff(line) for line in program.examples], ".fi",
              ".SH SEE ALSO", ".BR prometheus (1)", ""]
    return "\n".join(lines)


def bash(program: Help) -> str:
    words = " ".join(f"--{flag.name}" for flag in program.flags)
    cases = [f"    --{flag.name}) COMPREPLY=($(compgen -W '{' '.join(flag.choices)}' -- \"$cur\")) ;;"
             for flag in program.flags if flag.choices]
    files = "|".join(f"--{flag.name}" for flag in program.flags if flag.value == "FILE")
    others = "|".join(f"--{flag.name}" for flag in program.flags
                      if flag.value not in ("", "FILE", "[=json]") and not flag.choices)
    return "\n".join([
        "# bash completion for buntime-exporter", "_buntime_exporter() {",
        '  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}',
        "  COMPREPLY=()", "  case $prev in", *cases,
        f'    {files}) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2> /dev/null ;;',
        f"    {others}) ;;", f'    *) COMPREPLY=($(compgen -W \'{words}\' -- "$cur")) ;;', "  esac", "}",
        "complete -F _buntime_exporter buntime-exporter", ""])


def zsh(program: Help) -> str:
    lines = ["#compdef buntime-exporter", "_arguments \\"]
    for flag in program.flags:
        text = re.sub(r"([\[\]:\\])", r"\\\1", flag.summary).replace("'", "'\\''")
        action = f"({' '.join(flag.choices)})" if flag.choices else "_files" if flag.value == "FILE" else " "
        plain = not flag.value or flag.value.startswith("[=")
        lines.append(f"  '{'' if plain else '*'}--{flag.name}[{text}]{'' if plain else f':value:{action}'}' \\")
    lines[-1] = lines[-1].removesuffix(" \\")
    return "\n".join(lines + [""])


def fish(program: Help) -> str:
    lines = ["# fish completion for buntime-exporter"]
    for flag in program.flags:
        text = flag.summary.replace("\\", "\\\\").replace("'", "\\'")
        value = f" -x -a '{' '.join(flag.choices)}'" if flag.choices else " -r -F" if flag.value == "FILE" else \
            " -x" if flag.value and not flag.value.startswith("[=") else " -f"
        lines.append(f"complete -c buntime-exporter -l {flag.name}{value} -d '{text}'")
    return "\n".join(lines + [""])


def main() -> None:
    exporter, folder = sys.argv[1], pathlib.Path(sys.argv[2])

    def output(flag: str) -> str:
        return subprocess.run([exporter, flag], check=True, capture_output=True, text=True).stdout

    program = parse(output("--help"))
    folder.mkdir(parents=True, exist_ok=True)
    files = {"buntime-exporter.1": man_page(program, output("--version").split()[1]),
             "buntime-exporter.bash": bash(program), "_buntime-exporter": zsh(program),
             "buntime-exporter.fish": fish(program)}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
