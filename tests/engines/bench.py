"""What the tests of this folder share: one data folder with all images, built once, and an engine on it."""
import atexit
import functools
import os
import shutil
import tempfile
import time
import unittest

import images
from engine import Engine, eventually, why_not


@functools.cache
def folder() -> str:
    """The engine's folder, with all images in it. ENGINES_FOLDER keeps one, and its images, from run to run."""
    kept = os.environ.get("ENGINES_FOLDER")
    place = kept or tempfile.mkdtemp(prefix="buntime-engine-")
    if not kept:
        atexit.register(shutil.rmtree, place, ignore_errors=True)
    os.makedirs(place, exist_ok=True)
    builder = Engine(place, "host", place)
    try:
        builder.wait_until_ready()
        present = builder.docker("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
        if images.BASE not in present:
            images.import_base(builder)
        if not {images.EXPORTER, images.SIMULATOR} <= set(present):
            print(f"the images were built in {images.build_ours(builder):.0f} s", flush=True)
        if not {*images.SERVERS, images.GRAFANA} <= set(present):
            started = time.monotonic()
            images.build_servers(builder, place)
            print(f"the stand-ins were built in {time.monotonic() - started:.0f} s", flush=True)
    finally:
        builder.stop()
        builder.kill()
    return place


@unittest.skipIf(why_not(), why_not())
class EngineTest(unittest.TestCase):
    """A test with an engine whose containers have a network."""

    @classmethod
    def setUpClass(cls):
        cls.engine = Engine(folder(), "own", folder())
        cls.addClassCleanup(cls.engine.kill)
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.wait_until_ready()
        cls.addClassCleanup(cls.engine.docker, "container", "prune", "--force")

    def get(self, url: str, *options: str) -> str:
        return self.engine.get(url, *options)

    def sample(self, url: str, name: str) -> float | None:
        """The value of a metric without labels in a page."""
        for line in self.get(url).splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def until(self, condition, seconds: int = 60):
        return eventually(condition, seconds)
