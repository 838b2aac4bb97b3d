"""The site is built without a warning, loads nothing from elsewhere, and fits a phone."""

import dataclasses
import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="mkdocs is not installed (extra docs)")

ROOT = Path(__file__).resolve().parents[2]
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDE, NARROW = (1280, 900), (390, 800)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site, every warning an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_is_built_and_holds_no_source(site):
    assert (site / "index.html").is_file()
    assert not list(site.rglob("*.py"))


def test_every_name_for_plugins_and_notebooks_is_explained(site):
    import erc_bench.api

    text = "".join(page.read_text(encoding="utf-8") for page in (site / "reference" / "api").glob("*.html"))
    for name in erc_bench.api.__all__:
        assert f'.{name}" class="doc doc-heading"' in text, name


RETURNED = {"erc_bench.experiments.result.Experiment", "erc_bench.training.saved_models.saved_model.SavedModel"}
"""What functions return, and nobody makes."""


def test_every_dataclass_shows_its_fields_and_their_types(site):
    import erc_bench.api as erc

    shown = signatures(site / "reference" / "api")
    public = [each for each in (getattr(erc, name) for name in erc.__all__) if dataclasses.is_dataclass(each)]
    public = [each for each in public if f"{each.__module__}.{each.__qualname__}" not in RETURNED]
    assert len(public) > 15
    for each in public:
        signature = shown[f"{each.__module__}.{each.__qualname__}"]
        assert re.findall(r"(\w+): \S", signature) == [field.name for field in dataclasses.fields(each)], signature


def test_what_a_function_returns_shows_no_constructor(site):
    shown = signatures(site / "reference" / "api")
    assert not shown.keys() & RETURNED


def signatures(folder):
    """Return the signature under every heading of a class, as a reader sees it."""
    pages = "".join(page.read_text(encoding="utf-8") for page in folder.glob("*.html"))
    heading = r'<h3 id="([\w.]+)" class="doc doc-heading">(?:(?!</h3>).)*</h3>\s*'
    found = re.findall(heading + r'<div class="language-python doc-signature[^>]*>(.*?)</div>', pages, re.DOTALL)
    return {name: html.unescape(re.sub(r"<[^>]+>", "", signature)) for name, signature in found}


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    # Chromium refuses its sandbox to root, and a container may have little shared memory.
    options = ["--disable-dev-shm-usage", "--disable-gpu"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=options)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, site):
    """Return a function that opens a page of the site as a file; nothing may come from elsewhere or go wrong."""
    contexts, wrong = [], []

    def visit(page, scheme="light", scripts=True):
        size = dict(zip(("width", "height"), WIDE, strict=True))
        context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=scripts)
        contexts.append(context)
        context.set_default_timeout(120_000)
        context.on("request", lambda request: _judge(request.url))
        tab = context.new_page()
        tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("requestfailed", _note_failure)
        tab.goto((site / page).as_uri())
        return tab

    def _note_failure(request):
        # Leaving a page aborts what is still being loaded (an icon that no page waits for): no fault of the site.
        if request.failure != "net::ERR_ABORTED":
            wrong.append(f"failed: {request.url} ({request.failure})")

    def _judge(url):
        if not url.startswith(("file:", "data:", "about:", "blob:")):
            wrong.append(f"from elsewhere: {url}")

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


PAGES = sorted(
    path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
    for path in (ROOT / "docs").rglob("*.*")
    if path.suffix in (".md", ".ipynb") and ("commands" not in path.parts or path.stem in ("index", "compare"))
)


def test_no_page_is_wider_than_the_window(visit, site):
    tab = visit("index.html", scripts=False)
    for page in PAGES:
        tab.goto((site / page).as_uri())
        assert tab.locator("h1").count() == 1, page
        for width, height in (WIDE, NARROW):
            tab.set_viewport_size({"width": width, "height": height})
            found = tab.evaluate("document.documentElement.scrollWidth")
            assert found <= width, f"{page}: {found} px in a window of {width}"


def test_search_works_without_a_server(visit):
    tab = visit("index.html")
    # The page listens to keys; a text that is put in whole is heard only by chance.
    tab.locator("input.md-search__input").press_sequentially("Schuirmann")
    found = tab.locator(".md-search-result__item a").first
    found.wait_for()
    assert "statistics.html" in found.get_attribute("href")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_told_from_its_background(visit, scheme):
    tab = visit("statistics.html", scheme=scheme)
    assert tab.evaluate(_CONTRAST) >= 4.5


_CONTRAST = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const behind = channels(getComputedStyle(document.body).backgroundColor);
  const [r, g, b, a = 1] = channels(getComputedStyle(document.querySelector("article p")).color);
  const seen = [r, g, b].map((value, at) => a * value + (1 - a) * behind[at]);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [luminance(seen), luminance(behind)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}"""
