"""What Prometheus would have scraped, without Prometheus and without its clock: the real exporter polls when it is probed,
and its pages become the series of a case for promtool."""
import contextlib
import os
import pathlib
import sys
import tempfile

import alertlib

sys.path.insert(0, str(alertlib.ROOT / "tests" / "e2e"))

from client import fetch  # noqa: E402
from exposition import Exposition  # noqa: E402
from programs import Exporter  # noqa: E402


@contextlib.contextmanager
def prober(binary, pool_size):
    """A function that polls the runtime at a URL and returns {(name, labels): value}."""
    os.environ["EXPORTER"] = str(binary)
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "modules.yml"
        config.write_text(f"modules: {{default: {{pool_size: {pool_size}, allowed_targets: [127.0.0.1/32]}}}}\n")
        exporter = Exporter(["--web.listen-address", "127.0.0.1:0", "--config.file", str(config)], folder)

        def probe(url):
            answer = fetch(f"{exporter.url}/probe?target={url}")
            assert answer.status == 200, answer.text
            samples = Exposition(answer.text).samples
            assert samples["buntime_up", frozenset()] == 1, answer.text.partition("\n")[0]
            return samples

        try:
            exporter.wait_until_listening()
            yield probe
        finally:
            exporter.kill()


def series(pages, cluster, wanted):
    """What promtool reads, as a cluster of its own: each series of the wanted names, with a value or "stale" for each page."""
    keys = dict.fromkeys(key for page in pages for key in page if key[0] in wanted)
    for name, labels in keys:
        text = ", ".join(f'{label}="{value}"' for label, value in
                         [("cluster", cluster), ("job", "buntime"), ("instance", "a:8000"), *sorted(labels)])
        values = (page.get((name, labels)) for page in pages)
        yield {"series": f"{name}{{{text}}}", "values": " ".join("stale" if v is None else repr(v) for v in values)}


def judge(files, interval, series_of_pages, expectations):
    """What promtool complains of; all is well when it is empty."""
    test = {"name": "scraped", "interval": interval, "input_series": list(series_of_pages), "promql_expr_test": expectations}
    document = {"rule_files": [str(alertlib.ALERTS / file) for file in files], "evaluation_interval": "30s",
                "group_eval_order": ["buntime_limits"], "tests": [test]}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "case.yml"
        path.write_text(alertlib.dump(document))
        result = alertlib.promtool("test", "rules", path)
    return result.stdout + result.stderr if result.returncode else ""
