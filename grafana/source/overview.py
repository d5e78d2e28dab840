"""Is everything up, is a pool about to be full, is anything failing?"""
from source.dashboard import dashboard, target_variables
from source.panels import (BLUE, GREEN, NEUTRAL, ORANGE, OUTCOME, RED, YELLOW, bars, colored, column, dashed, field, gauge, lines,
                           mapping, stat, steps, table, to_app, to_workers)
from source.queries import IDENTITY, Query, least, top

UTILIZATION = "buntime_pool_active{$S}@ / (buntime_pool_size{$S}@ > 0)"
FULL = steps(GREEN, (0.6, YELLOW), (0.8, RED))
WHO = "{{instance}} {{runtime}}"


def _alerts(severity):
    """Firing alerts. Those about a job, a cluster or a container have no instance, or no job: the choice may be empty."""
    return (f'ALERTS{{alertname=~"Buntime.+", alertstate="firing", severity=~"{severity}", cluster=~"$cluster", '
            'namespace=~"$namespace", job=~"$job|", instance=~"$instance|", runtime=~"$runtime|"}')


def _status():
    return [
        [stat("Runtimes up", "Runtimes whose latest poll succeeded.", [Query("sum(buntime_up{$S})")],
              thresholds=steps(RED, (1, GREEN)), width=3),
         stat("Runtimes down", "Runtimes whose latest poll failed; the table below says why.",
              [Query("count(buntime_up{$S} == 0) or vector(0)")], thresholds=steps(GREEN, (1, RED)), width=3),
         stat("Firing alerts", "Alerts of the choice made above, and those that belong to no single runtime.",
              [Query(f"count({_alerts('critical')}) or vector(0)", "Critical", instant=True),
               Query(f"count({_alerts('warning')}) or vector(0)", "Warning", instant=True)],
              thresholds=steps(GREEN, (1, ORANGE)), width=6,
              overrides=[field("Critical", thresholds={"mode": "absolute", "steps": steps(GREEN, (1, RED))})]),
         stat("Request rate", "Requests of all apps.", [Query("sum(rate(buntime_app_requests_total{$S}[W]))")], unit="reqps",
              thresholds=steps(NEUTRAL), width=3),
         stat("Failed requests", "Share of the requests in the range of time that failed. Runtimes of the documented API "
              "do not count failures.",
              [Query("sum(increase(buntime_app_errors_total{$S}[$__range])) / "
                     "(sum(increase(buntime_app_requests_total{$S}[$__range])) > 0)", instant=True)],
              unit="percentunit", thresholds=steps(GREEN, (0.01, ORANGE), (0.05, RED)), width=3),
         stat("Youngest process", "Time since the latest start of any runtime: after a deployment it should grow.",
              [Query("min(buntime_uptime_seconds{$S})", instant=True)], unit="s",
              thresholds=steps(RED, (900, ORANGE), (3600, GREEN)), width=3),
         stat("Restarts", "Restarts in the range of time. A replaced pod is another instance and is not counted.",
              [Query("sum(resets(buntime_uptime_seconds{$S}[$__range]))", instant=True)],
              thresholds=steps(GREEN, (1, ORANGE), (3, RED)), width=3)],
        [gauge("Pool utilization", "Share of the pool's slots that active workers hold, of the four fullest runtimes. Needs the "
               "size of the pool (--runtime.pool-size for released runtimes).",
               [Query("topk(4, buntime_pool_active{$S} / (buntime_pool_size{$S} > 0))", WHO, instant=True)],
               unit="percentunit", thresholds=FULL, minimum=0, maximum=1, links=[to_workers()]),
         _runtimes()],
        [lines("Runtimes that answer", "Runtimes whose latest poll succeeded, out of those that are known.",
               [Query("sum(buntime_up{$S})", "Up"), Query("count(buntime_up{$S})", "Known")], height=6, decimals=0,
               overrides=[colored("Up", GREEN), dashed("Known", NEUTRAL)]),
         table("Firing alerts, one by one", "Each alert has a page of the same name in alerts/runbooks: what it means, and "
               "what to do.",
               [f"max by (alertname, severity, {IDENTITY}, app) ({_alerts('.+')})"],
               [column("alertname", "Alert"),
                column("severity", "Severity", custom_cellOptions={"type": "color-text"},
                       mappings=mapping(critical=("critical", RED), warning=("warning", ORANGE), info=("info", BLUE))),
                column("instance", "Instance"), column("runtime", "Runtime"), column("app", "App")],
               width=12, height=6, sort="Severity", descending=False)]]


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
        [column("instance", "Instance", links=[to_workers("fields")]), column("runtime", "Runtime", links=[to_workers("fields")]),
         column("#A", "Up", custom_cellOptions={"type": "color-text"}, mappings=mapping(v1=("up", GREEN), v0=("down", RED))),
         column("outcome", "Outcome", custom_cellOptions={"type": "color-text"}, mappings=OUTCOME), column("layout", "Layout"), column("version", "Version"),
         column("#D", "Utilization", unit="percentunit", custom_cellOptions={"type": "color-text"},
                thresholds={"mode": "absolute", "steps": FULL}, decimals=0),
         column("#E", "Workers"), column("#F", "Requests", unit="reqps"), column("#G", "Uptime", unit="s")],
        width=18, sort="Up", descending=False)


def _pool():
    states = [Query("sum(buntime_pool_active{$S})", "Active"), Query("sum(buntime_pool_idle{$S})", "Idle"),
              Query("sum(buntime_pool_creating{$S})", "Creating")]
    colors = [colored("Active", GREEN), colored("Idle", BLUE), colored("Creating", YELLOW)]
    return [
        [lines("Workers by state", "Active: used within the idle timeout. Idle: alive and unused. Released runtimes do not tell how "
               "many are being created. The dashed line is the size of the pools whose size is known.",
               [*states, Query("sum(buntime_pool_size{$S})", "Size")], stacked=True,
               overrides=[*colors, dashed("Size", RED)]),
         lines("Pool utilization over time", "Share of the pool's slots that active workers hold, of the 20 fullest runtimes. A full pool "
               "does not queue: it evicts warm workers.",
               [Query(top(20, UTILIZATION), WHO)], unit="percentunit", maximum=1, thresholds=FULL, links=[to_workers()])],
        [bars("Pool capacity", "Where the slots of all pools are now. Free is what is left of the pools whose size is known.",
              [*states, Query("sum(clamp_min(buntime_pool_size{$S} - buntime_pool_total{$S}, 0))", "Free")],
              overrides=[*colors, colored("Free", NEUTRAL)]),
         lines("Slots in use", "Live workers against the size of the pool, of the 20 fullest runtimes. A cache that is full is "
               "healthy as long as few of its workers are active.",
               [Query(top(20, "buntime_pool_total{$S}@ / (buntime_pool_size{$S}@ > 0)"), WHO)],
               unit="percentunit", width=8, links=[to_workers()]),
         lines("Change of active workers", "Workers a minute that become active (above 0) or end being so (below).",
               [Query("sum(deriv(buntime_pool_active{$S}[W])) * 60", "Workers a minute")], width=8, centered=True)]]


def _traffic():
    ratio = ("sum by (app) (rate(buntime_app_errors_total{$S}[W])) / (sum by (app) (rate(buntime_app_requests_total{$S}[W])) > 0)")
    return [
        [lines("Requests by app", "Requests of the ten busiest apps.",
               [Query(top(10, "sum by (app) (rate(buntime_app_requests_total{$S}[W]))"), "{{app}}")], unit="reqps",
               legend="right", links=[to_app()]),
         lines("Failed requests by app", "Share of an app's requests that failed in the worker, of the ten worst apps. Answers such as "
               "500 that an app gives itself are no failures.",
               [Query(top(10, ratio), "{{app}}")], unit="percentunit", legend="right", links=[to_app()],
               thresholds=steps(GREEN, (0.01, ORANGE), (0.05, RED)))],
        [lines("Ephemeral queue", "Requests to apps with ttl 0 that wait for their turn. Beyond the limit the runtime answers 500, "
               "which no counter shows. The highest poll of the last minute, of the ten longest queues.",
               [Query(top(10, "buntime_ephemeral_queue_depth_peak{$S}@"), f"Peak {WHO}"),
                Query("min(buntime_ephemeral_queue_limit{$S})", "Lowest limit")],
               overrides=[dashed("Lowest limit", RED), field("/^Peak/", links=[to_workers()])]),
         lines("Uptime", "Age of the ten youngest processes: a line that falls to 0 is a restart.",
               [Query(least(10, "buntime_uptime_seconds{$S}@"), WHO)], unit="s", links=[to_workers()])]]


DASHBOARD = dashboard(
    "buntime-overview", "Overview",
    "Is every runtime up, is a pool about to be full, is an app failing? Start here.",
    [("Status", _status()), ("Pool", _pool()), ("Traffic", _traffic())], target_variables())
