# shellcheck shell=bash
# Sourced by the scripts that install and build: shows how far they are, on standard error.

# show_progress STEP : reads whole percentages from standard input, one a line, and shows the latest with the seconds since the
# start: on a terminal in one line that is rewritten, elsewhere a line every ten percent. Shows nothing without input.
show_progress() {
  local step=$1 percent=0 shown=-10 began=$SECONDS seen="" status terminal=""
  [[ -t 2 ]] && terminal=yes
  while true; do
    status=0
    IFS= read -r -t 1 line || status=$?
    ((status == 0 || status > 128)) || break # neither a line nor a second without one: the end
    ((status == 0)) && percent=$line seen=yes
    [[ -n $seen ]] || continue
    if [[ -n $terminal ]]; then
      printf '\r%s: %3d %%, %d s ' "$step" "$percent" $((SECONDS - began)) >&2
    elif ((percent >= shown + 10)); then
      shown=$((percent / 10 * 10))
      printf '%s: %3d %%, %d s\n' "$step" "$percent" $((SECONDS - began)) >&2
    fi
  done
  [[ -n $seen && -n $terminal ]] && echo >&2
  return 0
}

# apt_percent : apt's APT::Status-Fd as percentages: the first half is downloading, the second installing.
apt_percent() {
  local kind percent last=-1
  while IFS=: read -r kind _ percent _; do
    percent=${percent%%[.,]*}
    [[ $percent =~ ^[0-9]+$ ]] || continue
    case $kind in
      dlstatus) percent=$((percent / 2)) ;;
      pmstatus) percent=$((50 + percent / 2)) ;;
      *) continue ;;
    esac
    ((percent > last)) && echo "$percent" && last=$percent
  done
  return 0
}

# ninja_percent LOG : ninja's "[12/70] …" as percentages; everything it prints goes to the file LOG.
ninja_percent() {
  local line
  while IFS= read -r line; do
    echo "$line" >> "$1"
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]] && echo $((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
  done
  return 0
}
