import builtins
import sys

import pytest

from erc_bench.comparison import Tests as Asked
from erc_bench.errors import ErcBenchError
from erc_bench.output.report import ReportRequest, collect, render
from erc_bench.store.index.all_cells import read_cells

EVIL_METHOD = "eacl<b>&</b>"


def report(store, catalogue, **request):
    return collect(read_cells(store.runs), ReportRequest(**{"figures": (), **request}), catalogue)


def test_the_request_chooses_what_compare_chooses(cells, catalogue):
    found = collect(cells, ReportRequest(datasets=("talk",), methods=("supcon",), baseline="ce", figures=()), catalogue)
    assert [column.title for column in found.comparison.columns] == ["talk"]
    assert {row.key.method for row in found.comparison.rows} == {"supcon", "ce"}
    assert found.comparison.baseline == "ce"
    assert found.title == "erc-bench: talk"
    assert {each.row.key.method for each in found.shown} == {"supcon", "ce"}


def test_a_title_of_ones_own(cells, catalogue):
    assert collect(cells, ReportRequest(title="Table 2, again", figures=()), catalogue).title == "Table 2, again"


def test_a_wrong_name_is_an_error(cells, catalogue):
    with pytest.raises(ErcBenchError, match="did you mean supcon"):
        collect(cells, ReportRequest(methods=("subcon",), figures=()), catalogue)


def test_an_audit_is_shown_where_it_was_recorded(store, found, catalogue):
    assert all(column.audit for column in found.comparison.columns)
    store.add_seeds("ce", [0.5, 0.6])
    assert all(column.audit is None for column in report(store, catalogue).comparison.columns)
    store.add_seeds("eacl", [0.5, 0.6], dataset="emorynlp", audit={"training": [], "chosen_from": "training"})
    assert all(column.audit is None for column in report(store, catalogue, datasets=("meld",)).comparison.columns)


def test_readouts_are_rows_of_the_explorer(store, catalogue):
    joy = ["joy"] * 96
    store.add("ce", readouts={"probe": joy})
    found = report(store, catalogue, readouts=("probe",))
    (column,) = found.explorer["columns"]
    assert [row["label"] for row in column["rows"]] == ["ce", "ce · read by probe"]
    assert set(column["rows"][1]["answers"][0]) == {chr(48 + column["labels"].index("joy"))}


def test_the_tests_are_those_that_are_asked_for(cells, catalogue):
    found = collect(cells, ReportRequest(tests=Asked(unit="seed", correction="bonferroni"), figures=()), catalogue)
    assert found.comparison.tests == Asked(unit="seed", correction="bonferroni")
    assert "Bonferroni p" in render(found)


def test_slices_are_columns_of_the_table_and_not_of_the_explorer(store, talk, catalogue):
    slices = {str(i): "odd" if i % 2 else "even" for i in range(12)}
    groups = {"slice": {name: [i for i in slices if slices[i] == name] for name in ("odd", "even")}}
    data = {"fingerprint": "f00d", "counts": {}, "groups": groups}
    store.add_seeds("ce", [0.5, 0.6], data=data)
    store.add_seeds("eacl", [0.7, 0.8], data=data)
    found = report(store, catalogue, tests=Asked(by="slice"))
    assert len(found.comparison.columns) == 3
    assert [column["title"] for column in found.explorer["columns"]] == ["meld"]
    assert render(found).count('<svg class="interval"') == 3


def test_runs_without_test_scores_have_no_confusions(store, catalogue):
    store.add_seeds("ce", [0.5, 0.6], dev_only=True)
    found = report(store, catalogue)
    assert found.per_class is None
    assert found.explorer["columns"] == []
    assert not found.texts


def test_systems_that_see_the_future_are_named_in_the_protocol(store, catalogue, found):
    assert any("its own turn and those before it." in sentence for sentence in found.protocol)
    store.add("graph", sees_future=True)
    assert any("except graph, marked §" in sentence for sentence in report(store, catalogue).protocol)


def test_without_matplotlib_one_line_says_so(cells, catalogue, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **keywords):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return real(name, *arguments, **keywords)

    for module in [name for name in sys.modules if name.startswith(("erc_bench.output.figures.", "matplotlib"))]:
        if module.rpartition(".")[2] not in ("model", "saving", "selection"):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", without)
    found = collect(cells, ReportRequest(figures=("seeds", "forest")), catalogue)
    assert found.pictures == ()
    (note,) = found.picture_notes
    assert note.startswith("drawing needs matplotlib")
    assert "pip install 'erc-bench[plot]'" in note


def test_a_figure_that_the_runs_cannot_make_is_named(cells, catalogue):
    found = collect(cells, ReportRequest(figures=("anchors",)), catalogue)
    assert found.pictures == ()
    assert len(found.picture_notes) == 1


def test_kinds_with_a_panel_for_each_row_show_the_baseline_and_the_best(cells, catalogue):
    found = collect(cells, ReportRequest(figures=("calibration",), datasets=("talk",)), catalogue)
    (picture,) = found.pictures
    assert "ce · minilm" in picture.caption
    assert EVIL_METHOD in picture.caption
    assert "supcon" in picture.caption
    assert "kcl" not in picture.caption
    (note,) = found.picture_notes
    assert "Of calibration on talk, 3 of 4 rows are drawn" in note
    found = collect(cells, ReportRequest(figures=("calibration",), datasets=("talk",), all_rows=True), catalogue)
    assert "kcl" in found.pictures[0].caption
    assert found.picture_notes == ()


def test_figures_stop_where_the_page_would_be_too_large(cells, catalogue, monkeypatch):
    monkeypatch.setattr("erc_bench.output.report.collecting.MOST_MARKUP", 10)
    found = collect(cells, ReportRequest(figures=("forest", "seeds")), catalogue)
    assert [picture.name.partition("-")[0] for picture in found.pictures] == ["forest"]
    assert any("the page would be too large" in note for note in found.picture_notes)
