"""The page in a browser: what a person sees, on a screen, on a phone and on paper."""

import io
import re

import numpy as np
import pytest

from flow.page import PAGE, render_page
from flow.page.open_run import open_run
from flow.page.run import Run
from tests.flow.page.chromium import chromium
from tests.flow.page.finished_run import SMALL, wide_network, write_run

__all__ = ["chromium"]  # the fixture

PAPER = 688
"""Pixels between the margins of A4: 182 mm at 96 pixels an inch."""
SECTIONS = (
    "Summary", "Accuracy", "Search", "Layers", "Crossbars", "Index", "OU activity", "Cycles",
    "Verification", "Origin",
)  # fmt: skip
HOLE = "#f3cfae"
TONES = ("#6fa3d0", "#4f87bd", "#376da3", "#255486", "#163c67", "#0a2647")
VISIBLE = """names => names.map(name => [...document.querySelectorAll(name)].filter(
  element => element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})).length)"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A run with a search, cosimulated, of several crossbars a layer."""
    return write_run(
        tmp_path_factory.mktemp("browser") / "run",
        network=wide_network(),
        geometry=SMALL,
        search={"agent": "random", "episodes": 30},
    )


@pytest.fixture
def visit(chromium):
    """Open a file at a width; fails if it asks for anything, or says anything on the console."""
    opened, said = [], []

    def visit(path, *, width=1200, media="screen"):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        opened.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())
        page.on("request", lambda request: said.append(request.url) if path.as_uri() != request.url
                else None)  # fmt: skip
        page.emulate_media(media=media)
        page.goto(path.as_uri())
        return page

    yield visit
    for page in opened:
        page.close()
    assert said == []


def pixels(locator):
    """What is painted where an element is, as an array of colours."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def share_of(image, colour, tolerance=24):
    """Share of the pixels that are near a colour such as ``#f3cfae``."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return float(np.mean(np.abs(image - wanted).max(axis=2) <= tolerance))


def test_figures_are_read(visit, directory):
    """Headings in order, and the figures of the report where a reader looks for them."""
    page = visit(directory.path / PAGE)
    report = open_run(directory).report
    assert page.title() == "small \N{EN DASH} Ohmforge report"
    assert tuple(page.locator("h2").all_inner_texts()) == SECTIONS
    text = page.locator("#summary").inner_text()
    compared = report["totals"]["outputs_compared"] + 4321
    assert f"All {compared:,} outputs that were compared are equal" in text
    assert "93.00\xa0%" in text
    assert f"of {report['totals']['ous_dense']:,} dense" in text
    rows = page.locator("#summary tbody tr").all_inner_texts()
    factors = report["totals"]["compression"]
    for row, (name, factor) in zip(rows, factors.items(), strict=True):
        assert row.split("\t")[:2] == [
            name.replace("_", " "),
            f"{factor:.2f}\xa0\N{MULTIPLICATION SIGN}",
        ]
    cycles = page.locator("#cycles table").nth(1).locator("tbody tr").all_inner_texts()
    assert [re.split(r"\s+", row)[:4] for row in cycles] == [
        [layer["name"], f"{layer['cycles_model']:,}", f"{layer['cycles_rtl']:,}", "0"]
        for layer in report["layers"]
    ]
    origin = page.locator("#origin").inner_text()
    assert report["hashes"]["tables"] in origin
    assert report["hashes"]["verilog"] in origin
    assert "ohmforge run small.yaml -o small" in origin
    assert "torch 2." in origin
    assert "7" in page.locator("#verification dd").first.inner_text()


def test_idle_cycles_add_up(visit, directory):
    """The table of the steps, as it is read: cycles are planes and idle cycles."""
    page = visit(directory.path / PAGE)
    heads = page.locator("#activity table").first.locator("thead th").all_inner_texts()
    causes = [head.strip() for head in heads][4:]
    numbers = []
    for row in page.locator("#activity table").first.locator("tr:not(thead tr)").all_inner_texts():
        name, _, cycles, share, *idle = (cell.strip() for cell in row.split("\t"))
        idle = sum(int(cell.replace(",", "") or 0) for cell in idle)
        cycles = int(cycles.replace(",", ""))
        assert abs(cycles * (1 - float(share.rstrip("\xa0%")) / 100) - idle) <= cycles * 1e-4
        numbers.append((name, cycles, idle))
    assert numbers[-1][0] == "an image"
    for column in (1, 2):
        assert sum(row[column] for row in numbers[:-1]) == numbers[-1][column]
    listed = page.locator("#activity table").nth(1).locator("tbody th").all_inner_texts()
    assert listed == causes
    assert "load" in causes


def test_every_picture_is_seen(visit, directory):
    """Each has a size, a name for those who cannot see it, and something painted in it."""
    page = visit(directory.path / PAGE)
    pictures = page.evaluate(
        """() => [...document.querySelectorAll("svg[role=img]")].map(one => {
          const box = one.getBoundingClientRect();
          return [box.width, box.height, one.querySelector("title").textContent.trim()]; })"""
    )
    assert len(pictures) > 40
    for width, height, title in pictures:
        assert width > 60
        assert height > 15
        assert title
    for picture in page.locator("svg[role=img]").all()[::9]:
        assert len(np.unique(pixels(picture).reshape(-1, 3), axis=0)) > 1
    for chart in page.locator(".chart > svg").all():
        box = chart.bounding_box()
        assert box["width"] > 300
        for path in chart.locator("path[class]:not(.tick)").all():
            inside = path.bounding_box()
            assert inside["x"] >= box["x"] - 8
            assert inside["x"] + inside["width"] <= box["x"] + box["width"] + 8
            assert inside["y"] >= box["y"] - 8
            assert inside["y"] + inside["height"] <= box["y"] + box["height"] + 8


def test_holes_close(visit, directory):
    """Colours as they are painted: much of a crossbar is holes before packing, little after."""
    page = visit(directory.path / PAGE)
    table = open_run(directory).tables.layer("conv")
    painted = {}
    for name, side in zip(("before", "after"), page.locator("#crossbars-conv .sides > div").all(),
                          strict=True):  # fmt: skip
        images = [pixels(picture) for picture in side.locator("svg").all()]
        assert f"{name}: {len(images)} crossbars" in side.inner_text()
        holes = sum(share_of(image, HOLE) for image in images)
        weights = sum(share_of(image, tone) for image in images for tone in TONES)
        painted[name] = len(images), holes, weights
    pruned = 1 - table.segments_kept / table.segments
    crossbars, holes, weights = painted["before"]
    assert holes / (holes + weights) == pytest.approx(pruned, abs=0.05)
    assert painted["after"][0] == len(np.unique(table.crossbar)) < crossbars
    assert painted["after"][1] < holes / 4
    assert painted["after"][2] == pytest.approx(weights, rel=0.1)


def test_not_all_crossbars(visit, directory):
    """It is said how many there are where not all are drawn."""
    page = visit(directory.path / PAGE)
    before, after = page.locator("#crossbars-scores .sides > div").all()
    assert before.locator("svg").count() == 12
    assert "before: 22 crossbars" in before.inner_text()
    assert "first 12 of 22 shown" in before.inner_text()
    assert after.locator("svg").count() < 12
    assert "shown" not in after.inner_text()


@pytest.mark.parametrize(("width", "media"), [(400, "screen"), (1200, "screen"), (PAPER, "print")])
def test_nothing_sticks_out(visit, directory, width, media):
    """Only what scrolls inside is wider than the page; on paper nothing is."""
    page = visit(directory.path / PAGE, width=width, media=media)
    root = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert root[0] <= root[1] == width
    wide = page.evaluate(
        """([width, paper]) => [...document.querySelectorAll("body *")]
        .filter(one => paper || !one.closest(".scroll, pre"))
        .filter(one => !one.closest("svg") || one.matches("svg, text"))
        .filter(one => one.getBoundingClientRect().right > width + 0.5)
        .map(one => one.outerHTML.slice(0, 80))""",
        [width, media == "print"],
    )
    assert wide == []
    for scroll in page.locator(".scroll").all():
        box = scroll.bounding_box()
        assert box["width"] <= width
        assert box["height"] > 30


def test_paper_hides_nothing(visit, directory):
    """All that is on the screen is on paper, but for the links to the sections."""
    screen = visit(directory.path / PAGE)
    paper = visit(directory.path / PAGE, width=PAPER, media="print")
    names = ["section", "h2", "h3", "table", "figure", "figcaption", "svg[role=img]", "pre"]
    seen = screen.evaluate(VISIBLE, names)
    assert paper.evaluate(VISIBLE, names) == seen
    assert min(seen) > 0
    assert seen[0] == len(SECTIONS)
    assert screen.locator("main").inner_text() == paper.locator("main").inner_text()
    assert paper.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert re.search(rb"/Type\s*/Page\b", screen.pdf(prefer_css_page_size=True))


def test_contrast(visit, directory):
    """Text stands out from what is behind it: 4.5 to 1, as WCAG 2 asks."""
    page = visit(directory.path / PAGE)
    worst = page.evaluate("""() => {
      const part = value => { value /= 255; return value <= 0.04045 ? value / 12.92
        : ((value + 0.055) / 1.055) ** 2.4; };
      const light = colour => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
      const behind = one => { for (; one; one = one.parentElement) {
        const colour = getComputedStyle(one).backgroundColor;
        if (!colour.endsWith(", 0)")) return colour; } return "rgb(255, 255, 255)"; };
      const found = [];
      for (const one of document.querySelectorAll("body *")) {
        if (![...one.childNodes].some(node => node.nodeType == 3 && node.data.trim())) continue;
        if (one.matches("title, desc, style")) continue;
        const style = getComputedStyle(one);
        const pair = [light(one.closest("svg") ? style.fill : style.color), light(behind(one))];
        found.push((Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05));
      }
      return [found.length, Math.min(...found)];
    }""")
    assert worst[0] > 100
    assert worst[1] >= 4.5


def test_names_cannot_inject(visit, directory, tmp_path):
    """Whatever stands in a report is text, and nothing runs."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>{{ 7*7 }}"
    run = open_run(directory)

    def spoil(value):
        if isinstance(value, dict):
            return {name: spoil(one) for name, one in value.items()}
        if isinstance(value, list):
            return [spoil(one) for one in value]
        return evil if isinstance(value, str) else value

    report = spoil(run.report)
    report["search"]["ratios"] = {evil: 0.5}
    report["versions"] = {evil: evil}
    report["cosim"]["network"]["counters"] = {evil: {"model": 1, "rtl": 2}}
    path = tmp_path / "evil.html"
    path.write_text(render_page(Run(report=report, search=run.search)))
    page = visit(path)
    assert page.locator("script, img, [onload], [onerror]").count() == 0
    assert page.locator("h1").inner_text() == evil
    assert evil in page.locator("#cycles").inner_text()
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
