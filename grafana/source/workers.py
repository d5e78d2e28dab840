"""What each worker does, and how workers come and go."""
from source import alerts
from source.dashboard import APP_VARIABLE, dashboard, target_variables
from source.panels import (BLUE, DOCUMENTED, GRAY, GREEN, NEUTRAL, ORANGE, RED, RELEASED, WORKERS_PER_SECOND, YELLOW, colored, column, lines,
                           stat, steps, table, to_app, to_workers)
from source.queries import ALIVE, IDENTITY, Query, top

WHO = "{{runtime}} {{instance}}"
STATES = [colored("active", GREEN), colored("idle", BLUE), colored("creating", YELLOW), colored("ready", GRAY)]


def _now():
    by = f"by ({IDENTITY}, app, version, worker)"
    mean = ("rate(buntime_worker_request_duration_seconds_sum{$A}[W]) / "
            "(rate(buntime_worker_request_duration_seconds_count{$A}[W]) > 0)")
    unserved = "sum(increase(buntime_pool_requests_unserved_total{$S}[$__range]))"
    return [
        [stat("Live workers", "Workers that are alive, of the chosen apps.", [Query(f"sum({ALIVE})")], thresholds=steps(NEUTRAL), width=6),
         stat("Without series", "Workers beyond --worker.limit of the chosen runtimes: they are in no table and line of single workers, only "
              "in the numbers of their app.", [Query("sum(buntime_exporter_workers_dropped{$S})", instant=True)],
              thresholds=steps(GREEN, (1, ORANGE)), width=6),
         stat("Discarded since the start", "Workers that a runtime replaced without retiring them, in the runtime with most. The thread and the "
              "memory of each stay behind; red above the limit of the alerts.",
              [Query("max(instance:buntime_workers_discarded:since_start{$S})", "Discarded", instant=True)], thresholds=steps(GREEN),
              limit="max(buntime:workers_discarded:limit)", width=6, decimals=0, no_value=RELEASED),
         stat("Unserved requests", "Requests in the range of time for which the pool looked for a worker and that no app took, because the "
              "worker did not boot.", [Query(unserved, instant=True)], thresholds=steps(GREEN, (1, ORANGE)), width=6, decimals=0,
              no_value=RELEASED)],
        [table("Workers", "The workers that have series of their own (--worker.limit). Released runtimes know one entry for each "
               "version of an app: its counts survive restarts of the worker, heap and memory are not reported. The documented "
               "API knows each worker, without errors, durations and idle times.",
               [f"max by ({IDENTITY}, app, version, worker, state) (buntime_worker_state{{$A}})",
                f"sum {by} (rate(buntime_worker_requests_total{{$A}}[W]))",
                f"sum {by} (rate(buntime_worker_errors_total{{$A}}[W]))",
                f"max {by} ({mean})",
                f"max {by} (buntime_worker_uptime_seconds{{$A}})",
                f"max {by} (buntime_worker_idle_seconds{{$A}})",
                f"max {by} (buntime_worker_memory_heap_used_bytes{{$A}})"],
               [column("runtime", "Runtime"), column("app", "App", links=[to_app("fields")]),
                column("version", "Version"), column("worker", "Worker"), column("state", "State"),
                column("#B", "Requests", unit="reqps"), column("#C", "Errors", unit="reqps"),
                column("#D", "Mean duration", unit="s"), column("#E", "Age", unit="s"), column("#F", "Unused for", unit="s"),
                column("#G", "Heap", unit="bytes"), column("instance", "Instance")],
               height=11, sort="Requests")],
        [lines("Workers by state", "Live workers. Entries of workers that are not alive (ephemeral, offline) are in the table only.",
               [Query(f"sum by (state) ({ALIVE})", "{{state}}")], stacked=True, overrides=STATES, axis="workers"),
         lines("Workers by app", "Live workers of the fifteen apps that have most of them.",
               [Query(top(15, f"sum by (app) ({ALIVE}@)"), "{{app}}")], stacked=True,
               links=[to_app()], axis="workers")]]


def _load():
    return [
        [lines("Requests by worker", "The 20 busiest workers.",
               [Query(top(20, "rate(buntime_worker_requests_total{$A}[W])"), "{{app}} {{version}} {{worker}}")], unit="reqps",
               links=[to_app()]),
         lines("Oldest and youngest worker", "Ages of live workers, of the ten apps with the oldest ones. An app whose youngest "
               "worker never grows old keeps restarting.",
               [Query(top(10, "max by (app) (buntime_worker_uptime_seconds{$A}@)"), "Oldest {{app}}"),
                Query(f"min by (app) (buntime_worker_uptime_seconds{{$A}}) and on (app) "
                      "topk(10, max by (app) (buntime_worker_uptime_seconds{$A} @ end()))", "Youngest {{app}}")],
               unit="s", links=[to_app()])],
        [lines("Heap by worker", "The 20 largest heaps (documented API only).",
               [Query(top(20, "buntime_worker_memory_heap_used_bytes{$A}@"), "{{app}} {{version}} {{worker}}")], unit="bytes",
               links=[to_app()], no_value=DOCUMENTED),
         lines("Memory of the process", "Resident memory as the workers see it: all of them are threads of one process and report "
               "the same number, so it is never added up (documented API only).",
               [Query(top(20, f"max by ({IDENTITY}) (buntime_worker_memory_rss_bytes{{$A}}@)"), WHO)], unit="bytes",
               links=[to_workers()], no_value=DOCUMENTED)]]


def _lifecycle():
    failed = ("rate(buntime_workers_failed_total{$S}[W]) / (rate(buntime_workers_created_total{$S}[W]) > 0)")
    hits = ("rate(buntime_pool_hits_total{$S}[W]) / "
            "(rate(buntime_pool_hits_total{$S}[W]) + rate(buntime_pool_misses_total{$S}[W]) > 0)")
    evicted = ("rate(buntime_pool_evictions_total{$S}[W]) / (rate(buntime_pool_misses_total{$S}[W]) > 0)")
    return [
        [lines("Lifecycle", "Workers created, failed, retired and evicted. A persistent worker that cannot boot shows as created and "
               "retired, never as failed.",
               [Query("sum(rate(buntime_workers_created_total{$S}[W]))", "Created"),
                Query("sum(rate(buntime_workers_failed_total{$S}[W]))", "Failed"),
                Query("sum(rate(buntime_workers_retired_total{$S}[W]))", "Retired"),
                Query("sum(rate(buntime_pool_evictions_total{$S}[W]))", "Evicted")], unit=WORKERS_PER_SECOND, no_value=RELEASED,
               overrides=[colored("Created", GREEN), colored("Failed", RED), colored("Retired", BLUE), colored("Evicted", ORANGE)]),
         lines("Served and unserved requests", "Look-ups in the pool, and those among them that never reached a worker because it "
               "did not boot.",
               [Query("sum(rate(buntime_pool_requests_total{$S}[W]))", "Looked up"),
                Query("sum(rate(buntime_pool_requests_unserved_total{$S}[W]))", "Unserved")], unit="reqps",
               overrides=[colored("Looked up", BLUE), colored("Unserved", RED)], no_value=RELEASED)],
        [lines("Failed starts", "Share of the created workers that failed, of the ten worst runtimes.",
               [Query(top(10, failed), WHO)], unit="percentunit", width=6, no_value=RELEASED,
               thresholds=steps(GREEN, (alerts.limit("BuntimeWorkerStartFailures"), RED)), links=[to_workers()]),
         lines("Cold starts", "Requests that found no warm worker, of the ten runtimes with most of them.",
               [Query(top(10, "rate(buntime_pool_misses_total{$S}[W])"), WHO)], unit=WORKERS_PER_SECOND, width=6,
               links=[to_workers()], no_value=RELEASED),
         lines("Warm hits", "Share of the look-ups that found a warm worker, of the ten runtimes with the lowest. Requests to apps "
               "with ttl 0 always miss.",
               [Query(top(10, hits, "bottomk"), WHO)], unit="percentunit", maximum=1, width=6, links=[to_workers()],
               no_value=RELEASED),
         lines("Evictions per cold start", "Share of the cold starts that threw a warm worker away: above a half, the pool is "
               "too small for the apps that are in use.",
               [Query(top(10, evicted), WHO)], unit="percentunit", width=6, no_value=RELEASED,
               thresholds=steps(GREEN, (alerts.limit("BuntimeEvictionChurn"), RED)), links=[to_workers()])]]


DASHBOARD = dashboard(
    "buntime-workers", "Workers",
    "What does each worker do, how old and how large is it, do workers start and end as they should?",
    [("Now", _now()), ("Load and memory", _load()), ("Starts and ends", _lifecycle()), alerts.row("buntime-workers")],
    target_variables(APP_VARIABLE))
