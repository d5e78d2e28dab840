#!/usr/bin/env bash
# Usage: deploy/verify.sh
# Asks a running installation every question that matters, from the runtime to the dashboards, and says what to do about
# each answer that is wrong. Exit status: 0 if nothing failed, 1 if something did, 2 if it could not ask.
#
# Where to ask stands in the environment; set to nothing, a part is left out:
#   EXPORTER=http://localhost:10077       TELEMETRY_PATH=/metrics
#   EXPORTER_CURL_CONFIG=                 a file of options for curl (see its -K): the exporter's CA, user, password
#   PROMETHEUS=http://localhost:9090      JOB=buntime
#   ALERTMANAGER=http://localhost:9093
#   GRAFANA=http://localhost:3000         GRAFANA_PASSWORD_FILE=deploy/secrets/grafana-admin-password
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${EXPORTER=http://localhost:10077}" "${PROMETHEUS=http://localhost:9090}"
: "${ALERTMANAGER=http://localhost:9093}" "${GRAFANA=http://localhost:3000}"
: "${GRAFANA_PASSWORD_FILE=$root/deploy/secrets/grafana-admin-password}"
: "${TELEMETRY_PATH=/metrics}" "${JOB=buntime}" "${EXPORTER_CURL_CONFIG=}"

case $# in
  0) ;;
  *)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
    [[ $1 == --help || $1 == -h ]] && exit 0
    exit 2
    ;;
esac
command -v curl > /dev/null || {
  echo "verify.sh: curl is not installed: apt-get install curl" >&2
  exit 2
}

failed=0
verdict() { printf '%-5s %-13s %s\n' "$@"; }
pass() { verdict ok "$part" "$1"; }
# warn WHAT CURE, fail WHAT CURE
warn() { verdict warn "$part" "$1" && printf '%19s → %s\n' "" "$2"; }
fail() { verdict FAIL "$part" "$1" && printf '%19s → %s\n' "" "$2" && failed=$((failed + 1)); }

# get [OPTIONS OF CURL…] URL : the body of an answer, or why there is none.
get() { curl --silent --show-error --fail --max-time 10 "$@" 2>&1; }

# sum NAME : of all samples of a metric in the page that stands in $page; nothing where there is none.
sum() {
  awk -v name="$1" '$1 == name || index($1, name "{") == 1 { total += $NF; any = 1 }
                    END { if (any) printf "%.0f", total }' <<< "$page"
}

# ask EXPRESSION : the one value that Prometheus computes; nothing where there is none.
ask() {
  get --get --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query" |
    sed -n 's/.*"value":\[[0-9.e+]*,"\([^"]*\)"\].*/\1/p'
}

# reachable URL PATH CURE [OPTIONS OF CURL…] : whether the part answers at all; if not, nothing else is to be asked.
reachable() {
  local answer url=$1 path=$2 cure=$3
  shift 3
  if answer=$(get "$@" "$url$path"); then
    pass "answers at $url"
  else
    fail "$url$path: ${answer#curl: }" "$cure"
    return 1
  fi
}

# cure OUTCOME : what to do about a runtime that is down.
cure() {
  case $1 in
    dns) echo "the name of the runtime is unknown to the exporter: check --runtime.url and the name server" ;;
    connect) echo "nothing listens there: does the runtime run, and may the exporter reach it?" ;;
    timeout)
      echo "no answer in time: the runtime or its host may be stopped, a firewall may drop packets, or it is overloaded" \
        "(--poll.timeout)"
      ;;
    tls) echo "the runtime's certificate is not trusted: set tls.ca_file in --config.file" ;;
    unauthorized) echo "the key is missing or wrong: --runtime.api-key-file wants one of role admin or editor" ;;
    not_found) echo "enable the runtime's metrics plugin, or say where it is mounted: --runtime.plugin-base" ;;
    not_initialized) echo "the runtime is still starting; if it stays so, read its log" ;;
    rate_limited) echo "a gateway limits the exporter: poll the runtime directly" ;;
    "not polled yet") echo "ask again after the first poll" ;;
    *) echo "the exporter's log says what the runtime answered" ;;
  esac
}

# down : of each runtime that is down its name and the outcome of its latest poll, a line each. One that has no name is "-".
down() {
  awk '
    function label(name) { return match($1, "[{,]" name "=\"[^\"]*\"") ? substr($1, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : "" }
    /^buntime_up[{ ]/ && $NF == 0 { names[++n] = label("runtime") }
    /^buntime_poll_outcome{/ && $NF == 1 { outcome[label("runtime")] = label("outcome") }
    END { for (i = 1; i <= n; i++) print (names[i] == "" ? "-" : names[i]), (names[i] in outcome ? outcome[names[i]] : "-") }
  ' <<< "$page"
}

check_runtimes() {
  local runtimes up name outcome shown=0
  runtimes=$(grep -c '^buntime_up[{ ]' <<< "$page")
  up=$(sum buntime_up)
  if ((runtimes == 0)); then
    pass "polls no runtime by itself: Prometheus names them (/probe)"
    return
  elif ((runtimes == up)); then
    pass "$up of $runtimes runtimes are up"
  else
    fail "$((runtimes - up)) of $runtimes runtimes are down" "the next lines name them, $EXPORTER/targets names all"
    # Each has a cause of its own.
    while read -r name outcome && ((shown < 10)); do
      shown=$((shown + 1))
      [[ $outcome == - || $outcome == ok ]] && outcome="not polled yet"
      printf '%19s   %s: %s → %s\n' "" "$([[ $name == - ]] && echo "the runtime" || echo "$name")" "$outcome" \
        "$(cure "$outcome")"
    done < <(down)
  fi
  if [[ -n $(sum buntime_pool_size) ]]; then
    pass "the pool's size is known"
  elif ((up > 0)); then
    warn "the pool's size is unknown: no utilization, and no alert about it" \
      "--runtime.pool-size wants the runtime's RUNTIME_POOL_SIZE"
  fi
}

check_exporter() {
  part=exporter
  local page dropped expiry options=()
  [[ -z $EXPORTER_CURL_CONFIG ]] || options=(--config "$EXPORTER_CURL_CONFIG")
  reachable "$EXPORTER" /-/healthy "does it run? journalctl -u buntime-exporter, or docker compose logs exporter" \
    "${options[@]}" || return
  if ! page=$(get "${options[@]}" "$EXPORTER$TELEMETRY_PATH"); then
    fail "no metrics at $TELEMETRY_PATH: ${page#curl: }" "401: set EXPORTER_CURL_CONFIG; 404: set TELEMETRY_PATH"
    return
  fi
  check_runtimes
  case $(sum buntime_exporter_config_last_reload_successful) in
    1) pass "its configuration is the one in its files" ;;
    *) fail "the latest reload failed: the last good configuration is in force" "its log names file and line" ;;
  esac
  dropped=$(sum buntime_exporter_workers_dropped)
  ((${dropped:-0} == 0)) ||
    warn "$dropped workers have no series of their own" "raise --worker.limit if you need them; apps cover all workers"
  expiry=$(sum buntime_exporter_web_certificate_expiry_timestamp_seconds)
  if [[ -n $expiry ]] && ((expiry < $(date +%s) + 14 * 86400)); then
    fail "its certificate ends within 14 days" "renew it; the exporter notices the new files by itself"
  fi
}

check_prometheus() {
  part=prometheus
  local up age managers
  reachable "$PROMETHEUS" /-/ready "does it run? docker compose logs prometheus" || return
  up=$(ask "min(up{job=\"$JOB\"})")
  case $up in
    1) pass "scrapes the job $JOB" ;;
    0) fail "cannot scrape a target of the job $JOB" "$PROMETHEUS/targets says why" ;;
    *) fail "has no job $JOB" "the rules expect this name: see deploy/prometheus/static.yml" ;;
  esac
  if [[ -n $up ]]; then
    age=$(ask 'time() - min(buntime_last_success_timestamp_seconds > 0)')
    age=${age%%.*}
    if [[ -z $age ]]; then
      fail "has no reading of any runtime" "see the exporter above"
    elif ((age < -5)); then
      fail "the clocks of exporter and Prometheus differ by more than 5 s" "synchronize them (NTP)"
    elif ((age > 120)); then
      fail "the oldest reading is $age s old" "a runtime is down, or the clocks differ"
    else
      pass "the readings are fresh"
    fi
  fi
  check_rules
  managers=$(get "$PROMETHEUS/api/v1/alertmanagers" | sed -n 's/.*"activeAlertmanagers":\(\[[^]]*\]\).*/\1/p')
  if [[ -n $ALERTMANAGER && ($managers == '[]' || -z $managers) ]]; then
    fail "knows no Alertmanager" "name it under alerting: in prometheus.yml"
  elif [[ -n $ALERTMANAGER ]]; then
    pass "sends alerts to an Alertmanager"
  fi
}

check_rules() {
  local rules name wanted=0 firing
  local -a missing=()
  rules=$(get "$PROMETHEUS/api/v1/rules")
  # Those for Kubernetes are nothing that every installation has.
  while read -r name; do
    wanted=$((wanted + 1))
    grep -q "\"name\":\"$name\"" <<< "$rules" || missing+=("$name")
  done < <(find "$root/alerts" -maxdepth 1 -name '*.yml' ! -name kubernetes.yml \
    -exec sed -n 's/^ *- alert: \(Buntime[A-Za-z]*\)$/\1/p' {} + | sort -u)
  if ((${#missing[@]} == 0)); then
    pass "has all $wanted alerts"
  else
    fail "lacks ${#missing[@]} of $wanted alerts, such as ${missing[0]}" \
      "rule_files: [.../alerts/*.yml] in prometheus.yml, then a reload"
  fi
  if grep -q '"health":"err"' <<< "$rules"; then
    fail "cannot evaluate a rule" "$PROMETHEUS/rules shows which, and why"
  else
    pass "evaluates its rules without an error"
  fi
  firing=$(get --get --data-urlencode 'query=ALERTS{alertname=~"Buntime.+",alertstate="firing",severity!="info"}' \
    "$PROMETHEUS/api/v1/query" | grep -o '"alertname":"[A-Za-z]*"' | cut -d '"' -f 4 | sort -u | paste -sd ' ')
  [[ -z $firing ]] || warn "these alerts fire: $firing" "alerts/runbooks/ has a page for each"
}

# Newer Alertmanagers show an address only as <secret>. Then the example's names, and its file, are all there is to see.
check_receivers() {
  local file=$root/deploy/alertmanager/alertmanager.yml
  if grep -q 'localhost:9099' <<< "$status"; then
    warn "its receivers are the examples: no notification arrives" "edit the end of deploy/alertmanager/alertmanager.yml"
  elif grep -q -e '<secret>' -e 'u003csecret' <<< "$status" && grep -q 'name: pager' <<< "$status" &&
    grep -q 'name: tickets' <<< "$status" && grep -q '^ *- url: http://localhost:9099' "$file"; then
    warn "its receivers may be the examples: it hides their addresses" \
      "deploy/alertmanager/alertmanager.yml still names the examples; if yours is another file, all is well"
  else
    pass "has receivers of your own"
  fi
}

check_alertmanager() {
  part=alertmanager
  local page status failures
  reachable "$ALERTMANAGER" /-/ready "does it run? docker compose logs alertmanager" || return
  status=$(get "$ALERTMANAGER/api/v2/status")
  check_receivers
  if grep -q 'BuntimeTargetsMissing' <<< "$status"; then
    pass "inhibits what another alert explains"
  else
    warn "knows nothing of Buntime's inhibitions" "take inhibit_rules from deploy/alertmanager/alertmanager.yml"
  fi
  page=$(get "$ALERTMANAGER/metrics")
  failures=$(sum alertmanager_notifications_failed_total)
  if ((${failures:-0} == 0)); then
    pass "no notification has failed"
  else
    fail "$failures notifications have failed" "its log names the receiver and the reason"
  fi
}

check_grafana() {
  part=grafana
  local answer count login
  reachable "$GRAFANA" /api/health "does it run? docker compose logs grafana" || return
  if [[ ! -r $GRAFANA_PASSWORD_FILE ]]; then
    fail "the password of its user admin is unknown" "GRAFANA_PASSWORD_FILE names its file; deploy/secrets.sh makes one"
    return
  fi
  # In a file: the arguments of a command are seen by everybody on the machine.
  login=$(mktemp)
  printf 'user = "admin:%s"\n' "$(< "$GRAFANA_PASSWORD_FILE")" > "$login"
  if ! answer=$(get --config "$login" "$GRAFANA/api/search?tag=buntime"); then
    fail "does not let us in: ${answer#curl: }" "was the password changed? deploy/README.md, 'Changing credentials'"
  else
    count=$(grep -o '"uid":"buntime-' <<< "$answer" | wc -l)
    if ((count >= 5)); then
      pass "has $count dashboards"
    else
      fail "has $count of 5 dashboards" "provision grafana/dashboards, or import them (grafana/README.md)"
    fi
    if answer=$(get --config "$login" "$GRAFANA/api/datasources/uid/buntime-prometheus/health"); then
      pass "reaches its data source"
    else
      fail "does not reach its data source: ${answer#curl: }" "PROMETHEUS_URL is Prometheus' address as Grafana sees it"
    fi
  fi
  rm -f "$login"
}

[[ -z $EXPORTER ]] || check_exporter
[[ -z $PROMETHEUS ]] || check_prometheus
[[ -z $ALERTMANAGER ]] || check_alertmanager
[[ -z $GRAFANA ]] || check_grafana
echo
((failed == 0)) && echo "nothing failed" && exit 0
echo "$failed failed"
exit 1
