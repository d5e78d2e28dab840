"""Does the exporter see the truth, and what does that cost?"""
from source import alerts
from source.dashboard import annotations, dashboard, target_variables
from source.panels import (ANOMALIES_PER_SECOND, GREEN, NEUTRAL, ORANGE, OUTCOME, POLLS_PER_SECOND, PROBES_PER_SECOND, RED, colored, column,
                           heatmap, lines, mapping, stat, steps, table, to_workers)
from source.queries import IDENTITY, Query, top

WHO = "{{runtime}} {{instance}}"
# The least that a certificate may have left: one that has ended is red.
LONG_AGO = -1e10
# Every job in the store has processes and scrapes. Ours are those of an exporter, or of targets that told of Buntime within
# the hour, so that one that is down does not disappear.
OUR_PROCESSES = " and on (cluster, namespace, job, instance) buntime_exporter_build_info{$P}"
OUR_TARGETS = (" and on (cluster, namespace, job, instance) (present_over_time(buntime_up{$S}[1h]@) "
               "or present_over_time(buntime_exporter_build_info{$P}[1h]@))")


def _status():
    process = "cluster, namespace, job, instance"
    return [
        [stat("Targets up", "Scrapes of these jobs that succeed: exporters, and runtimes behind /probe.",
              [Query(f"sum(up{{$P}}{OUR_TARGETS})".replace("@", ""))], thresholds=steps(NEUTRAL, (0, RED), (1, GREEN))),
         stat("Failing polls", "Share of the polls of runtimes that fail.",
              [Query('(sum(rate(buntime_exporter_polls_total{$S, outcome!="ok"}[W])) or vector(0)) / '
                     "(sum(rate(buntime_exporter_polls_total{$S}[W])) > 0)")], unit="percentunit",
              thresholds=steps(GREEN, (alerts.limit("BuntimeExporterPollErrors"), RED))),
         stat("Configuration", "Whether the latest reload of the configuration succeeded, everywhere. After a failed one the last "
              "good configuration is in force.",
              [Query("min(buntime_exporter_config_last_reload_successful{$P})", instant=True)],
              thresholds=steps(NEUTRAL), mappings=mapping(v1=("good", GREEN), v0=("failed", RED))),
         stat("Anomalies", "Fields of answers that made no sense, in the range of time: they were left out, and so are missing.",
              [Query("sum(increase(buntime_exporter_anomalies_total{$S}[$__range])) or vector(0)", instant=True)],
              thresholds=steps(GREEN, (1, ORANGE)), decimals=0),
         stat("Workers left out", "Workers beyond --worker.limit, which have no series of their own; app series count them.",
              [Query("sum(buntime_exporter_workers_dropped{$S})", instant=True)], thresholds=steps(GREEN, (1, ORANGE))),
         stat("Certificate ends in", "Of the exporter's own server, where it serves TLS.",
              [Query("min(buntime_exporter_web_certificate_expiry_timestamp_seconds{$P}) - time()", instant=True)], unit="s",
              thresholds=steps(NEUTRAL, (LONG_AGO, RED), (604800, ORANGE), (2592000, GREEN)), no_value="no TLS")],
        [table("Exporters", "Which build runs where, since when, and when its configuration was last loaded.",
               [f"max by ({process}, version, revision, compiler) (buntime_exporter_build_info{{$P}})",
                f"time() - max by ({process}) (process_start_time_seconds{{$P}}{OUR_PROCESSES})",
                f"time() - max by ({process}) (buntime_exporter_config_last_reload_success_timestamp_seconds{{$P}})"],
               [column("job", "Job"), column("version", "Version"), column("revision", "Revision"), column("compiler", "Compiler"),
                column("#B", "Running for", unit="s"), column("#C", "Configured for", unit="s"), column("instance", "Instance")],
               width=12, height=7, sort="Instance", descending=False),
         table("Latest poll of each runtime", "How it ended, in which layout and dialect the runtime answers, and how long it took.",
               [f"max by ({IDENTITY}, outcome) (buntime_poll_outcome{{$S}} == 1)",
                f"max by ({IDENTITY}, layout, dialect, version) (buntime_runtime_info{{$S}})",
                f"max by ({IDENTITY}) (buntime_poll_duration_seconds{{$S}})",
                f"time() - max by ({IDENTITY}) (buntime_last_success_timestamp_seconds{{$S}})"],
               [column("runtime", "Runtime", links=[to_workers("fields")]),
                column("outcome", "Outcome", custom_cellOptions={"type": "color-text"}, mappings=OUTCOME),
                column("layout", "Layout"), column("dialect", "Dialect"), column("version", "Version"),
                column("#C", "Duration", unit="s"), column("#D", "Age", unit="s"),
                column("instance", "Instance", links=[to_workers("fields")])],
               width=12, height=7, sort="Age")]]


def _polls():
    quantile = "histogram_quantile(%s, sum by (le) (rate(buntime_exporter_poll_duration_seconds_bucket{$P}[W])))"
    return [
        [lines("Polls", "All polls, and the failed ones by outcome.",
               [Query("sum(rate(buntime_exporter_polls_total{$S}[W]))", "All"),
                Query('sum by (outcome) (rate(buntime_exporter_polls_total{$S, outcome!="ok"}[W])) > 0', "{{outcome}}")],
               unit=POLLS_PER_SECOND, overrides=[colored("All", NEUTRAL)]),
         lines("Age of the newest reading", "Of the ten oldest. It falls to 0 at each poll; beyond --poll.stale-after the series of "
               "the runtime end, and beyond 120 s an alert tells whether the exporter itself is stuck.",
               [Query(f"time() - (buntime_last_success_timestamp_seconds{{$S}} and "
                      "bottomk(10, buntime_last_success_timestamp_seconds{$S} @ end()))", WHO)], unit="s",
               thresholds=steps(GREEN, (alerts.limit("BuntimeExporterStaleData"), RED)), links=[to_workers()])],
        [lines("Duration of the latest poll", "Of the ten slowest runtimes.",
               [Query(top(10, "buntime_poll_duration_seconds{$S}@"), WHO)], unit="s", links=[to_workers()]),
         lines("Quantiles of poll durations", "Half of all polls (p50), and 99 % of them (p99), took no longer.",
               [Query(quantile % "0.5", "p50"), Query(quantile % "0.99", "p99")], unit="s")],
        [heatmap("Distribution of poll durations", "How many polls took how long: two bands are two kinds of runtimes, a second band above "
                 "the first is one that has become slow.",
                 "sum by (le) (increase(buntime_exporter_poll_duration_seconds_bucket{$P}[W]))"),
         heatmap("Distribution of the exporter's answers", "How many answers of the exporter's server took how long.",
                 "sum by (le) (increase(buntime_exporter_http_request_duration_seconds_bucket{$P}[W]))")],
        [lines("Probes", "Answers of /probe by module, and by how the probe ended: an outcome of a poll, a target that is forbidden, or "
               "too many at once (only where modules are configured).",
               [Query("sum by (module, result) (rate(buntime_exporter_probes_total{$P}[W]))", "{{module}} {{result}}")],
               unit=PROBES_PER_SECOND, width=8, no_value="no modules"),
         lines("Anomalies by kind", "Nonsense in answers; the log says what and where.",
               [Query("sum by (kind) (rate(buntime_exporter_anomalies_total{$S}[W]))", "{{kind}}")], unit=ANOMALIES_PER_SECOND, width=8),
         lines("Workers left out, by runtime", "Workers beyond --worker.limit, of the ten runtimes with most.",
               [Query(top(10, "buntime_exporter_workers_dropped{$S}@"), WHO)], width=8, links=[to_workers()], decimals=0, axis="workers")],
        [lines("Apps without series, by runtime", "Apps beyond --app.limit, counted together as the app “other”, of the ten runtimes "
               "with most.", [Query(top(10, "buntime_exporter_apps_dropped{$S}@"), WHO)], width=12, decimals=0, axis="apps"),
         lines("Log lines dropped", "Lines of the exporters' logs that standard error did not take.",
               [Query("sum by (instance) (increase(buntime_exporter_log_lines_dropped_total{$P}[W]))", "{{instance}}")],
               width=12, decimals=0, axis="lines")]]


def _scrapes():
    answer = ("histogram_quantile(0.99, sum by (path, le) (rate(buntime_exporter_http_request_duration_seconds_bucket{$P}[W])))")
    return [
        [lines("Duration of a scrape", "As Prometheus sees it, of the ten slowest targets, and 99 % of the exporter's own answers by "
               "path. Scrapes end at their timeout, usually 10 s.",
               [Query(top(10, "scrape_duration_seconds{$P}@" + OUR_TARGETS), "Scrape {{job}} {{instance}}"), Query(answer, "p99 {{path}}")],
               unit="s", width=8, thresholds=steps(GREEN, (alerts.limit("BuntimeExporterSlowScrapes"), RED))),
         lines("Samples and new series", "Samples in a scrape, and how many of them began a new series: many for long mean that workers "
               "come and go. The ten largest targets.",
               [Query(top(10, "scrape_samples_scraped{$P}@" + OUR_TARGETS), "Samples {{job}} {{instance}}"),
                Query(top(10, "scrape_series_added{$P}@" + OUR_TARGETS), "New {{job}} {{instance}}")], width=8, axis="samples"),
         lines("Requests to the exporter", "By path and status. 401 is a wrong password, 429 the rate limit, 503 a full server.",
               [Query("sum by (path, code) (rate(buntime_exporter_http_requests_total{$P}[W]))", "{{path}} {{code}}")],
               unit="reqps", width=8)]]


def _process():
    return [
        [lines("CPU", "Share of one processor.", [Query("rate(process_cpu_seconds_total{$P}[W])" + OUR_PROCESSES, "{{instance}}")],
               unit="percentunit", width=8),
         lines("Memory", "Resident memory of the exporter.", [Query("process_resident_memory_bytes{$P}" + OUR_PROCESSES, "{{instance}}")],
               unit="bytes", width=8),
         lines("File descriptors", "Open ones against the limit of the process.",
               [Query("process_open_fds{$P} / (process_max_fds{$P} > 0)" + OUR_PROCESSES, "{{instance}}")], unit="percentunit", width=8,
               thresholds=steps(GREEN, (0.8, RED)))]]


DASHBOARD = dashboard(
    "buntime-exporter", "Exporter",
    "Does the exporter see the truth: do polls and scrapes succeed, how old are the numbers, what do they cost?",
    [("Status", _status()), ("Polling", _polls()), ("Scrapes", _scrapes()), ("Process", _process()), alerts.row("buntime-exporter")],
    # With /probe the exporter's own page is a job without runtimes, so buntime_up alone would not find it.
    target_variables(metric='{__name__=~"buntime_up|buntime_exporter_build_info"}'), annotations(own=True))
