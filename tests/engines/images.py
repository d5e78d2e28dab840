"""The images: ours, built by the shipped Dockerfile, and stand-ins under the names that compose.yaml uses, made of Debian's
packages. Debian has no Grafana: a small server answers for it what verify.sh asks.
"""
import functools
import pathlib
import shutil
import subprocess
import tempfile

from engine import ROOT, VERSION, Engine, chroot

BASE = "debian:12-slim"
EXPORTER, SIMULATOR = f"buntime-exporter:{VERSION}", f"buntime-simulator:{VERSION}"
# By image: the suite of Debian and the package, which has a program of the same name.
SERVERS = {"prom/prometheus:v3.5.0": ("forky", "prometheus"),
           "prom/alertmanager:v0.28.1": ("trixie", "prometheus-alertmanager")}
GRAFANA = "grafana/grafana:11.6.9"
SUITE_LIBRARY = ROOT / "tests/support/debian_suite.sh"


def _suite_command(command: str, *arguments: str, check: bool = True) -> bool:
    done = chroot.run("bash", "-c", f'set -euo pipefail; source "$0"; suite_folder=$1; {command}', str(SUITE_LIBRARY),
                      *arguments, check=check)
    return done.returncode == 0


@functools.cache
def _suite(name: str) -> str:
    """A folder with apt's lists of a suite; empty: the mirror does not have it."""
    folder = tempfile.mkdtemp()
    return folder if _suite_command('suite_open "$1" "$2"', folder, name, check=False) else ""


def lacking(suite: str, *packages: str) -> str:
    """What the mirror of this machine does not have; empty: it has all of them."""
    for package in packages:
        if not _suite(suite) or not _suite_command('suite_apt apt-cache show "$2"', _suite(suite), package, check=False):
            return f"the mirror of Debian has no {package} of the suite {suite}"
    return ""


def unpack(suite: str, package: str, folder: str) -> pathlib.Path:
    """Where the files of a package of another suite are."""
    place = tempfile.mkdtemp(dir=folder)
    _suite_command('suite_unpack "$2" "$3"', _suite(suite), place, package)
    return pathlib.Path(place)


def import_base(engine: Engine) -> None:
    with subprocess.Popen(["tar", "-C", chroot.debian().folder / "base", "-c", "."], stdout=subprocess.PIPE) as archive:
        engine.docker("import", "-", BASE, stdin=archive.stdout)


@functools.cache
def revision() -> str:
    return chroot.run("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD").stdout.strip()


def build_ours(engine: Engine) -> None:
    """The exporter's image out of a release's archive, the simulator's with what the first left in the engine's cache."""
    place = pathlib.Path(tempfile.mkdtemp())
    engine.run(str(ROOT / "deploy/release.sh"), str(place), "image", env={"BUILD_NETWORK": "host"}, seconds=3600)
    archive = f"buntime-exporter-{VERSION}-image.tar.gz"
    engine.run("sha256sum", "--check", "SHA256SUMS", cwd=place)
    engine.docker("rmi", EXPORTER)
    engine.docker("load", "--input", str(place / archive))
    shutil.rmtree(place)
    engine.docker("build", "--network", "host", "--file", "deploy/Dockerfile", "--target", "simulator", "--tag", SIMULATOR,
                  "--build-arg", f"REVISION={revision()}", ".", cwd=ROOT, seconds=3600)


def build_servers(engine: Engine) -> None:
    """What Compose starts beside our own."""
    place = pathlib.Path(tempfile.mkdtemp())
    (place / "Dockerfile").write_text(
        f"FROM {BASE}\nRUN apt-get -qq update && apt-get -qq -y --no-install-recommends install busybox python3 && "
        "ln -s /bin/busybox /usr/local/bin/wget\n", encoding="utf-8")
    engine.docker("build", "--network", "host", "--tag", "servers", str(place))
    for image, (suite, package) in SERVERS.items():
        files = unpack(suite, package, str(place))
        # As the original: the user nobody, who owns the folder of the data.
        data = "/" + image.split("/")[1].split(":")[0]
        (files / "Dockerfile").write_text(
            f"FROM servers\nCOPY usr /usr\nRUN mkdir -p {data} && chown 65534:65534 {data}\n"
            f'USER 65534\nENTRYPOINT ["/usr/bin/{package}"]\n', encoding="utf-8")
        engine.docker("build", "--network", "host", "--tag", image, str(files))
    shutil.copy(pathlib.Path(__file__).with_name("grafana.py"), place)
    (place / "Dockerfile").write_text(
        "FROM servers\nCOPY grafana.py /\nRUN mkdir -p /var/lib/grafana && echo empty > /var/lib/grafana/grafana.db && "
        'chown -R 472:0 /var/lib/grafana\nUSER 472\nENTRYPOINT ["python3", "/grafana.py"]\n', encoding="utf-8")
    engine.docker("build", "--network", "host", "--tag", GRAFANA, str(place))
