"""Rate, errors and duration of each app."""
from source.dashboard import APP_VARIABLE, dashboard, target_variables
from source.panels import GREEN, ORANGE, RED, column, gauge, lines, steps, table, to_app, to_workers
from source.queries import ALIVE, Query, top

# The alerts' own limit where the rules are loaded, so that a changed limit changes the dashboard as well.
BUDGET = "scalar(max(buntime:app_errors_per_requests:limit{app=\"\"}) or vector(0.01))"
RATE = "sum by (app) (rate(buntime_app_requests_total{$A}[W]))"
ERRORS = "sum by (app) (rate(buntime_app_errors_total{$A}[W]))"
DURATION = "sum by (app) (rate(buntime_app_request_duration_seconds_sum{$A}[W]))"
MEAN = f"{DURATION} / (sum by (app) (rate(buntime_app_request_duration_seconds_count{{$A}}[W])) > 0)"
RATIO = f"{ERRORS} / ({RATE} > 0)"
FAILING = steps(GREEN, (0.01, ORANGE), (0.05, RED))


def _requests():
    return [
        [lines("Request rate", "Requests of the ten busiest apps.", [Query(top(10, RATE), "{{app}}")], unit="reqps",
               legend="right", links=[to_app()]),
         lines("Mean duration", "Mean, never a percentile: runtimes report a sum and a count. A request counts when it begins and "
               "its duration when it ends well, so that the mean of a failing app is a little low. The ten slowest apps.",
               [Query(top(10, MEAN), "{{app}}")], unit="s", legend="right", thresholds=steps(GREEN, (1, RED)),
               links=[to_app()])],
        [lines("Errors", "Requests that failed in the worker: it threw, timed out or died. Answers such as 500 that the app gives "
               "itself are no errors. The ten worst apps.",
               [Query(top(10, ERRORS), "{{app}}")], unit="ops", width=8, links=[to_app()]),
         lines("Error ratio", "Share of an app's requests that failed, of the ten worst apps.",
               [Query(top(10, RATIO), "{{app}}")], unit="percentunit", width=8, thresholds=FAILING, links=[to_app()]),
         lines("Concurrency", "Requests in flight on average (Little's law: rate times mean duration), of the ten largest.",
               [Query(top(10, DURATION), "{{app}}")], unit="short", width=8, links=[to_app()])]]


def _budget():
    left = ("clamp_min(1 - avg_over_time(app:buntime_app_errors:rate5m{$J, app=~\"$app\"}[30d]) / "
            f"(avg_over_time(app:buntime_app_requests:rate5m{{$J, app=~\"$app\"}}[30d]) > 0) / {BUDGET}, 0)")
    burn = 'app:buntime_app_errors_per_requests:ratio_rate%s{$J, app=~"$app"}'
    worst = f" and topk(3, {burn % '1h'} @ end())"
    return [[
        gauge("Error budget left", "Of the last 30 days and of the SLO in alerts/limits.yml (99 %), of the four apps that have "
              "least left. From the recording rules, which add up all instances: the choice of an instance does not matter here.",
              [Query(f"bottomk(4, {left})", "{{app}} {{namespace}} {{cluster}}", instant=True)], unit="percentunit", minimum=0, maximum=1, width=8,
              thresholds=steps(RED, (0.25, ORANGE), (0.5, GREEN)), links=[to_app()]),
        lines("Burn rate", "How many times faster than allowed the error budget is used up, of the three worst apps: at 1 it lasts "
              "30 days, at 6 five days, at 14.4 two days. The alert wants both windows of a pair above the line.",
              [Query(f"{burn % '5m'} / {BUDGET}{worst}", "{{app}} {{namespace}} {{cluster}} 5m"),
               Query(f"{burn % '1h'} / {BUDGET}{worst}", "{{app}} {{namespace}} {{cluster}} 1h"),
               Query(f"{burn % '6h'} / {BUDGET}{worst}", "{{app}} {{namespace}} {{cluster}} 6h")],
              width=16, legend="right", thresholds=steps(GREEN, (1, ORANGE), (6, ORANGE), (14.4, RED)), links=[to_app()])]]


def _details():
    return [
        [table("Apps and their versions", "Two versions of an app side by side are a deployment under way, or one that was "
               "forgotten. Workers are the live ones.",
               ["sum by (app, version) (rate(buntime_app_requests_total{$A}[W]))",
                "sum by (app, version) (rate(buntime_app_errors_total{$A}[W]))",
                "sum by (app, version) (rate(buntime_app_request_duration_seconds_sum{$A}[W])) / "
                "(sum by (app, version) (rate(buntime_app_request_duration_seconds_count{$A}[W])) > 0)",
                f"sum by (app, version) ({ALIVE})",
                "sum by (app, version) (buntime_app_heap_used_bytes{$A})"],
               [column("app", "App", links=[to_app("fields")]), column("version", "Version"),
                column("#A", "Requests", unit="reqps"), column("#B", "Errors", unit="ops"),
                column("#C", "Mean duration", unit="s"), column("#D", "Workers"), column("#E", "Heap", unit="bytes")],
               height=9, sort="Requests")],
        [lines("Estimated requests", "The part of an app's requests that no poll has seen, because their worker was "
               "discarded. Their sum is known exactly, their division among apps is not.",
               [Query(top(10, "sum by (app) (rate(buntime_app_requests_estimated_total{$A}[W]))"), "{{app}}")],
               unit="reqps", legend="right", links=[to_app()]),
         lines("Discarded workers", "Workers that were replaced without being retired: after maxRequests, their ttl, a "
               "timeout or a crash. One for each request or two is an app whose requests time out.",
               [Query(top(10, "sum by (app) (rate(buntime_app_workers_discarded_total{$A}[W]))"), "{{app}}")],
               unit="ops", legend="right", links=[to_app()])],
        [lines("Requests by version", "The twelve busiest versions: a release shows as one line that takes over from another.",
               [Query(top(12, "sum by (app, version) (rate(buntime_app_requests_total{$A}[W]))"), "{{app}} {{version}}")],
               unit="reqps", width=8, links=[to_app()]),
         lines("Requests by runtime", "The ten busiest runtimes. Where the load should be spread evenly, their lines lie on each other.",
               [Query(top(10, "sum by (cluster, namespace, job, instance, runtime) (rate(buntime_app_requests_total{$A}[W]))"),
                      "{{instance}} {{runtime}}")], unit="reqps", width=8, links=[to_workers()]),
         lines("Heap of a worker", "Mean heap of an app's workers, of the ten largest: one that grows whatever the traffic is a leak "
               "(documented API only).",
               [Query(top(10, "avg by (app) (buntime_worker_memory_heap_used_bytes{$A}@)"), "{{app}}")], unit="bytes", width=8,
               links=[to_app()])]]


DASHBOARD = dashboard(
    "buntime-apps", "App performance",
    "How many requests does each app get, how many fail, how long do they take, and how much of its error budget is left?",
    [("Requests", _requests()), ("Error budget", _budget()), ("Details", _details())], [*target_variables(), APP_VARIABLE])
