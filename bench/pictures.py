"""Pictures of the README, cut out of the page of a run by a Chromium of the system.

``ohmforge run examples/digits.yaml -o runs/digits``, then
``python -m bench.pictures runs/digits docs/pictures``.
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, Page, sync_playwright

from flow.console import say
from flow.page import PAGE

_WIDTH, _SCALE = 1050, 1.4
_COLOURS = 128
_MARGIN = 14


def main() -> None:
    """Write ``summary.png``, ``crossbars.png`` and ``activity.png``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a finished run directory")
    parser.add_argument("pictures", type=Path, help="where the pictures go")
    parser.add_argument("--layer", default="conv3", help="whose crossbars")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        parser.error("no chromium on PATH; on Debian: apt-get install chromium fonts-dejavu-core")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, chromium_sandbox=False)
        page = browser.new_page(
            viewport={"width": _WIDTH, "height": 1200}, device_scale_factor=_SCALE
        )
        page.goto((arguments.run / PAGE).resolve().as_uri())
        page.add_style_tag(content=f".layer:not(#crossbars-{arguments.layer}) {{ display: none }}")
        for name, first, last in (
            ("summary", "header", "#summary .scroll"),
            ("crossbars", "#cell-legend", f"#crossbars-{arguments.layer}"),
            ("activity", "#activity p", "#activity figure:first-of-type figcaption"),
        ):
            path = arguments.pictures / f"{name}.png"
            _cut(page, first, last, path)
            say(f"{path}: {path.stat().st_size:,} bytes")
        browser.close()


def _cut(page: Page, first: str, last: str, path: Path) -> None:
    """From the top of one element to the bottom of another, in few colours."""
    tops = [page.locator(one).first.bounding_box() for one in (first, last)]
    begin, end = tops
    if begin is None or end is None:
        raise ValueError(f"the page shows no {first if begin is None else last}")
    top = max(0.0, begin["y"] - _MARGIN)
    high = end["y"] + end["height"] + _MARGIN - top
    clip = FloatRect(x=0, y=top, width=_WIDTH, height=high)
    shot = page.screenshot(full_page=True, clip=clip)
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
