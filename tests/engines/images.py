"""The images: ours, built by the shipped Dockerfile, and stand-ins under the names that compose.yaml uses, made of Debian's
packages. Debian has no Grafana: a small server answers for it what verify.sh asks.
"""
import pathlib
import shutil
import subprocess
import tempfile
import time

from engine import ROOT, VERSION, Engine, chroot

BASE = "debian:12-slim"
EXPORTER, SIMULATOR = f"buntime-exporter:{VERSION}", f"buntime-simulator:{VERSION}"
# By image: the suite of Debian and the package, which has a program of the same name.
SERVERS = {"prom/prometheus:v3.5.0": ("forky", "prometheus"),
           "prom/alertmanager:v0.28.1": ("trixie", "prometheus-alertmanager")}
GRAFANA = "grafana/grafana:11.6.9"
UNPACK = 'set -euo pipefail; source "$0"; suite_open "$1/apt" "$2"; suite_unpack "$1/root" "$3"'


def unpack(suite: str, package: str, folder: str) -> pathlib.Path:
    """Where the files of a package of another suite are."""
    place = tempfile.mkdtemp(dir=folder)
    chroot.run("bash", "-c", UNPACK, str(ROOT / "tests/support/debian_suite.sh"), place, suite, package)
    return pathlib.Path(place, "root")


def import_base(engine: Engine) -> None:
    with subprocess.Popen(["tar", "-C", chroot.debian().folder / "base", "-c", "."], stdout=subprocess.PIPE) as archive:
        engine.docker("import", "-", BASE, stdin=archive.stdout)


def build_ours(engine: Engine) -> float:
    """Carries out the shipped Dockerfile for both targets; the seconds that it took."""
    started = time.monotonic()
    for target, name in (("exporter", EXPORTER), ("simulator", SIMULATOR)):
        engine.docker("build", "--network", "host", "--file", "deploy/Dockerfile", "--target", target, "--tag", name,
                      "--build-arg", "REVISION=engines", ".", cwd=ROOT, seconds=3600)
    return time.monotonic() - started


def build_servers(engine: Engine, folder: str) -> None:
    """What Compose starts beside our own."""
    place = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (place / "Dockerfile").write_text(
        f"FROM {BASE}\nRUN apt-get -qq update && apt-get -qq -y --no-install-recommends install busybox python3 && "
        "ln -s /bin/busybox /usr/local/bin/wget\n", encoding="utf-8")
    engine.docker("build", "--network", "host", "--tag", "servers", str(place))
    for image, (suite, package) in SERVERS.items():
        files = unpack(suite, package, folder)
        # As the original: the user nobody, who owns the folder of the data.
        data = "/" + image.split("/")[1].split(":")[0]
        (files / "Dockerfile").write_text(
            f"FROM servers\nCOPY usr /usr\nRUN mkdir -p {data} && chown 65534:65534 {data}\n"
            f'USER 65534\nENTRYPOINT ["/usr/bin/{package}"]\n', encoding="utf-8")
        engine.docker("build", "--network", "host", "--tag", image, str(files))
        shutil.rmtree(files)
    shutil.copy(pathlib.Path(__file__).with_name("grafana.py"), place)
    (place / "Dockerfile").write_text(
        "FROM servers\nCOPY grafana.py /\nRUN mkdir -p /var/lib/grafana && echo empty > /var/lib/grafana/grafana.db && "
        'chown -R 472:0 /var/lib/grafana\nUSER 472\nENTRYPOINT ["python3", "/grafana.py"]\n', encoding="utf-8")
    engine.docker("build", "--network", "host", "--tag", GRAFANA, str(place))
