import statistics

import nbformat
import pytest

from course_lib import results
from course_lib.results import Band, Results

TABLE = {
    "lessons": {
        "01-x": {
            "quick": {
                "real": {"seconds": 60, "measured": "today", "bands": {"accuracy": [0.9, 1.0]}},
            }
        }
    },
    "measurements": {"race": {"measured": "seeds 0 to 2", "rows": {"ours": [0.9, 0.8, 0.85]}}},
}


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setattr(results, "_table", lambda: TABLE)


def test_a_result_is_held_against_its_band(table, capsys):
    found = Results("01-x", "quick", "real")
    found.record("accuracy", 0.95)
    assert capsys.readouterr().out == "accuracy = 0.95 (as usual: our runs gave 0.9 to 1)\n"
    assert found["accuracy"] == 0.95


def test_a_result_outside_its_band_is_said_loudly(table, capsys):
    Results("01-x", "quick", "real").record("accuracy", 0.5)
    assert capsys.readouterr().out == "accuracy = 0.5 (UNUSUAL: our runs gave 0.9 to 1)\n"


def test_without_a_measurement_there_is_no_band(table, capsys):
    Results("01-x", "full", "real").record("accuracy", 0.5)
    assert capsys.readouterr().out == "accuracy = 0.5\n"
    assert results.expectation("01-x", "full", "real").bands == {}


def test_both_ends_of_a_band_belong_to_it():
    assert str(Band(0, 0)) == "0"
    assert 1 in Band(1, 2)
    assert 2 in Band(1, 2)
    assert 2.001 not in Band(1, 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="only finite numbers"):
        Results("01-x", "quick", "real").record("loss", value)


def test_one_name_cannot_hold_two_numbers(table):
    found = Results("01-x", "quick", "real")
    found.record("accuracy", 0.9)
    found.record("accuracy", 0.9)
    with pytest.raises(ValueError, match=r"already recorded as 0\.9"):
        found.record("accuracy", 0.91)


def test_a_measurement_becomes_a_table_with_mean_and_spread(table):
    text = results.measurement("race")
    assert "| ours | 0.85 | 0.05 | 0.9, 0.8, 0.85 |" in text
    assert "Measured: seeds 0 to 2." in text


def test_notes_are_read_back_from_a_notebook_in_order():
    def note(name):
        data = {results.MIME_TYPE: {"kind": "result", "name": name}, "text/plain": name}
        return nbformat.v4.new_output("display_data", data=data)

    cell = nbformat.v4.new_code_cell(
        outputs=[note("a"), nbformat.v4.new_output("stream", text="x"), note("b")]
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("#"), cell])
    assert [facts["name"] for facts in results.notes(notebook, "result")] == ["a", "b"]
    assert list(results.notes(notebook, "data")) == []


def test_every_band_in_the_file_is_a_range_and_says_how_it_was_measured():
    for profiles in results._table()["lessons"].values():
        for profile, kinds in profiles.items():
            assert profile in ("quick", "full")
            for kind, entry in kinds.items():
                assert kind in ("real", "sample")
                assert entry["measured"]
                assert entry["seconds"] > 0
                assert all(low <= high for low, high in entry["bands"].values())


def test_the_lessons_network_beats_keras_example_by_more_than_the_spread():
    """The claim that lesson 01 makes about the benchmark."""
    rows = results._table()["measurements"]["mnist_vs_keras_example"]["rows"]
    theirs, ours = rows["Keras' example"], rows["this lesson's network"]
    assert len(theirs) == len(ours) >= 5
    spread = max(statistics.stdev(theirs), statistics.stdev(ours))
    assert statistics.mean(ours) - statistics.mean(theirs) > spread
