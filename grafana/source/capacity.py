"""Is there enough of everything: slots, queue, memory, replicas?"""
from source import alerts
from source.dashboard import dashboard, target_variables
from source.panels import (BLUE, DOCUMENTED, GREEN, KUBERNETES, NEUTRAL, ORANGE, RED, RELEASED, RULELESS, SIZELESS, colored, dashed,
                           field, lines, stat, steps, to_app, to_workers)
from source.queries import Query, top

WHO = "{{runtime}} {{instance}}"
UTILIZATION_LIMIT = Query("max(buntime:pool_utilization:limit)", "Limit")


def _outlook():
    # A day of history is the least that a trend can be taken from: the minutes after a start are no trend.
    days = ("(buntime_pool_size{$S} - buntime_pool_total{$S}) / (deriv(buntime_pool_total{$S}[3d]) * 86400 > 0) "
            "and buntime_pool_total{$S} offset 1d")
    return [
        [stat("Free slots, smallest pool", "Slots that no live worker holds, in the pool that has fewest of them.",
              [Query("min(clamp_min(buntime_pool_size{$S} - buntime_pool_total{$S}, 0))")],
              thresholds=steps(NEUTRAL, (0, RED), (1, ORANGE), (10, GREEN)), width=6, no_value=SIZELESS),
         stat("Peak of workers", "Most live workers that one runtime had in the range of time.",
              [Query("max(max_over_time(buntime_pool_total{$S}[$__range]))", instant=True)], thresholds=steps(NEUTRAL), width=6),
         stat("Full in", "When the pool that fills up fastest will be full, if the trend of three days goes on; empty where "
              "nothing grows, and on the first day.", [Query(f"min({days})", instant=True)], unit="d",
              thresholds=steps(NEUTRAL, (0, RED), (4, ORANGE), (14, GREEN)), width=6, no_value="not growing"),
         stat("Evictions", "Warm workers ended to make room, in the range of time (released runtimes only).",
              [Query("sum(increase(buntime_pool_evictions_total{$S}[$__range]))", instant=True)],
              thresholds=steps(GREEN, (1, ORANGE)), width=6, decimals=0, no_value=RELEASED)]]


def _pool():
    evicted = "rate(buntime_pool_evictions_total{$S}[W]) / (rate(buntime_pool_misses_total{$S}[W]) > 0)"
    return [
        [lines("Utilization, 95th percentile of a day", "What the pool has to be sized for: below the line for 95 % of the last 24 "
               "hours. From the recording rules. The ten fullest runtimes.",
               [Query(top(10, "quantile_over_time(0.95, instance:buntime_pool_active_per_pool_size:ratio{$S}[1d]@)"), WHO)],
               unit="percentunit", limits=[UTILIZATION_LIMIT], maximum=1, links=[to_workers()], no_value=RULELESS),
         lines("Utilization as reported, and its peak", "What the runtime says (or active / size where it says nothing), and the "
               "highest poll of the last minute, which a scrape may miss. The ten fullest runtimes.",
               [Query(top(10, "buntime_pool_utilization{$S}@"), f"Reported {WHO}"),
                Query(top(10, "buntime_pool_utilization_peak{$S}@"), f"Peak {WHO}")],
               unit="percentunit", limits=[UTILIZATION_LIMIT], maximum=1, links=[to_workers()], no_value=SIZELESS)],
        [lines("Free slots", "Slots that no live worker holds, of the ten runtimes with fewest. At 0 each new app evicts another.",
               [Query(top(10, "clamp_min(buntime_pool_size{$S}@ - buntime_pool_total{$S}@, 0)", "bottomk"), WHO)], width=8,
               links=[to_workers()], no_value=SIZELESS, axis="slots"),
         lines("Peak of active workers", "Highest poll of the last minute, of the ten runtimes with most.",
               [Query(top(10, "buntime_pool_active_peak{$S}@"), WHO)], width=8, links=[to_workers()], axis="workers"),
         lines("Evictions per cold start", "Above a half for long, the pool is smaller than what is in use: enlarge it. The ten worst "
               "runtimes (released runtimes only).",
               [Query(top(10, evicted), WHO)], unit="percentunit", width=8, links=[to_workers()], no_value=RELEASED,
               thresholds=steps(GREEN, (alerts.limit("BuntimeEvictionChurn"), RED)))]]


def _queue():
    peak = "buntime_ephemeral_queue_depth_peak{$S}@ / (buntime_ephemeral_queue_limit{$S}@ > 0)"
    return [
        [lines("Ephemeral queue", "Requests to apps with ttl 0 that wait, and how many of them may run at once, of the ten "
               "longest queues, at the moment of a poll (released runtimes only).",
               [Query(top(10, "buntime_ephemeral_queue_depth{$S}@"), f"Waiting {WHO}"),
                Query("min(buntime_ephemeral_concurrency{$S})", "Lowest concurrency")], width=8,
               overrides=[dashed("Lowest concurrency", NEUTRAL), field("/^Waiting/", links=[to_workers()])], no_value=RELEASED, axis="requests"),
         lines("Peak of the queue", "Highest poll of the last minute against the limit. At 100 % requests were refused with 500, "
               "which no counter shows (released runtimes only).",
               [Query(top(10, peak), WHO)], unit="percentunit", width=8, links=[to_workers()], no_value=RELEASED,
               limits=[Query(alerts.limit("BuntimeEphemeralQueueNearLimit"), "Limit")]),
         lines("Time to get a worker", "Mean of the last 100 look-ups in the pool, cold starts included; not the duration of "
               "requests (released runtimes only).",
               [Query(top(10, "buntime_pool_acquire_mean_seconds{$S}@"), WHO)], unit="s", width=8, links=[to_workers()], no_value=RELEASED)]]


def _memory():
    used = 'max by (cluster, namespace, pod) (container_memory_working_set_bytes{cluster=~"$cluster", namespace=~"$namespace", container="buntime"})'
    limit = ('max by (cluster, namespace, pod) (kube_pod_container_resource_limits{cluster=~"$cluster", namespace=~"$namespace", '
             'container="buntime", resource="memory"})')
    return [
        [lines("Heap by app", "Heaps of all workers of an app, of the ten largest (documented API only).",
               [Query(top(10, "sum by (app) (buntime_app_heap_used_bytes{$S}@)"), "{{app}}")], unit="bytes", stacked=True, width=8,
               links=[to_app()], no_value=DOCUMENTED),
         lines("Heap of the main thread", "Without those of the workers, of the ten largest (released runtimes only).",
               [Query(top(10, "buntime_heap_used_bytes{$S}@"), WHO)], unit="bytes", width=8, links=[to_workers()], no_value=RELEASED),
         lines("Container memory", "Against the limit of the container, at which the kernel kills it. Needs cAdvisor and "
               "kube-state-metrics (Kubernetes only).",
               [Query(f"{used} / ({limit} > 0)", "{{namespace}} {{pod}}")], unit="percentunit", width=8,
               thresholds=steps(GREEN, (alerts.limit("BuntimeMemoryNearLimit"), RED)), no_value=KUBERNETES)]]


def _fleet():
    replicas = 'max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_%s_replicas{%s})'
    where = 'cluster=~"$cluster", namespace=~"$namespace", horizontalpodautoscaler=~".*buntime.*"'
    return [
        [lines("Runtimes of each exporter", "What an exporter that polls several runtimes knows of them, whichever is chosen above.",
               [Query("buntime_fleet_runtimes{$P}", "Polled {{instance}}"), Query("buntime_fleet_runtimes_up{$P}", "Up {{instance}}")],
               width=8, decimals=0, overrides=[dashed("/^Polled/", NEUTRAL)], no_value="no exporter polls several runtimes", axis="runtimes"),
         lines("Workers of each exporter's runtimes", "Sums over the runtimes that an exporter polls. The size counts only pools whose "
               "size is known.",
               [Query("buntime_fleet_pool_active{$P}", "Active {{instance}}"), Query("buntime_fleet_pool_idle{$P}", "Idle {{instance}}"),
                Query("buntime_fleet_pool_total{$P}", "Total {{instance}}"), Query("buntime_fleet_pool_size{$P}", "Size {{instance}}")],
               width=8, overrides=[colored("/^Active/", GREEN), colored("/^Idle/", BLUE), colored("/^Total/", NEUTRAL),
                                   dashed("/^Size/", RED)], no_value="no exporter polls several runtimes", axis="workers"),
         lines("Replicas", "Of the autoscaler, and the most it may start. Needs kube-state-metrics (Kubernetes only).",
               [Query(replicas % ("status_current", where), "Now {{namespace}} {{horizontalpodautoscaler}}"),
                Query(replicas % ("spec_max", where), "Maximum {{namespace}} {{horizontalpodautoscaler}}")], width=8, decimals=0,
               overrides=[dashed("/^Maximum/", RED)], no_value=KUBERNETES, axis="pods")]]


DASHBOARD = dashboard(
    "buntime-capacity", "Capacity",
    "Are the pools, the queue, the memory and the replicas enough, and for how long?",
    [("Outlook", [*_outlook(), *_pool()]), ("Queue of apps with ttl 0", _queue()), ("Memory", _memory()),
     ("Fleet", _fleet()), alerts.row("buntime-capacity")], target_variables())
