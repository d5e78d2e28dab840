"""An SVG as a PNG, by the browser."""
import pathlib
import re
import subprocess
import tempfile


def write(svg: pathlib.Path) -> None:
    width, height = re.search(r"width='(\d+)' height='(\d+)'", svg.read_text(encoding="utf-8")).groups()
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
                        f"--window-size={width},{height}", f"--screenshot={svg.with_suffix('.png')}", svg.as_uri()],
                       check=True, capture_output=True, timeout=120)
