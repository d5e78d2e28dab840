"""clang's thread-safety analysis finds each lock that is removed from the exporter, and no other mutex is used.

Usage: locks_test.py CLANG EXPORTER_FOLDER INCLUDE_FOLDER…"""

import concurrent.futures
import pathlib
import re
import subprocess
import sys
import unittest

CLANG, ROOT, *INCLUDES = sys.argv[1:]
ROOT = pathlib.Path(ROOT)
LOCK = re.compile(r"^\s*const MutexLock lock\(.*\);$")
COMPILE = [CLANG, "-x", "c++", "-", "-std=c++20", "-fsyntax-only", "-Wthread-safety", "-ferror-limit=0", f"-I{ROOT}",
           *(f"-I{folder}" for folder in INCLUDES)]


def sources():
    return sorted(path for path in ROOT.rglob("*") if path.suffix in (".cc", ".h"))


def unnoticed(path):
    """Lines of `path` whose lock can be removed without a warning before the next lock."""
    lines = path.read_text().splitlines()
    locks = [number for number, line in enumerate(lines, 1) if LOCK.match(line)]
    for number in locks:
        lines[number - 1] = ""
    result = subprocess.run(COMPILE, input="\n".join(lines), text=True, capture_output=True, check=False)
    found = [int(line) for line in re.findall(r"^<stdin>:(\d+):\d+: warning: .*-Wthread-safety", result.stderr, re.M)]
    ends = locks[1:] + [len(lines) + 1]
    missed = [number for number, end in zip(locks, ends) if not any(number < line < end for line in found)]
    errors = re.findall(r"^.*error: .*$", result.stderr, re.M)
    return [f"{path.relative_to(ROOT)}:{number}" for number in missed] + errors, len(locks)


class Locks(unittest.TestCase):
    def test_a_removed_lock_is_found(self):
        files = [path for path in sources() if "const MutexLock lock(" in path.read_text()]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(unnoticed, files))
        self.assertEqual([], [line for missed, _ in results for line in missed])
        self.assertGreater(sum(count for _, count in results), 20)

    def test_there_is_one_kind_of_mutex(self):
        unchecked = re.compile(r"std::(mutex|lock_guard|unique_lock|scoped_lock|condition_variable)\b")
        offenders = [str(path.relative_to(ROOT)) for path in sources() if unchecked.search(path.read_text())]
        self.assertEqual(["base/mutex.h"], offenders)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
