"""How the page writes numbers, written down a second time: what it shows is compared with what the JSON says."""

UNKNOWN = "–"


def count(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.0f}"


def requests(app: dict) -> str:
    """An app's total, marked where more than a tenth of it is estimated."""
    estimated = (app["estimated_requests"] or 0) > app["requests"] / 10
    return ("\u2248 " if estimated else "") + count(app["requests"])


def rate(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    if value < 0.005:
        return "<0.01"
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:,.{digits}f}"


def percent(ratio: float | None) -> str:
    if ratio is None:
        return UNKNOWN
    if 0 < ratio < 0.0005:
        return "<0.1%"
    return f"{ratio * 100:,.1f}".removesuffix(".0") + "%"


def memory(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            return f"{rate(value)} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def duration(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{rate(seconds * 1000)} ms"
    rest = int(seconds)
    days, hours, minutes = rest // 86400, rest // 3600 % 24, rest // 60 % 60
    parts = [f"{days}d", f"{hours}h", f"{minutes}m", f"{rest % 60}s"]
    while parts[0][:-1] == "0":
        parts.pop(0)
    return " ".join(parts[:2])
