"""What the exposition has to say about one runtime, worked out a second time, from its raw answers in their order.

Slow and plain on purpose: it follows the description of the metrics and shares nothing with the exporter.
"""

from collections import defaultdict

STATES = {"documented": ["creating", "ready", "active", "idle", "terminated"],
          "released": ["active", "idle", "ephemeral", "offline"]}
DEAD = {"ephemeral", "offline", "terminated"}
POOL_COUNTERS = {"totalRequests": "pool_requests_total", "hits": "pool_hits_total", "misses": "pool_misses_total",
                 "evictions": "pool_evictions_total", "totalWorkersCreated": "workers_created_total",
                 "totalWorkersFailed": "workers_failed_total", "totalWorkersRetired": "workers_retired_total"}
POOL_GAUGES = {"ephemeralConcurrency": "ephemeral_concurrency", "ephemeralQueueDepth": "ephemeral_queue_depth",
               "ephemeralQueueLimit": "ephemeral_queue_limit"}
# Names that the oracle speaks about; of others it knows nothing.
PREFIXES = ("buntime_pool_", "buntime_app_", "buntime_worker", "buntime_ephemeral_", "buntime_heap_",
            "buntime_uptime_")


ANY = object()  # a value that the oracle does not work out: the reconciliation is judged by the simulator's truth


class Mirror:
    """A counter of the runtime, kept from falling while the runtime runs."""

    def __init__(self):
        self.raw = self.offset = 0

    def take(self, raw):
        """Returns the rise."""
        rise = max(0, raw - self.raw)
        self.offset += max(0, self.raw - raw)
        self.raw = raw
        return rise

    def restart(self):
        """The runtime counts from zero again; the exported counter goes on."""
        self.offset += self.raw
        self.raw = 0

    @property
    def value(self):
        return self.raw + self.offset


class Oracle:
    def __init__(self, dialect):
        self.dialect = dialect
        self.summary = None  # latest answer of the documented dialect's other endpoint
        self.uptime = -1
        self.mirrors = defaultdict(Mirror)
        self.totals = defaultdict(float)  # (app, version, field) -> sum of all rises
        self.apps = {}
        self.peaks = {}
        self.persistent = set()  # apps that were seen with a worker that is not ephemeral

    def take(self, stats):
        """The samples after one more answer: (name, labels) -> value."""
        self.samples = {}
        pool, workers = stats["pool"], stats["workers"]
        if isinstance(workers, dict):
            workers = [{"id": key, "app": key, **worker} for key, worker in workers.items()]
        workers = [{"app": worker["id"], **worker} for worker in workers]
        uptime = self.summary["uptime"] if self.summary else pool["uptimeMs"] / 1000
        if uptime < self.uptime:
            for mirror in self.mirrors.values():
                mirror.restart()
        self.uptime = uptime
        self.put("uptime_seconds", uptime)
        self.apps = {app: dict.fromkeys(STATES[self.dialect], 0) for app in self.apps}
        self.heap = {}
        for worker in workers:
            self.take_worker(worker)
        self.take_pool(pool, [worker.get("state", worker.get("status")) for worker in workers])
        for (app, version), states in self.apps.items():
            self.put_app(app, version, states)
        return self.samples

    def put(self, name, value, **labels):
        self.samples["buntime_" + name, frozenset((k, v) for k, v in labels.items() if v)] = value

    def take_pool(self, pool, states):
        if self.dialect == "documented":
            for name in ("size", "active", "idle", "creating", "total", "utilization"):
                self.put("pool_" + name, pool[name])
            active = pool["active"]
            self.put_peak("pool_utilization_peak", pool["utilization"])
        else:
            active = states.count("active")
            self.put("pool_active", active)
            self.put("pool_idle", states.count("idle"))
            self.put("pool_total", states.count("active") + states.count("idle"))
            self.put("pool_requests_unserved_total", ANY)
            self.put("pool_acquire_mean_seconds", pool["avgResponseTimeMs"] / 1000)
            self.put("heap_used_bytes", pool["memoryUsageMB"] * 1048576)
            for field, name in POOL_COUNTERS.items():
                self.mirrors[name].take(pool[field])
                self.put(name, self.mirrors[name].value)
            for field, name in POOL_GAUGES.items():
                self.put(name, pool[field])
            self.put_peak("ephemeral_queue_depth_peak", pool["ephemeralQueueDepth"])
        self.put_peak("pool_active_peak", active)

    def put_peak(self, name, value):
        self.peaks[name] = max(value, self.peaks.get(name, 0))
        self.put(name, self.peaks[name])

    def take_worker(self, worker):
        at = worker["app"].rfind("@")
        app, version = (worker["app"][:at], worker["app"][at + 1:]) if at > 0 else (worker["app"], "")
        state = worker.get("state", worker.get("status"))
        labels = {"worker": worker["id"], "app": app, "version": version}
        self.apps.setdefault((app, version), dict.fromkeys(STATES[self.dialect], 0))[state] += 1
        self.put("worker_state", 1, state=state, **labels)

        def count(field, value):
            mirror = self.mirrors[worker["id"], app, version, field]
            self.totals[app, version, field] += mirror.take(value)
            return mirror.value

        requests = count("requests", worker.get("requests", worker.get("requestCount")))
        self.put("worker_requests_total", requests, **labels)
        if self.dialect == "documented":
            self.put("worker_uptime_seconds", worker["uptime"], **labels)
            self.put("worker_memory_rss_bytes", worker["memory"]["rss"], **labels)
            self.put("worker_memory_heap_used_bytes", worker["memory"]["heapUsed"], **labels)
            if state not in DEAD:
                self.heap[app, version] = self.heap.get((app, version), 0) + worker["memory"]["heapUsed"]
            else:
                del self.samples["buntime_worker_uptime_seconds", frozenset((k, v) for k, v in labels.items() if v)]
            return
        if state != "ephemeral":
            self.persistent.add((app, version))
        errors = count("errors", worker["errorCount"])
        if (app, version) in self.persistent:
            self.put("worker_errors_total", errors, **labels)
        self.put("worker_request_duration_seconds_sum", count("seconds", worker["totalResponseTimeMs"] / 1000),
                 **labels)
        self.put("worker_request_duration_seconds_count", requests, **labels)
        if state not in DEAD:
            self.put("worker_uptime_seconds", worker["ageMs"] / 1000, **labels)
            self.put("worker_idle_seconds", worker["idleMs"] / 1000, **labels)

    def put_app(self, app, version, states):
        labels = {"app": app, "version": version}
        for state, count in states.items():
            self.put("app_workers", count, state=state, **labels)
        self.put("app_requests_total", self.totals[app, version, "requests"], **labels)
        if self.dialect == "documented":
            if (app, version) in self.heap:
                self.put("app_heap_used_bytes", self.heap[app, version], **labels)
            return
        self.put("app_requests_estimated_total", ANY, **labels)
        self.put("app_workers_discarded_total", ANY, **labels)
        if (app, version) in self.persistent:
            self.put("app_errors_total", self.totals[app, version, "errors"], **labels)
        self.put("app_request_duration_seconds_sum", self.totals[app, version, "seconds"], **labels)
        self.put("app_request_duration_seconds_count", self.totals[app, version, "requests"], **labels)


def difference(expected, page):
    """Lines about every series that is missing, too many, or of another value. Sums of fractions may differ in
    their last digits, for they depend on the order of adding."""
    found = {key: value for key, value in page.samples.items() if key[0].startswith(PREFIXES)}
    lines = []
    for key in sorted(expected.keys() | found.keys(), key=repr):
        want, got = expected.get(key), found.get(key)
        if want is ANY and got is not None:
            continue
        if want is None or got is None or abs(want - got) > 1e-9 * max(1, abs(want)):
            lines.append(f"{key[0]} {dict(key[1])}: expected {want}, found {got}")
    return lines
