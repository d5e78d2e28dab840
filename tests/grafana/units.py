"""Numbers with the units of the dashboards, about as Grafana writes them."""
import math

SCALES = {
    "short": (1000, ["", " K", " Mil", " Bil"]),
    "reqps": (1000, [" req/s", "K req/s", "M req/s"]),
    "bytes": (1024, [" B", " KiB", " MiB", " GiB", " TiB"]),
}
TIMES = [(86400, " day"), (3600, " hour"), (60, " min"), (1, " s"), (1e-3, " ms"), (1e-6, " µs")]


def _number(value: float, decimals: int | None) -> str:
    if decimals is None:
        decimals = 0 if value == int(value) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{decimals}f}"


def text(value: float, unit: str, decimals: int | None = None) -> str:
    if math.isnan(value):
        return "NaN"
    if unit == "percentunit":
        return f"{_number(value * 100, decimals)}%"
    if unit in ("s", "d"):
        value *= 86400 if unit == "d" else 1
        size, name = next(((size, name) for size, name in TIMES if abs(value) >= size), (1, " s"))
        return f"{_number(value / size, decimals)}{name}"
    if unit.startswith("suffix:"):
        return f"{_number(value, decimals)} {unit.removeprefix('suffix:').strip()}"
    base, names = SCALES[unit]
    power = 0
    while abs(value) >= base and power + 1 < len(names):
        value, power = value / base, power + 1
    return f"{_number(value, decimals)}{names[power]}"
