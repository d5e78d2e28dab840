"""Rate, errors and duration of each app."""
from source import alerts
from source.dashboard import APP_VARIABLE, dashboard, target_variables
from source.panels import (DOCUMENTED, GREEN, NEUTRAL, ORANGE, RED, RELEASED, RULELESS, WORKERS_PER_SECOND, column, gauge, lines, stat, steps,
                           table, to_app, to_workers)
from source.queries import ALIVE, Query, top

# The alerts' own limit where the rules are loaded, so that a changed limit changes the dashboard as well.
BUDGET = "scalar(max(buntime:app_errors_per_requests:limit{app=\"\"}) or vector(0.01))"
RATE = "sum by (app) (rate(buntime_app_requests_total{$A}[W]))"
ERRORS = "sum by (app) (rate(buntime_app_errors_total{$A}[W]))"
DURATION = "sum by (app) (rate(buntime_app_request_duration_seconds_sum{$A}[W]))"
MEAN = f"{DURATION} / (sum by (app) (rate(buntime_app_request_duration_seconds_count{{$A}}[W])) > 0)"
RATIO = f"{ERRORS} / ({RATE} > 0)"


def _limits(series):
    """The general limit, and those of single apps."""
    return [Query(f'max({series}{{app=""}})', "Limit"), Query(f'{series}{{app=~"$app", app!=""}}', "Limit of {{app}}")]


def _numbers():
    total = "sum(increase(buntime_app_requests_total{$A}[$__range]))"
    return [
        stat("Requests of the chosen apps", "In the range of time.", [Query(total, instant=True)], thresholds=steps(NEUTRAL), decimals=0, width=6),
        stat("Failed", "Share of the requests in the range of time; red above the limit of the alerts.",
             [Query(f"sum(increase(buntime_app_errors_total{{$A}}[$__range])) / ({total} > 0)", "Failed", instant=True)],
             unit="percentunit", thresholds=steps(GREEN), limit='max(buntime:app_errors_per_requests:limit{app=""})', no_value=RELEASED, width=6),
        stat("Mean", "Mean duration of the requests in the range of time; red above the limit of the alerts.",
             [Query("sum(increase(buntime_app_request_duration_seconds_sum{$A}[$__range])) / "
                    "(sum(increase(buntime_app_request_duration_seconds_count{$A}[$__range])) > 0)", "Mean", instant=True)],
             unit="s", thresholds=steps(GREEN), limit='max(buntime:app_request_duration_seconds:limit{app=""})', no_value=RELEASED, width=6),
        stat("Estimated", "Share of the requests in the range of time that no poll saw, because their worker was discarded before it. "
             "Their sum is exact, their division among apps is not.",
             [Query(f"sum(increase(buntime_app_requests_estimated_total{{$A}}[$__range])) / ({total} > 0)", instant=True)],
             unit="percentunit", thresholds=steps(NEUTRAL), no_value=RELEASED, width=6)]


def _requests():
    return [
        _numbers(),
        [lines("Request rate", "Requests of the ten busiest apps.", [Query(top(10, RATE), "{{app}}")], unit="reqps", links=[to_app()]),
         lines("Mean duration", "Mean, never a percentile: runtimes report a sum and a count. A request counts when it begins and "
               "its duration when it ends well, so that the mean of a failing app is a little low. The ten slowest apps.",
               [Query(top(10, MEAN), "{{app}}")], unit="s", limits=_limits("buntime:app_request_duration_seconds:limit"), links=[to_app()],
               no_value=RELEASED)],
        [lines("Errors", "Requests that failed in the worker: it threw, timed out or died. Answers such as 500 that the app gives "
               "itself are no errors. The ten worst apps.",
               [Query(top(10, ERRORS), "{{app}}")], unit="reqps", width=8, links=[to_app()], no_value=RELEASED),
         lines("Error ratio", "Share of an app's requests that failed, of the ten worst apps.",
               [Query(top(10, RATIO), "{{app}}")], unit="percentunit", width=8, limits=_limits("buntime:app_errors_per_requests:limit"),
               links=[to_app()], no_value=RELEASED),
         lines("Concurrency", "Requests in flight on average (Little's law: rate times mean duration), of the ten largest.",
               [Query(top(10, DURATION), "{{app}}")], unit="short", width=8, links=[to_app()], no_value=RELEASED, axis="requests in progress")]]


def _budget():
    left = ("clamp_min(1 - avg_over_time(app:buntime_app_errors:rate5m{$J, app=~\"$app\"}[30d]) / "
            f"(avg_over_time(app:buntime_app_requests:rate5m{{$J, app=~\"$app\"}}[30d]) > 0) / {BUDGET}, 0)")
    burn = 'app:buntime_app_errors_per_requests:ratio_rate%s{$J, app=~"$app"}'
    worst = f" and topk(3, {burn % '1h'} @ end())"
    return [[
        gauge("Error budget left", "Of the last 30 days and of the SLO in alerts/limits.yml (99 %), of the four apps that have "
              "least left. From the recording rules, which add up all instances: the choice of an instance does not matter here.",
              [Query(f"bottomk(4, {left})", "{{app}} {{namespace}} {{cluster}}", instant=True)], unit="percentunit", minimum=0, maximum=1, width=8,
              thresholds=steps(NEUTRAL, (0, RED), (0.25, ORANGE), (0.5, GREEN)), links=[to_app()], no_value=RULELESS),
        lines("Burn rate", "How many times faster than allowed the error budget is used up, of the three worst apps: at 1 it lasts "
              "30 days, at 3 ten days, at 6 five days, at 14.4 two days. The alert wants both windows of a pair above the line.",
              [Query(f"{burn % '5m'} / {BUDGET}{worst}", "{{app}} {{namespace}} {{cluster}} 5m"),
               Query(f"{burn % '1h'} / {BUDGET}{worst}", "{{app}} {{namespace}} {{cluster}} 1h"),
               Query(f"{burn % '6h'} / {BUDGET}{worst}", "{{app}} {{namespace}} {{cluster}} 6h")],
              width=16, thresholds=steps(GREEN, (1, ORANGE), (3, ORANGE), (6, RED), (14.4, RED)), links=[to_app()], no_value=RULELESS,
              axis="times the allowed rate")]]


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
                column("#A", "Requests", unit="reqps"), column("#B", "Errors", unit="reqps"),
                column("#C", "Mean duration", unit="s"), column("#D", "Workers"), column("#E", "Heap", unit="bytes")],
               height=9, sort="Requests")],
        [lines("Estimated requests", "The part of an app's requests that no poll has seen, because their worker was "
               "discarded. Their sum is known exactly, their division among apps is not.",
               [Query(top(10, "sum by (app) (rate(buntime_app_requests_estimated_total{$A}[W]))"), "{{app}}")],
               unit="reqps", links=[to_app()], no_value=RELEASED),
         lines("Discarded workers", "Workers that were replaced without being retired: after maxRequests, their ttl, a "
               "timeout or a crash. One for each request or two is an app whose requests time out.",
               [Query(top(10, "sum by (app) (rate(buntime_app_workers_discarded_total{$A}[W]))"), "{{app}}")],
               unit=WORKERS_PER_SECOND, links=[to_app()], no_value=RELEASED)],
        [lines("Requests by version", "The twelve busiest versions: a release shows as one line that takes over from another.",
               [Query(top(12, "sum by (app, version) (rate(buntime_app_requests_total{$A}[W]))"), "{{app}} {{version}}")],
               unit="reqps", width=8, links=[to_app()]),
         lines("Requests by runtime", "The ten busiest runtimes. Where the load should be spread evenly, their lines lie on each other.",
               [Query(top(10, "sum by (cluster, namespace, job, instance, runtime) (rate(buntime_app_requests_total{$A}[W]))"),
                      "{{runtime}} {{instance}}")], unit="reqps", width=8, links=[to_workers()]),
         lines("Heap of a worker", "Mean heap of an app's workers, of the ten largest: one that grows whatever the traffic is a leak.",
               [Query(top(10, "avg by (app) (buntime_worker_memory_heap_used_bytes{$A}@)"), "{{app}}")], unit="bytes", width=8,
               links=[to_app()], no_value=DOCUMENTED)]]


DASHBOARD = dashboard(
    "buntime-apps", "App performance",
    "How many requests does each app get, how many fail, how long do they take, and how much of its error budget is left?",
    [("Requests", _requests()), ("Error budget", _budget()), ("Details", _details()), alerts.row("buntime-apps")],
    target_variables(APP_VARIABLE))
