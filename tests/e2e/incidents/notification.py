from dataclasses import dataclass


@dataclass(frozen=True)
class Notification:
    """What a receiver was told about one alert, and when (of the monotonic clock)."""
    at: float
    receiver: str
    cluster: str
    alert: str
    severity: str
    resolved: bool
