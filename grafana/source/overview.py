"""Is everything up, is a pool about to be full, is anything failing?"""
from source import alerts
from source.dashboard import dashboard, target_variables
from source.panels import (BLUE, GREEN, HOURS, NEUTRAL, ORANGE, OUTCOME, RED, RELEASED, SIZELESS, WORKERS_PER_MINUTE, YELLOW, bars, colored,
                           column, dashed, field, gauge, lines, mapping, runbook, stat, states, steps, table, to_app, to_workers)
from source.queries import IDENTITY, Query, least, top

# The mean of five minutes, as the alert about it sees it; a dip of a moment says nothing.
MEAN_UTILIZATION = "avg_over_time(buntime_pool_active{$S}[5m]@) / (avg_over_time(buntime_pool_size{$S}[5m]@) > 0)"
UTILIZATION_LIMIT = Query("max(buntime:pool_utilization:limit)", "Limit")
ERRORS_LIMITS = [Query('max(buntime:app_errors_per_requests:limit{app=""})', "Limit"),
                 Query('buntime:app_errors_per_requests:limit{app!=""}', "Limit of {{app}}")]
# As the documents of Buntime have it, where the rules with the limit are not loaded.
FULL = steps(GREEN, (0.6, YELLOW), (0.8, RED))
UP = mapping(v1=("up", GREEN), v0=("down", RED))
WHO = "{{runtime}} {{instance}}"


def _alerts(severity):
    """Firing alerts. Those about a job, a cluster or a container have no instance, or no job: the choice may be empty."""
    return (f'ALERTS{{alertname=~"Buntime.+", alertstate="firing", severity=~"{severity}", cluster=~"$cluster", '
            'namespace=~"$namespace", job=~"$job|", instance=~"$instance|", runtime=~"$runtime|"}')


def _numbers():
    failed = ("sum(increase(buntime_app_errors_total{$S}[$__range])) / (sum(increase(buntime_app_requests_total{$S}[$__range])) > 0)")
    return [
        stat("Runtimes up", "Runtimes whose latest poll succeeded.", [Query("sum(buntime_up{$S})")],
             thresholds=steps(NEUTRAL, (0, RED), (1, GREEN)), width=3),
        stat("Runtimes down", "Runtimes whose latest poll failed; the table below says why.",
             [Query("count(buntime_up{$S} == 0) or 0 * count(buntime_up{$S})")], thresholds=steps(GREEN, (1, RED)), width=3),
        stat("Firing alerts", "Alerts of the choice made above, and those that belong to no single runtime.",
             [Query(f"count({_alerts('critical')}) or vector(0)", "Critical", instant=True),
              Query(f"count({_alerts('warning')}) or vector(0)", "Warning", instant=True)],
             thresholds=steps(GREEN, (1, ORANGE)), width=4,
             overrides=[field("Critical", thresholds={"mode": "absolute", "steps": steps(GREEN, (1, RED))})]),
        stat("Requests", "Requests of all apps.", [Query("sum(rate(buntime_app_requests_total{$S}[W]))")], unit="reqps",
             thresholds=steps(NEUTRAL), width=3),
        stat("Failed requests", "Share of the requests in the range of time that failed; red above the limit of the alerts. Runtimes of "
             "the documented API do not count failures.", [Query(failed, "Failed", instant=True)], unit="percentunit",
             thresholds=steps(GREEN), limit='max(buntime:app_errors_per_requests:limit{app=""})', width=3, no_value=RELEASED),
        stat("Pool size", "Slots of all pools whose size is known: released runtimes do not report it, --runtime.pool-size tells it.",
             [Query("sum(buntime_pool_size{$S})")], thresholds=steps(NEUTRAL), width=2, no_value=SIZELESS),
        stat("Uptime", "Hours since the latest start of any runtime: after a deployment they should grow.",
             [Query("min(buntime_uptime_seconds{$S}) / 3600", instant=True)], unit=HOURS, decimals=1,
             thresholds=steps(NEUTRAL, (0, ORANGE), (1, GREEN)), width=3),
        stat("Restarts", "Restarts in the range of time. A replaced pod is another instance and is not counted.",
             [Query("sum(resets(buntime_uptime_seconds{$S}[$__range]))", instant=True)],
             thresholds=steps(GREEN, (1, ORANGE), (3, RED)), width=3)]


def _status():
    fullest = f"topk(4, {MEAN_UTILIZATION.replace('@', '')})"
    ratio = "sum by (app) (rate(buntime_app_errors_total{$S}[W])) / (sum by (app) (rate(buntime_app_requests_total{$S}[W])) > 0)"
    return [
        _numbers(),
        [gauge("Pool utilization, mean of 5 minutes", "Share of the pool's slots that active workers hold, of the four fullest runtimes; red "
               "above the limit of the alerts. Needs the size of the pool (--runtime.pool-size for released runtimes).",
               [Query(fullest, WHO, instant=True)], unit="percentunit", thresholds=FULL, minimum=0, maximum=1, links=[to_workers()],
               limit=UTILIZATION_LIMIT.expression, no_value=SIZELESS, height=7),
         _runtimes()],
        [states("Up and down", "Whether the latest poll of each runtime succeeded, of the twenty that were up least.",
                [Query("buntime_up{$S} and bottomk(20, avg_over_time(buntime_up{$S}[$__range] @ end()))", WHO)], UP, height=6,
                links=[to_workers()]),
         table("Firing alerts, one by one", "A click on an alert opens its runbook: what it means, and what to do.",
               [f"max by (alertname, severity, {IDENTITY}, app) ({_alerts('.+')})"],
               [column("alertname", "Alert", links=[runbook()]),
                column("severity", "Severity", custom_cellOptions={"type": "color-text"},
                       mappings=mapping(critical=("critical", RED), warning=("warning", ORANGE), info=("info", BLUE))),
                column("runtime", "Runtime"), column("app", "App", links=[to_app("fields")]), column("instance", "Instance")],
               width=12, height=6, sort="Severity", descending=False, no_value="no alert fires")],
        [lines("Requests by app", "Requests of the ten busiest apps.",
               [Query(top(10, "sum by (app) (rate(buntime_app_requests_total{$S}[W]))"), "{{app}}")], unit="reqps", links=[to_app()]),
         lines("Failed requests by app", "Share of an app's requests that failed in the worker, of the ten worst apps. Answers such as "
               "500 that an app gives itself are no failures.",
               [Query(top(10, ratio), "{{app}}")], unit="percentunit", links=[to_app()], limits=ERRORS_LIMITS, no_value=RELEASED)]]


def _runtimes():
    by = f"max by ({IDENTITY})"
    return table(
        "Runtimes", "One line for each runtime. Outcome says how the latest poll ended; a runtime that is down keeps its last "
        "numbers until they are stale, then the cells are empty.",
        [f"{by} (buntime_up{{$S}})",
         f"max by ({IDENTITY}, outcome) (buntime_poll_outcome{{$S}} == 1)",
         f"max by ({IDENTITY}, version, layout) (buntime_runtime_info{{$S}})",
         f"{by} (buntime_pool_active{{$S}} / (buntime_pool_size{{$S}} > 0))",
         f"{by} (buntime_pool_total{{$S}})",
         f"sum by ({IDENTITY}) (rate(buntime_app_requests_total{{$S}}[W]))",
         f"{by} (buntime_uptime_seconds{{$S}})"],
        [column("runtime", "Runtime", links=[to_workers("fields")]),
         column("#A", "Up", custom_cellOptions={"type": "color-text"}, mappings=UP),
         column("outcome", "Outcome", custom_cellOptions={"type": "color-text"}, mappings=OUTCOME), column("layout", "Layout"),
         column("version", "Version"),
         column("#D", "Utilization", unit="percentunit", custom_cellOptions={"type": "color-text"},
                thresholds={"mode": "absolute", "steps": FULL}, decimals=0),
         column("#E", "Workers"), column("#F", "Requests", unit="reqps"), column("#G", "Uptime", unit="s"),
         column("instance", "Instance", links=[to_workers("fields")])],
        width=18, height=7, sort="Up", descending=False)


def _pool():
    live = [Query("sum(buntime_pool_active{$S})", "Active"), Query("sum(buntime_pool_idle{$S})", "Idle"),
            Query("sum(buntime_pool_creating{$S})", "Creating")]
    colors = [colored("Active", GREEN), colored("Idle", BLUE), colored("Creating", YELLOW)]
    return [
        [lines("Workers by state", "Active: used within the idle timeout. Idle: alive and unused. Released runtimes do not tell how "
               "many are being created. The dashed line is the size of the pools whose size is known.",
               [*live, Query("sum(buntime_pool_size{$S})", "Size")], stacked=True,
               overrides=[*colors, dashed("Size", RED)], axis="workers"),
         lines("Pool utilization, mean of 5 minutes over time", "Share of the pool's slots that active workers hold, of the 20 fullest "
               "runtimes, and the limit of the alerts. A full pool does not queue: it evicts warm workers.",
               [Query(top(20, MEAN_UTILIZATION), WHO)], unit="percentunit", maximum=1, limits=[UTILIZATION_LIMIT], links=[to_workers()],
               no_value=SIZELESS)],
        [bars("Pool capacity", "Where the slots of all pools are now; a full bar is the size of the pools whose size is known.",
              [*live, Query("sum(clamp_min(buntime_pool_size{$S} - buntime_pool_total{$S}, 0))", "Free")],
              most="sum(buntime_pool_size{$S})", overrides=[*colors, colored("Free", NEUTRAL)]),
         lines("Slots in use", "Live workers against the size of the pool, of the 20 fullest runtimes. A cache that is full is "
               "healthy as long as few of its workers are active.",
               [Query(top(20, "buntime_pool_total{$S}@ / (buntime_pool_size{$S}@ > 0)"), WHO)],
               unit="percentunit", width=8, links=[to_workers()], no_value=SIZELESS),
         lines("Change of active workers", "Workers a minute that become active (above 0) or end being so (below).",
               [Query("sum(deriv(buntime_pool_active{$S}[W])) * 60", "Change")], unit=WORKERS_PER_MINUTE, width=8, centered=True)]]


def _traffic():
    return [
        [lines("Requests that no app served, or that are estimated", "Why the requests of the apps and those of the pool differ. Unserved: the "
               "pool looked for a worker and no app took the request, because the worker did not boot. Estimated: the worker was "
               "discarded before a poll saw its count; the sum is exact, the division among apps is not.",
               [Query("sum(rate(buntime_pool_requests_total{$S}[W]))", "Of the pool"),
                Query(f"sum(sum by ({IDENTITY}) (rate(buntime_app_requests_total{{$S}}[W])) "
                      f"and on ({IDENTITY}) rate(buntime_pool_requests_total{{$S}}[W]))", "Of the apps"),
                Query("sum(rate(buntime_pool_requests_unserved_total{$S}[W]))", "Unserved"),
                Query("sum(rate(buntime_app_requests_estimated_total{$S}[W]))", "Estimated")], unit="reqps",
               overrides=[colored("Of the pool", NEUTRAL), colored("Of the apps", BLUE), colored("Unserved", RED), colored("Estimated", ORANGE)],
               no_value=RELEASED),
         lines("Discarded workers since the start", "Workers that a runtime replaced without retiring them, of the ten runtimes with most, and "
               "the limit of the alerts: the thread and the memory of each stay behind until a restart.",
               [Query(top(10, "instance:buntime_workers_discarded:since_start{$S}@"), WHO)],
               limits=[Query("max(buntime:workers_discarded:limit)", "Limit")], links=[to_workers()], decimals=0, no_value=RELEASED, axis="workers")],
        [lines("Ephemeral queue", "Requests to apps with ttl 0 that wait for their turn. Beyond the limit the runtime answers 500, "
               "which no counter shows. The highest poll of the last minute, of the ten longest queues.",
               [Query(top(10, "buntime_ephemeral_queue_depth_peak{$S}@"), f"Peak {WHO}"),
                Query("min(buntime_ephemeral_queue_limit{$S})", "Lowest limit")],
               overrides=[dashed("Lowest limit", RED), field("/^Peak/", links=[to_workers()])], no_value=RELEASED, axis="requests"),
         lines("Uptime of each runtime", "Age of the ten youngest processes: a line that falls to 0 is a restart.",
               [Query(least(10, "buntime_uptime_seconds{$S}@"), WHO)], unit="s", links=[to_workers()])]]


DASHBOARD = dashboard(
    "buntime-overview", "Overview",
    "Is every runtime up, is a pool about to be full, is an app failing? Start here.",
    [("Status", _status()), ("Pool", _pool()), ("Traffic", _traffic()), alerts.row("buntime-overview")], target_variables())
