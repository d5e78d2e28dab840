"""How fast time runs in the lab."""

FACTOR = 60  # a minute is a second
# A leak shows within hours. Ten times as fast, it fits in between.
FACTORS = {"resource-exhaustion.yml": 600}
