#!/usr/bin/python3
"""Usage: sudo replay_dockerfile.py

Carries out the whole Dockerfile in fresh Debians, without Docker: the stage that builds, with nothing but what
.dockerignore lets through, and the image with the binary that came of it. Takes minutes; the tests do the second half.
"""

import os
import pathlib
import shutil
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import chroot  # noqa: E402  (the path above comes first)
import image_test  # noqa: E402

ROOT = image_test.ROOT
RELEASE = "src/build/release"


def build() -> pathlib.Path:
    """The stage `build`; returns its root folder."""
    root = chroot.debian().copy("build")
    stage = image_test.FILE.stages["build"]
    (work,) = stage.all("WORKDIR")
    for name, text in stage.steps:
        print(f"{time.strftime('%H:%M:%S')} {name} {text}", flush=True)
        if name == "RUN":
            root.run("sh", "-c", f"cd {work} && {text}", seconds=3600)
        elif name == "COPY":
            *sources, target = text.split()
            copy(sources, root.root / work.lstrip("/") / target)
    return root.root


def copy(sources: list[str], target: pathlib.Path) -> None:
    """Of what git knows, as far as .dockerignore lets it through."""
    target.mkdir(parents=True, exist_ok=True)
    flat = sources != ["."]
    listed = chroot.run("git", "-C", str(ROOT), "ls-files", "--", *sources).stdout.splitlines()
    for path in filter(image_test.sent, listed):
        place = target / (os.path.basename(path) if flat else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, place)


def main() -> None:
    if reason := chroot.why_not():
        sys.exit(reason)
    started = time.monotonic()
    root = build()
    print(f"built in {time.monotonic() - started:.0f} s", flush=True)
    os.environ["EXPORTER"] = str(root / RELEASE / "buntime-exporter")
    suite = unittest.TestSuite([image_test.ReplayTest("test_the_final_image_runs_and_is_small")])
    sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())


if __name__ == "__main__":
    main()
