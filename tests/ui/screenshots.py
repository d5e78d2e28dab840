#!/usr/bin/env python3
"""Pictures of the page in every state, to be looked at; two of them stand in README.md.

    EXPORTER=… SIMULATOR=… screenshots.py [--minutes 10] FOLDER

Waits until the charts are full, so the default takes eleven minutes. Needs PYTHONPATH=tests/e2e.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from browser import Browser
from client import fetch
from programs import Exporter, Simulator

WIDE = {"width": 1200, "height": 1180}
PHONE = {"width": 390, "height": 844}
SHOP = ["--release", "0.5.4", "--auth", "off", "--warmup", "3h", "--apps", "40", "--pool-size", "48", "--idle-timeout", "3s",
        "--ttl", "25s", "--scenario", "failing=0.15"]
DEPOT = ["--release", "documented", "--apps", "4990", "--rps", "2000", "--pool-size", "8000", "--warmup", "20m"]
FULL = ["--release", "0.5.4", "--auth", "off", "--apps", "52", "--pool-size", "48", "--rps", "300", "--ephemeral-rps", "60",
        "--warmup", "10m"]
SIZE = ["--runtime.pool-size", "48"]
NOT_ALLOWED = "http://10.1.2.3:8000"


@dataclass(frozen=True)
class Picture:
    name: str
    path: str
    scheme: str = "light"
    viewport: dict[str, int] = field(default_factory=lambda: WIDE)
    whole: bool = False
    exporter: str = "main"


PICTURES = [
    Picture("overview", "/?runtime=shop"),
    Picture("overview-dark", "/?runtime=shop", "dark"),
    Picture("overview-wide", "/?runtime=shop", "light", {"width": 1920, "height": 1080}),
    Picture("overview-tablet", "/?runtime=shop", "dark", {"width": 900, "height": 1100}, whole=True),
    Picture("overview-phone", "/?runtime=shop", "light", PHONE, whole=True),
    Picture("overview-many", "/?runtime=depot", "dark"),
    Picture("overview-many-phone", "/?runtime=depot", "light", PHONE, whole=True),
    Picture("overview-full", "/?runtime=full"),
    Picture("overview-full-phone", "/?runtime=full", "dark", PHONE, whole=True),
    Picture("overview-empty", "/?runtime=night"),
    Picture("overview-down", "/?runtime=gone"),
    Picture("overview-down-phone", "/?runtime=gone", "dark", PHONE),
    Picture("fleet", "/"),
    Picture("fleet-phone", "/", "dark", PHONE),
    Picture("apps", "/apps?runtime=shop"),
    Picture("apps-many", "/apps?runtime=depot", "dark"),
    Picture("apps-phone", "/apps?runtime=shop", "light", PHONE),
    Picture("app", "/app?runtime=shop&app=storefront&version=2.9.17"),
    Picture("app-dark-phone", "/app?runtime=shop&app=storefront&version=2.9.17", "dark", PHONE, whole=True),
    Picture("workers", "/workers?runtime=depot", "dark", {"width": 1280, "height": 720}),
    Picture("workers-light", "/workers?runtime=shop"),
    Picture("workers-phone", "/workers?runtime=depot", "light", PHONE),
    Picture("workers-empty", "/workers?runtime=night"),
    Picture("api", "/api"),
    Picture("fleet-20", "/", exporter="fleet"),
    Picture("fleet-20-phone", "/", "dark", PHONE, exporter="fleet"),
    Picture("modules", "/", exporter="modules"),
    Picture("modules-phone", "/", "dark", PHONE, exporter="modules"),
    Picture("modules-unknown", "/?runtime=nope", exporter="modules"),
    Picture("refused", f"/?target={quote(NOT_ALLOWED)}&module=default", exporter="modules"),
]
# Drawn while the exporter stands still.
STALE = [Picture("stale", "/?runtime=shop"), Picture("stale-fleet-phone", "/", "dark", PHONE)]


class Stage:
    """Five runtimes and an exporter that polls them, one with a fleet, one with modules only."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.processes: list[Exporter | Simulator] = []
        runtimes = {
            "shop": self.simulator(*SHOP),
            "depot": self.simulator(*DEPOT),
            "full": self.simulator(*FULL),
            "night": self.simulator("--release", "documented", "--apps", "0", "--ephemeral-apps", "0"),
            "gone": self.simulator("--warmup", "3h"),
        }
        self.shop, self.gone = runtimes["shop"], runtimes["gone"]
        urls = [flag for name, sim in runtimes.items() for flag in ("--runtime.url", f"{name}={sim.url}")]
        fleet = self.simulator("--runtimes", "20", "--warmup", "1h")
        members = [flag for number, url in enumerate(fleet.urls) for flag in ("--runtime.url", f"shop-{number + 1}={url}")]
        modules = pathlib.Path(folder, "modules.yml")
        modules.write_text(json.dumps({"modules": {"default": {"pool_size": 48, "allowed_targets": ["127.0.0.1/32"]}}}), encoding="utf-8")
        self.exporters = {
            "main": self.start_exporter(*urls, *SIZE, "--worker.limit", "10000"),
            "fleet": self.start_exporter(*members, "--runtime.url", f"night={self.gone.url}", *SIZE),
            "modules": self.start_exporter("--config.file", str(modules))}

    def probe(self) -> None:
        """The exporter forgets targets of /probe that are no longer asked for."""
        for sim in (self.shop, self.gone):
            fetch(f"{self.exporters['modules'].url}/probe?target={quote(sim.url)}")

    def start_exporter(self, *flags: str) -> Exporter:
        process = Exporter([*flags, "--web.listen-address", "127.0.0.1:0"], self.folder)
        self.processes.append(process)
        process.wait_until_listening()
        return process

    def simulator(self, *flags: str) -> Simulator:
        process = Simulator(list(flags), self.folder)
        self.processes.append(process)
        return process.wait_until_listening()

    def play(self, seconds: float) -> None:
        """Load that comes and goes, as in a day that takes minutes."""
        started = time.monotonic()
        while (passed := time.monotonic() - started) < seconds:
            wave = math.sin(passed / 70) + 0.4 * math.sin(passed / 23)
            self.shop.control("load", rps=14 + 9 * wave, ephemeral_rps=15 + 7 * wave)
            time.sleep(5)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()


def look(browser: Browser, url: str, picture: Picture):
    page = browser.page(viewport=picture.viewport, colorScheme=picture.scheme)
    page.goto(url + picture.path)
    page.until("document.querySelector('#status').dataset.state !== 'connecting'")
    page.until("document.querySelector('#shown')?.textContent !== '–'")
    return page


def shoot(page, picture: Picture, folder: str) -> None:
    # Two frames more, for what moves when it changes.
    page.evaluate("new Promise(done => setTimeout(done, 800))")
    page.screenshot(os.path.join(folder, picture.name + ".png"), picture.whole)
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("folder")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="buntime-screenshots-")
    stage, browser = Stage(scratch), Browser()
    try:
        stage.play(arguments.minutes * 60)
        stage.probe()
        stage.gone.fault("refuse")
        stage.probe()
        for picture in PICTURES:
            shoot(look(browser, stage.exporters[picture.exporter].url, picture), picture, arguments.folder)
        main_exporter = stage.exporters["main"]
        pages = [look(browser, main_exporter.url, picture) for picture in STALE]
        main_exporter.signal(signal.SIGSTOP)
        for page, picture in zip(pages, STALE):
            page.until("['stale', 'reconnecting'].includes(document.querySelector('#status').dataset.state)")
            shoot(page, picture, arguments.folder)
        main_exporter.signal(signal.SIGCONT)
    finally:
        browser.stop()
        stage.stop()
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
