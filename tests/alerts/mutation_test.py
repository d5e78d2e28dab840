"""Damages the rules one place at a time and expects some test case to fail for each.

Mutants: an operand of and/or/unless dropped, a comparison turned round, a number halved or doubled, a matcher or a
grouping label dropped, minimum and maximum exchanged, `for` or `keep_firing_for` removed. A mutant that no case notices
is a survivor; SURVIVORS lists those that cannot be told from the original, each with the reason. The test fails for any
other survivor, and for an entry of the list that does get killed.

Usage: mutation_test.py [part of a rule's name]
"""
import concurrent.futures
import os
import pathlib
import sys
import tempfile

import alertlib
from mutants import mutants
from mutation_bench import Bench

REQUIRED_SCORE = 0.95

# Why no series can tell the mutant from the original.
ONE_IS_ENOUGH = "all sides of the match name the job; one of them is enough, and a reader expects all"
SURVIVORS = {
    "availability.yml: instance:buntime_up:max2m: max_over_time to min_over_time at 133":
        "reached only when no sample of the window is 1, and then both are 0",
    "availability.yml: instance:buntime_up:max2m: drop job='buntime' at 275": ONE_IS_ENOUGH,
    "availability.yml: instance:buntime_up:max2m: drop job='buntime' at 327": ONE_IS_ENOUGH,
    "exporter.yml: BuntimeExporterSlowScrapes: drop job='buntime|buntime-exporter' at 104": ONE_IS_ENOUGH,
    "exporter.yml: BuntimeExporterSeriesChurn: drop job='buntime|buntime-exporter' at 35": ONE_IS_ENOUGH,
    "exporter.yml: BuntimeExporterSeriesChurn: drop job='buntime|buntime-exporter' at 127": ONE_IS_ENOUGH,
}


def invalid(todo):
    """What promtool says of mutants it cannot read: those would count as killed without any test."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "mutants.yml"
        rules = [{"record": f"mutant:{number}:expr", "expr": mutant.body["expr"]} for number, mutant in enumerate(todo)]
        path.write_text(alertlib.dump({"groups": [{"name": "mutants", "rules": rules}]}))
        result = alertlib.promtool("check", "rules", path)
        return result.stdout + result.stderr if result.returncode else ""


def main():
    bench = Bench()
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    todo = {rule.where: list(mutants(rule)) for rule in bench.rules if part in rule.where}
    everything = [mutant for some in todo.values() for mutant in some]
    if complaint := invalid(everything):
        print(complaint)
        return 1
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        rules = [rule for rule in bench.rules if rule.where in todo]
        found = pool.map(lambda rule: bench.survivors(rule, todo[rule.where]), rules)
        survivors = [mutant.name for some in found for mutant in some]
    unknown = [name for name in survivors if name not in SURVIVORS]
    wrong = [name for name in SURVIVORS if part in name and name not in survivors]
    killed = len(everything) - len(survivors)
    score = killed / len(everything)
    print(f"{killed} of {len(everything)} mutants killed, score {score:.1%}")
    for name in survivors:
        print(f"survived: {name}\n    {SURVIVORS.get(name, 'no reason is known')}")
    for name in wrong:
        print(f"listed as a survivor, but killed or gone: {name}")
    return 1 if unknown or wrong or score < REQUIRED_SCORE else 0


if __name__ == "__main__":
    sys.exit(main())
