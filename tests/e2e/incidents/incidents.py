"""The incidents: what runs, what breaks, what cures it, and who must be told what."""
from dataclasses import dataclass

from clock import FACTOR, FACTORS
from history import errors_of, heaps

PAGER, TICKETS = "pager", "tickets"


@dataclass
class Site:
    """One cluster: a simulator and the exporter that polls it."""
    simulator: object
    exporter: object
    lab: object


@dataclass(frozen=True)
class Incident:
    name: str
    expected: frozenset  # of (receiver, alert)
    fault: object  # called with the Site
    cure: object
    simulator: tuple = ()
    runtimes: int = 1
    key: bool = False  # the runtime asks for one, and the exporter has it
    probed: bool = False  # Prometheus knows the runtimes, and the exporter polls them when it is asked to
    history: object = None  # called with the name and the Site: what is known of days before
    factor: int = FACTOR  # how many times as fast time runs for the alert
    linger: float = 10  # seconds from the last expected notification to the cure, in which nothing else may come


def scenario(name, **parameters):
    return lambda site: site.simulator.control("scenario", name=name, **parameters)


NOMINAL = scenario("nominal")


def app(name, **habits):
    """An app of the simulator's flag --app changes its habits."""
    return lambda site: site.simulator.control("app", name=name, **{key.replace("_", "-"): value for key, value in habits.items()})


def in_turn(*actions):
    def act(site):
        for action in actions:
            action(site)
    return act


def refuse(runtime="all"):
    return lambda site: site.simulator.fault("refuse", runtime=runtime)


def revive(runtime="all"):
    """A killed process comes back as a new one."""
    def act(site):
        site.simulator.control("restart", runtime=runtime)
        site.simulator.clear(runtime=runtime)
    return act


def pages(*alerts):
    return frozenset((PAGER, alert) for alert in alerts)


def tickets(*alerts):
    return frozenset((TICKETS, alert) for alert in alerts)


INCIDENTS = [
    Incident("runtime killed", pages("BuntimeDown"), refuse(), revive()),
    Incident("crash loop", pages("BuntimeCrashLooping"), scenario("crash-loop=45"), NOMINAL),
    Incident("bad deploy", tickets("BuntimeWorkersNotServing"), scenario("bad-deploy", app="checkout"), NOMINAL),
    Incident("an app that never boots beside a busy one", tickets("BuntimeWorkersNotServing"),
             app("reports@1.0.0", rps=1, boots="no"), app("reports@1.0.0", rps=0),
             simulator=("--app", "shop@1.0.0,rps=100", "--app", "reports@1.0.0,rps=0")),
    Incident("an app whose requests all time out", tickets("BuntimeAppWorkersDying"), app("reports@1.0.0", hangs="1s"),
             app("reports@1.0.0", hangs="0s"), simulator=("--app", "shop@1.0.0,rps=20", "--app", "reports@1.0.0,rps=1")),
    # Only a new process gives back what discarded workers hold. The workers start at once: one that takes most of its life
    # to start is found starting by nearly every poll, as one that never serves.
    Incident("discarded workers leak", tickets("BuntimeWorkersLeaking"), app("shop@1.0.0", max_requests=20),
             in_turn(app("shop@1.0.0", max_requests=1000), lambda site: site.simulator.control("restart")),
             simulator=("--app", "shop@1.0.0,rps=157,boot=0ms")),
    # A third of the requests dies with workers that are evicted while they start.
    Incident("eviction thrash", tickets("BuntimeEvictionChurn", "BuntimeWorkersNotServing"), scenario("thrash"), NOMINAL),
    Incident("pool exhausted", pages("BuntimePoolExhausted"), scenario("pool-exhausted"), NOMINAL,
             simulator=("--release", "documented", "--rps", "8"), linger=40),  # long enough for everything that follows from it
    Incident("ephemeral queue saturated", pages("BuntimeEphemeralQueueNearLimit"), scenario("queue-saturated=300"), NOMINAL),
    Incident("one app failing", pages("BuntimeAppErrorBudgetBurn"), scenario("failing=1", app="checkout"), NOMINAL,
             history=errors_of("checkout")),
    Incident("one app slow", tickets("BuntimeAppSlowRequests"), scenario("slow=200", app="checkout"), NOMINAL),
    Incident("heap leak", tickets("BuntimeAppHeapGrowth"), scenario("leak=0.05", app="checkout"), NOMINAL,
             simulator=("--release", "documented", "--rps", "2"), history=heaps, factor=FACTORS["resource-exhaustion.yml"]),
    Incident("exporter killed", pages("BuntimeDown"), lambda site: site.exporter.kill(),
             lambda site: site.lab.revive_exporter(site)),
    Incident("API key revoked", tickets("BuntimeAccessDenied"), scenario("key-revoked"), scenario("key-restored"),
             simulator=("--release", "0.5.4"), key=True),
    Incident("target behind a load balancer", tickets("BuntimeTargetLoadBalanced"), scenario("load-balanced=2"),
             scenario("unbalanced")),
    Incident("half the fleet down", pages("BuntimeDown"), refuse("0-1"), revive("0-1"), runtimes=4),
    Incident("one of the probed runtimes killed", tickets("BuntimeInstanceDown"), refuse("0"), revive("0"), runtimes=4, probed=True),
    Incident("pool of a probed runtime exhausted", pages("BuntimePoolExhausted"), scenario("pool-exhausted", runtime="1"), NOMINAL,
             simulator=("--release", "documented", "--rps", "2"), runtimes=2, probed=True),
    # No other alert is explained by that of the exporter's own job: it is the one that names the cause.
    Incident("exporter of the probes killed", pages("BuntimeDown") | tickets("BuntimeExporterDown"),
             lambda site: site.exporter.kill(), lambda site: site.lab.revive_exporter(site), runtimes=2, probed=True),
    Incident("one of a fleet down", tickets("BuntimeInstanceDown"), refuse("0"), revive("0"), runtimes=4),
]
