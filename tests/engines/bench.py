"""What the tests of this folder share: one data folder with all images, built once, and an engine on it."""
import functools
import os
import tempfile
import time
import unittest

import images
from engine import Engine, eventually, why_not


@functools.cache
def folder() -> str:
    """The engine's folder. ENGINES_FOLDER keeps one, and the images in it, from run to run."""
    place = os.environ.get("ENGINES_FOLDER") or tempfile.mkdtemp()
    os.makedirs(place, exist_ok=True)
    return place


class EngineTest(unittest.TestCase):
    """A test with an engine whose containers have a network. Images are built once for all tests."""

    # Names, what builds them, and the packages that takes, by suite.
    IMAGES = [([images.BASE], images.import_base, {"bookworm": ["base-files"]}),
              ([images.EXPORTER, images.SIMULATOR], images.build_ours, {})]

    @classmethod
    def setUpClass(cls):
        lacking = (images.lacking(suite, *packages) for _, _, needs in cls.IMAGES for suite, packages in needs.items())
        if reason := why_not() or next(filter(None, lacking), ""):
            raise unittest.SkipTest(reason)
        cls.provide_images()
        cls.engine = Engine(folder(), "own", folder())
        cls.addClassCleanup(cls.engine.kill)
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.wait_until_ready()
        cls.addClassCleanup(cls.engine.docker, "container", "prune", "--force")

    @classmethod
    def provide_images(cls) -> None:
        """With an engine that has this machine's network."""
        builder = Engine(folder(), "host", folder())
        try:
            builder.wait_until_ready()
            present = builder.docker("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
            for names, build, _ in cls.IMAGES:
                if not set(names) <= set(present):
                    started = time.monotonic()
                    build(builder)
                    print(f"{time.monotonic() - started:.0f} s for {', '.join(names)}", flush=True)
        finally:
            builder.stop()
            builder.kill()

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
