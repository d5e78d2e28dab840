"""A panel for each alert: the value that it compares, the limit, and where the whole condition holds. The conditions are those of
alerts/; tests/grafana checks that value and limit are the two sides of a comparison in them."""
import pathlib
import re
from dataclasses import dataclass

import yaml

from source.panels import NONE, RED, RELEASED, field, lines, to_app, to_runtime_page
from source.queries import SELECTORS, Query

RULES = pathlib.Path(__file__).resolve().parents[2] / "alerts"
RUNTIME = "{{runtime}} {{instance}}"
TARGET = "{{job}} {{instance}}"
APP = "{{app}} {{version}} {{namespace}}"
OVER_ALL = "without (instance, pod, container, endpoint, node, runtime)"
EVERY_JOB = '{job=~"buntime|buntime-exporter"}'


@dataclass(frozen=True)
class Shown:
    """What is seen of an alert: one value, or one for each window, and a number or PromQL as the limit."""
    value: str | tuple[str, ...]
    limit: float | str | None
    unit: str = "short"
    who: str = RUNTIME
    no_value: str = NONE

    @property
    def values(self) -> tuple[str, ...]:
        return self.value if isinstance(self.value, tuple) else (self.value,)


def _burn(factor, *windows):
    ratio = "app:buntime_app_errors_per_requests:ratio_rate"
    limit_of_apps = "app:buntime_app_errors_per_requests:limit"
    return Shown(tuple(ratio + window for window in windows), limit_of_apps if factor == 1 else f"{factor} * {limit_of_apps}",
                 "percentunit", "{{app}} {{namespace}}", RELEASED)


SHOWN = {
    "BuntimeTargetsMissing": Shown('count by (cluster, job) (up{job="buntime"})', None, who="{{job}} {{cluster}}"),
    "BuntimeDown": Shown(f"avg {OVER_ALL} (instance:buntime_up:max2m)", 0.5, "percentunit", "{{job}} {{namespace}}"),
    "BuntimeInstanceDown": Shown("instance:buntime_up:max2m", 0, "percentunit"),
    "BuntimeAccessDenied": Shown('min without (outcome) (min_over_time(buntime_poll_outcome{outcome="unauthorized"}[2m]))', 0),
    "BuntimeRestart": Shown("buntime_uptime_seconds", 900, "s"),
    "BuntimeCrashLooping": Shown("resets(buntime_uptime_seconds[15m])", 3),
    "BuntimeTargetLoadBalanced": Shown("resets(buntime_uptime_seconds[15m])", 2),
    "BuntimeLimitsMissing": Shown(tuple(f"count(buntime:{name}:limit)" for name in (
        "pool_utilization", "app_errors_per_requests", "app_request_duration_seconds", "workers_discarded")), None, who="{{limit}}"),
    "BuntimeHighUtilization": Shown("avg_over_time(instance:buntime_pool_active_per_pool_size:ratio[5m])",
                                    "max(buntime:pool_utilization:limit)", "percentunit"),
    "BuntimePoolExhausted": Shown("instance:buntime_pool_evicting_per_pool_size:min2m", 1, "percentunit"),
    "BuntimeNoWorkers": Shown("max_over_time(buntime_pool_active[5m]) + max_over_time(buntime_pool_idle[5m])", 0),
    "BuntimeWorkersStuckCreating": Shown(
        "avg_over_time(buntime_pool_creating[5m]) / (avg_over_time(buntime_pool_total[5m]) > 0)", 0.5, "percentunit"),
    "BuntimeEvictionChurn": Shown("instance:buntime_pool_evictions_per_misses:ratio_rate15m", 0.5, "percentunit", no_value=RELEASED),
    "BuntimePoolAccountingMismatch": Shown("buntime_pool_total", "buntime_pool_size > 0"),
    "BuntimeEphemeralQueueBacklog": Shown("min_over_time(buntime_ephemeral_queue_depth[5m])", 0, no_value=RELEASED),
    "BuntimeEphemeralQueueNearLimit": Shown(
        "min_over_time(instance:buntime_ephemeral_queue_depth_peak_per_limit:ratio[1m])",
        "max(buntime:ephemeral_queue_depth_per_limit:limit)", "percentunit", no_value=RELEASED),
    "BuntimeWorkersLeaking": Shown("instance:buntime_workers_discarded:since_start", "max(buntime:workers_discarded:limit)",
                                   no_value=RELEASED),
    "BuntimeAppErrorBudgetBurn 1h": _burn(14.4, "1h", "5m"),
    "BuntimeAppErrorBudgetBurn 6h": _burn(6, "6h", "30m"),
    "BuntimeAppErrorBudgetBurn 1d": _burn(3, "1d", "2h"),
    "BuntimeAppErrorBudgetBurn 3d": _burn(1, "3d", "6h"),
    "BuntimeWorkerStartFailures": Shown(
        "(increase(buntime_workers_failed_total[10m]) > 3) / (increase(buntime_workers_created_total[10m]) > 0)", 0.1, "percentunit"),
    "BuntimeWorkersNotServing": Shown(
        "increase(buntime_pool_requests_unserved_total[5m]) / (increase(buntime_workers_created_total[5m]) > 0)",
        "max(buntime:requests_unserved_per_workers_created:limit)", no_value=RELEASED),
    "BuntimeAppWorkersDying": Shown(
        f"sum {OVER_ALL} (increase(buntime_app_workers_discarded_total[15m])) / "
        f"(sum {OVER_ALL} (increase(buntime_app_requests_total[15m])) > 0)",
        "max(buntime:app_workers_discarded_per_requests:limit)", who=APP, no_value=RELEASED),
    "BuntimeAppSlowRequests": Shown("app:buntime_app_request_duration_seconds:mean5m", "app:buntime_app_request_duration_seconds:limit",
                                    "s", "{{app}} {{namespace}}", RELEASED),
    "BuntimeAppHeapGrowth": Shown("avg_over_time(app:buntime_worker_memory_heap_used_bytes:avg[1h])",
                                  "1.5 * avg_over_time(app:buntime_worker_memory_heap_used_bytes:avg[1d] offset 1d)", "bytes", APP),
    "BuntimeExporterDown": Shown(f"avg_over_time(up{EVERY_JOB}[5m])", 0.5, "percentunit", TARGET),
    "BuntimeExporterPollErrors": Shown(
        'sum without (outcome) (rate(buntime_exporter_polls_total{outcome!="ok"}[5m])) / '
        "(sum without (outcome) (rate(buntime_exporter_polls_total[5m])) > 0)", 0.1, "percentunit"),
    "BuntimeExporterStaleData": Shown("time() - max_over_time(buntime_last_success_timestamp_seconds[2m])", 120, "s"),
    "BuntimeExporterSlowScrapes": Shown(f"avg_over_time(scrape_duration_seconds{EVERY_JOB}[5m])", 5, "s", TARGET),
    "BuntimeExporterSeriesChurn": Shown(f"sum_over_time(scrape_series_added{EVERY_JOB}[1h])", 20000, who=TARGET),
    "BuntimeExporterConfigReloadFailed": Shown("max_over_time(buntime_exporter_config_last_reload_successful[5m])", 0, "percentunit", TARGET),
    "BuntimeExporterVersionSkew": Shown(
        "count without (version, revision) (count without (instance, pod, container, endpoint, node, runtime, compiler) "
        "(buntime_exporter_build_info))", 1, who="{{job}} {{namespace}}"),
    "BuntimeMemoryNearLimit": Shown(
        'max by (cluster, namespace, pod) (avg_over_time(container_memory_working_set_bytes{container="buntime"}[5m])) / '
        '(max by (cluster, namespace, pod) (kube_pod_container_resource_limits{container="buntime", resource="memory"}) > 0)',
        0.9, "percentunit", "{{pod}} {{namespace}}"),
    "BuntimeOOMKilled": Shown('increase(kube_pod_container_status_restarts_total{container="buntime"}[15m])', 0,
                              who="{{pod}} {{namespace}}"),
    "BuntimeAutoscalerBroken": Shown(
        "max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_condition{"
        'horizontalpodautoscaler=~".*buntime.*", condition="AbleToScale", status="false"})', 1, "short",
        "{{horizontalpodautoscaler}} {{namespace}}"),
    "BuntimeAutoscalerMaxedOut": Shown(
        'max_over_time(kube_horizontalpodautoscaler_status_current_replicas{horizontalpodautoscaler=~".*buntime.*"}[5m])',
        "kube_horizontalpodautoscaler_spec_max_replicas", who="{{horizontalpodautoscaler}} {{namespace}}"),
}
METRIC = re.compile(r'(?<![\w:"])(?:[a-z_]+:[\w:]+|(?:buntime|scrape|kube|container)_\w+|up)\b(?![\w:(])(\{)?')


def limit(alert):
    """The number that an alert compares with, for panels that draw it as a line."""
    return SHOWN[alert].limit


def _choice(metric, apps):
    """The selectors of a metric that the choices on top of a dashboard filter by."""
    if metric.endswith(":limit") and metric.startswith("buntime:"):
        return ""
    if metric.startswith(("kube_", "container_")):
        return 'cluster=~"$cluster", namespace=~"$namespace"'
    if metric.startswith("app:"):
        return SELECTORS["$J"] + ', app=~"$app"'
    if metric == "up" or metric.startswith(("scrape_", "buntime_exporter_build", "buntime_exporter_config")):
        return SELECTORS["$P"]
    return SELECTORS["$A" if apps and metric.startswith("buntime_app_") else "$S"]


def chosen(expression, apps):
    """PromQL of the rules, filtered by the choices of a dashboard; `apps` where it has one of apps."""
    def add(match):
        metric = match[0].rstrip("{")
        choice = _choice(metric, apps)
        return match[0] if not choice else f"{metric}{{{choice}, " if match[1] else f"{metric}{{{choice}}}"

    return METRIC.sub(add, expression)


def _links(who):
    """On the way from an alert to its cause: the app or the runtime that it is about."""
    return [to_app()] if "{{app}}" in who else [to_runtime_page()] if "{{runtime}}" in who else []


def _panel(title, rule, width):
    shown, apps = SHOWN[title], "/buntime-apps" in rule["annotations"]["dashboard_url"] or "/buntime-workers" in rule["annotations"]["dashboard_url"]
    if title == "BuntimeLimitsMissing":
        names = [re.search(r"buntime:(\w+)", value)[1] for value in shown.values]
    else:
        names = [f"{value.rpartition('_rate')[2]} {shown.who}" if len(shown.values) > 1 else shown.who for value in shown.values]
    queries = [Query(chosen(value, apps), name) for value, name in zip(shown.values, names)]
    limits = []
    if shown.limit is not None:
        number = not isinstance(shown.limit, str)
        one = number or shown.limit.startswith("max(")
        limits = [Query(f"vector({shown.limit:g})" if number else chosen(shown.limit, apps), "Limit" if one else f"Limit {shown.who}")]
    condition = Query(chosen(" ".join(rule["expr"].split()), apps), f"Condition {shown.who}".strip())
    wait = f" for {rule['for']}" if "for" in rule else ""
    return lines(title, f"{rule['annotations']['summary']} The alert fires where the condition, drawn thick, holds{wait}.",
                 [*queries, condition], unit=shown.unit, width=width, links=_links(shown.who), limits=limits, no_value=shown.no_value, minimum=None,
                 overrides=[field("/^Condition/", color={"mode": "fixed", "fixedColor": RED}, custom_lineWidth=5, custom_fillOpacity=0)])


def _rules(uid):
    """Title and rule of each alert that links to a dashboard, in the order of the files."""
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if "alert" in rule and re.match(rf"/d/{uid}\b", rule["annotations"]["dashboard_url"]):
                    yield " ".join(filter(None, (rule["alert"], rule["labels"].get("long_window")))), rule


def row(uid):
    """The row of a dashboard's alerts."""
    found = [_panel(title, rule, 12) for title, rule in _rules(uid)]
    if len(found) % 2:
        found[-1]["gridPos"]["w"] = 24
    return "Alerts: compared values, limits and conditions", [found[start:start + 2] for start in range(0, len(found), 2)]
