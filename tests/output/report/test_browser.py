"""The page in headless Chromium: sorted, filtered and read with mouse and keyboard, wide and narrow, light and dark."""

import os
import re
import shutil

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import expect, sync_playwright

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

PATIENCE = 120_000
"""Milliseconds until a test gives up waiting, on a machine that does other things."""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def browser():
    # Chromium refuses its sandbox to root, and a container may have little shared memory.
    options = ["--disable-dev-shm-usage", "--disable-gpu"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(page, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(page, encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def visit(browser, address):
    """Return a function that opens the page; at the end nothing was loaded and nothing went wrong."""
    contexts, told, loaded = [], [], []

    def visit(width=1200, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)

        def route(route):
            loaded.append(route.request.url)
            if route.request.url == address:
                route.continue_()
            else:
                route.abort()

        context.route("**/*", route)
        tab = context.new_page()
        tab.on("console", lambda message: told.append(message.text))
        tab.on("pageerror", lambda error: told.append(str(error)))
        tab.goto(address)
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert told == []
    assert set(loaded) == {address}


def first_column(tab, table="#scores table"):
    return [row.strip() for row in tab.locator(f"{table} tbody tr:visible th").all_inner_texts()]


EACL, CE, KCL, SUPCON = "eacl<b>&</b> · minilm", "ce · minilm", "kcl · minilm", "supcon · tiny"


def test_columns_sort_both_ways_and_say_so(visit):
    tab = visit()
    assert tab.locator(".without-script").count() == 0
    button = tab.locator("#scores thead button", has_text="talk")
    heading = tab.locator("#scores thead th", has_text="talk")
    assert heading.get_attribute("aria-sort") == "none"
    button.click()
    assert first_column(tab) == [EACL, SUPCON, KCL, CE]
    assert heading.get_attribute("aria-sort") == "descending"
    button.click()
    assert first_column(tab) == [CE, KCL, SUPCON, EACL]
    assert heading.get_attribute("aria-sort") == "ascending"
    tab.locator("#scores thead button", has_text="method").click()
    assert first_column(tab) == [CE, EACL, KCL, SUPCON]
    assert heading.get_attribute("aria-sort") == "none"


def test_each_dataset_of_the_comparisons_sorts_by_itself(visit):
    tab = visit()
    table = tab.locator("#comparisons table").first
    table.locator("thead button", has_text="difference").click()
    groups = table.locator("tbody")
    for place in range(groups.count()):
        names = groups.nth(place).locator("th").all_inner_texts()
        assert re.match("meld|talk", names[0])
        assert [name.partition(" ")[0] for name in names[1:]] == ["eacl<b>&</b>", "kcl"]


def test_filters(visit):
    tab = visit()
    tab.get_by_label("Method", exact=True).first.fill("SUP")
    assert first_column(tab) == [SUPCON]
    assert tab.locator("#filter-status").inner_text() == "1 of 4 rows of the table of scores fits."
    tab.get_by_role("button", name="Show all").click()
    expect(tab.locator("#scores tbody tr:visible")).to_have_count(4)
    tab.locator("#filter-backbone").select_option("minilm")
    assert first_column(tab) == [CE, EACL, KCL]
    tab.get_by_role("button", name="Show all").click()
    tab.locator("#filter-dataset").select_option("talk")
    assert tab.locator("#scores thead th:visible").all_inner_texts() == ["method", "talk"]
    assert tab.locator("#classes table:visible").count() == 1
    assert tab.locator("#comparisons tr.group:visible").count() == 1


def test_a_filter_that_nothing_fits_says_so(visit):
    tab = visit()
    tab.get_by_label("Method", exact=True).first.fill("no such method")
    assert tab.locator("#filter-status").inner_text() == "None of 4 rows of the table of scores fit."
    assert tab.locator("#scores table:visible, #comparisons tr.group:visible, #classes table:visible").count() == 0
    for place in ("scores", "classes"):
        assert set(tab.locator(f"#{place} .hint:visible").all_inner_texts()) == {"No row fits the filters."}
    tab.get_by_role("button", name="Show all").click()
    expect(tab.locator("#scores table")).to_be_visible()
    assert tab.get_by_text("No row fits the filters.").locator("visible=true").count() == 0


def test_a_dataset_whose_comparisons_are_filtered_out_goes_with_them(visit):
    tab = visit()
    tab.get_by_label("Method", exact=True).first.fill("supcon")
    assert tab.locator("#comparisons tr.group:visible").count() == 0
    tab.get_by_label("Method", exact=True).first.fill("kcl")
    assert tab.locator("#comparisons tr.group:visible").count() == 2


def test_the_explorer_opens_on_the_best_row_beside_its_baseline(visit, found):
    tab = visit()
    for column in found.explorer["columns"]:
        tab.locator("#explorer-dataset").select_option(label=column["title"])
        opened = [
            tab.locator(f"#explorer-{place}").evaluate("node => node.selectedOptions[0].text") for place in PLACES
        ]
        assert opened == [EACL, CE]


PLACES = ("first", "second")

IN_SIGHT = """node => {
  const box = node.closest(".scroll").getBoundingClientRect(), own = node.getBoundingClientRect();
  return own.left >= box.left - 1 && own.left < box.left + 60;
}"""


def test_the_headings_stay_when_a_table_is_scrolled_sideways(visit):
    tab = visit(width=390)
    box = tab.locator("#comparisons .scroll").first
    expect(box).to_have_class(re.compile("wide more"))
    box.evaluate("node => { node.scrollLeft = 400; }")
    for place in ("thead th:first-child", "tr.group span", "tbody th[scope=row]"):
        assert box.locator(place).first.evaluate(IN_SIGHT), place
    box.evaluate("node => { node.scrollLeft = node.scrollWidth; }")
    expect(box).not_to_have_class(re.compile("more"))


def test_the_headings_stay_when_a_page_is_scrolled_down(visit):
    tab = visit(width=1280, height=150)
    box = tab.locator("#comparisons .scroll").first
    expect(box).to_have_class(re.compile("fits"))
    assert box.get_attribute("tabindex") == "-1"
    box.locator("tbody tr").last.evaluate("node => node.scrollIntoView({ behavior: 'instant', block: 'end' })")
    tops = box.locator("thead th").evaluate_all("nodes => nodes.map((node) => node.getBoundingClientRect().top)")
    assert max(map(abs, tops)) <= 1


def test_a_cell_of_the_matrix_opens_its_utterances_with_context(visit, found):
    tab = visit()
    tab.locator("#explorer-dataset").select_option(label="talk")
    tab.locator("#explorer-first").select_option(label="supcon · tiny")
    tab.locator("#explorer-second").select_option(label=EACL)
    tab.locator("#explorer-seed").select_option(label="seed 2")
    column = next(each for each in found.explorer["columns"] if each["title"] == "talk")
    rows = {row["label"]: row["answers"][row["seeds"].index(2)] for row in column["rows"]}
    joy, neutral = (chr(48 + column["labels"].index(label)) for label in ("joy", "neutral"))
    hits = [i for i, gold in enumerate(column["gold"]) if gold == joy and rows["supcon · tiny"][i] == neutral]
    assert hits
    button = tab.get_by_role("button", name=re.compile("^true joy, answer neutral: supcon · tiny"))
    assert button.inner_text().split()[0] == str(len(hits))
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert tab.locator("#explorer-heading").inner_text().startswith(f"{len(hits)} utterance")
    items = tab.locator(".utterances > li")
    assert items.count() == len(hits)
    dialogue, turn = hits[0] // 8, hits[0] % 8
    first = items.first
    assert first.locator("h4").inner_text() == f"dialogue {column['dialogues'][dialogue]}, turn {turn + 1}"
    asked = first.locator("li.asked").inner_text()
    assert asked == f"{('Ann', 'Bob')[turn % 2]}: Turn {turn} of {column['dialogues'][dialogue]}, said in joy."
    assert first.locator(".turns li").count() == turn + 1
    told = dict(zip(first.locator("dt").all_inner_texts(), first.locator("dd").all_inner_texts(), strict=True))
    label = column["labels"][ord(rows[EACL][hits[0]]) - 48]
    assert told == {"true class": "joy", "supcon · tiny": "neutral", EACL: label}
    first.get_by_text("What every method answered").click()
    expect(first.locator("details dt", has_text="ce · minilm")).to_be_visible()


def test_all_seeds_average_and_list_what_any_of_them_said(visit, found):
    tab = visit()
    column = found.explorer["columns"][0]
    row = column["rows"][1]
    anger = chr(48)
    count = sum(g == a == anger for line in row["answers"] for g, a in zip(column["gold"], line, strict=True)) / 3
    button = tab.locator('.matrix button[data-gold="0"][data-answer="0"]')
    assert float(button.inner_text().split()[0]) == pytest.approx(count, abs=0.05)
    button.click()
    lines = zip(column["gold"], *row["answers"], strict=True)
    some = sum(gold == anger and anger in said for gold, *said in lines)
    assert tab.locator("#explorer-heading").inner_text().startswith(f"{some} utterance")
    tab.locator("#explorer-unit").select_option("share")
    share = 100 * count / column["gold"].count(anger)
    assert float(button.inner_text().split()[0]) == pytest.approx(share, abs=0.05)


def test_the_list_can_be_narrowed_to_where_the_other_method_is_right(visit):
    tab = visit()
    tab.locator("#explorer-first").select_option(label=CE)
    tab.locator("#explorer-second").select_option(label=EACL)
    tab.locator("#explorer-seed").select_option(label="seed 1")
    tab.locator('.matrix button[data-gold="2"][data-answer="0"]').click()
    every = tab.locator(".utterances > li").count()
    counts = []
    for choice in ("right", "wrong"):
        tab.locator("#explorer-filter").select_option(choice)
        items = tab.locator(".utterances > li")
        counts.append(items.count())
        for place in range(items.count()):
            said = items.nth(place).locator("dd").all_inner_texts()
            assert (said[2] == said[0]) == (choice == "right")
    assert sum(counts) == every > 0


def test_a_long_list_comes_in_parts(visit):
    tab = visit()
    tab.locator('.matrix button[data-gold="2"][data-answer="2"]').click()
    total = int(tab.locator("#explorer-heading").inner_text().split()[0])
    assert total > 20
    assert tab.locator(".utterances > li").count() == 20
    tab.locator("#explorer-more").click()
    assert tab.locator(".utterances > li").count() == min(40, total)
    assert tab.evaluate("document.activeElement === document.querySelectorAll('.utterances > li')[20]")


def test_texts_and_names_stay_text(visit):
    tab = visit()
    tab.locator("#explorer-dataset").select_option(label="talk")
    for gold in range(3):
        tab.locator(f'.matrix button[data-gold="{gold}"][data-answer="{gold}"]').click()
        while tab.locator("#explorer-more").is_visible():
            tab.locator("#explorer-more").click()
        if tab.locator(".asked", has_text="</script>").count():
            break
    said = tab.locator(".asked", has_text="</script>").inner_text()
    assert said.startswith("Ann: </script><script>document.title")
    assert tab.title() == "erc-bench: meld, talk"
    assert tab.locator("#explorer img, #scores b").count() == 0


def test_everything_can_be_reached_and_used_with_the_keyboard(visit):
    tab = visit()
    tab.keyboard.press("Tab")
    skip = tab.locator(".skip")
    assert skip.evaluate("node => node === document.activeElement")
    assert skip.bounding_box()["x"] >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#scores"
    tab.locator("#scores thead button", has_text="talk").focus()
    tab.keyboard.press("Enter")
    assert first_column(tab)[0] == EACL
    tab.locator("#explorer-filter").focus()
    tab.keyboard.press("Tab")  # the box of the matrix is no stop, for nothing of it is hidden
    assert tab.evaluate("document.activeElement.dataset.gold + document.activeElement.dataset.answer") == "00"
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")  # there is no further column
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.dataset.gold + document.activeElement.dataset.answer") == "12"
    assert "true joy" in tab.locator("#explorer-heading").inner_text()
    assert tab.locator(".matrix button[tabindex='0']").count() == 1


def test_the_tab_key_goes_through_the_page_and_out_of_it(visit):
    tab = visit()
    seen = []
    for _ in range(400):
        tab.keyboard.press("Tab")
        place = tab.evaluate(
            "() => { const a = document.activeElement; return a === document.body ? '' :"
            " [...document.querySelectorAll('*')].indexOf(a) + (a.matches(':focus-visible') &&"
            " getComputedStyle(a).outlineStyle !== 'none' ? '' : ' hidden') }"
        )
        if place in ("", *seen[:1]):
            break
        seen.append(place)
    else:
        pytest.fail("the focus never leaves the page")
    assert len(seen) == len(set(seen)) > 20
    assert not [place for place in seen if str(place).endswith("hidden")]


@pytest.mark.parametrize("width", [320, 768])
def test_a_narrow_page_does_not_scroll_sideways_but_its_tables_do(visit, width):
    tab = visit(width=width)
    tab.locator('.matrix button[data-gold="2"][data-answer="2"]').click()
    tab.evaluate("document.querySelectorAll('details').forEach(node => node.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    box = tab.locator("#comparisons .scroll").first
    assert box.evaluate("node => node.scrollWidth > node.clientWidth")
    box.focus()
    tab.keyboard.press("ArrowRight")
    box.evaluate(SCROLLED)


SCROLLED = """node => new Promise((done, failed) => {
  if (node.scrollLeft > 0) done();
  node.addEventListener("scroll", done, { once: true });
  setTimeout(failed, 20000);
})"""


CONTRASTS = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (node) => {
    const layers = [];
    for (; node; node = node.parentElement) layers.push(parse(getComputedStyle(node).backgroundColor));
    return layers.reverse().reduce((below, [r, g, b, a = 1]) =>
      [r, g, b].map((value, i) => a * value + (1 - a) * below[i]), [255, 255, 255]);
  };
  const found = [];
  for (const node of document.querySelectorAll("body *:not(svg *):not(script):not(noscript):not(option)")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.push(`${node.tagName} ${node.className} ${contrast.toFixed(2)}`);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(visit, scheme):
    tab = visit(color_scheme=scheme)
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (
        sum(map(int, re.findall(r"\d+", ground))) > 600
        if scheme == "light"
        else sum(map(int, re.findall(r"\d+", ground))) < 150
    )
    tab.locator('.matrix button[data-gold="2"][data-answer="2"]').click()
    # The darkest colour that a cell of the matrix can have.
    tab.evaluate("document.querySelector('.matrix button').style.setProperty('--share', '1')")
    assert tab.evaluate(CONTRASTS) == []


def test_without_a_script_the_tables_are_there(visit):
    tab = visit(java_script_enabled=False)
    assert tab.locator("#scores tbody tr").count() == 4
    assert tab.locator("#comparisons svg.interval").count() == 4
    assert tab.locator("#filters").is_hidden()
    assert tab.locator(".without-script:visible").count() == 2


def test_on_paper_there_are_no_controls(visit):
    tab = visit()
    tab.emulate_media(media="print")
    assert tab.locator("#filters").is_hidden()
    assert tab.locator("nav").is_hidden()
    assert tab.locator("#scores table").is_visible()
