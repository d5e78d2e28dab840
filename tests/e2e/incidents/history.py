"""What Prometheus remembers from before the lab begins: alerts that look back for days need a yesterday. Values that
stood still, as lines of (series, value, seconds)."""
from collections import defaultdict

from clock import FACTOR, FACTORS

DAY = 86400
WARMUP = 7200  # seconds of their own time for which the simulators have been running


def errors_of(app):
    """Three days of an app's usual rates, so that its error budget is known as in a grown installation."""
    def known(name, site):
        world = site.simulator.truth()["worlds"][0]
        counts = next(entry for entry in world["apps"] if entry["app"] == app)
        for field in ("requests", "errors"):
            yield (f'app:buntime_app_{field}:rate5m{{cluster="{name}",job="buntime",app="{app}"}}',
                   counts[field] / (WARMUP / FACTOR), 3 * DAY / FACTOR)
    return known


def heaps(name, site):
    """Two days of what the workers of each app use now."""
    sizes = defaultdict(list)
    for labels, value in site.exporter.wait_until_up().select("buntime_worker_memory_heap_used_bytes").items():
        labels = dict(labels)
        sizes[labels["app"], labels["version"]].append(value)
    assert sizes, f"{name} shows no heaps"
    for (app, version), values in sizes.items():
        yield (f'app:buntime_worker_memory_heap_used_bytes:avg{{cluster="{name}",job="buntime",app="{app}",version="{version}"}}',
               sum(values) / len(values), 2 * DAY / FACTORS["resource-exhaustion.yml"])
