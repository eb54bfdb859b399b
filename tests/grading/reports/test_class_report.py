"""The class report: what it counts, what it notices, and that nothing in it comes alive."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from courses import NAME, RIGHT, answered, plain_course, right, with_cell

from course_staff.grading.limits import Stopped
from course_staff.grading.marking import StudentReport
from course_staff.grading.records.marks import Mark, Marks
from course_staff.grading.reports.class_report import class_page, write_class_report
from course_staff.grading.reports.class_summary import histogram, summarize
from course_staff.grading.reports.own_code import OwnCell, OwnCode, read_own_code, syntax_of
from course_staff.grading.reports.reporting import LIMITS, as_csv, as_json

FAILED = "✗ 0 of 1.5: doubles. {} of 12 values differ."


def report(student: str, double: float = 2, draw: float = 1, why: float | None = 1, **more):
    """A report with these points; `why` is None where it waits to be marked."""
    marks = {
        "double": Mark(double, 2), "draw": Mark(draw, 1), "why": Mark(why or 0, 1, why is None),
    }  # fmt: skip
    messages = {} if double == 2 else {"double": (FAILED.format(12),)}
    facts = {"status": "to_mark" if why is None else "graded", "seconds": 1.0, "seed": 7} | more
    messages = facts.pop("messages", messages)
    return StudentReport(student, marks=Marks(marks), messages=messages, **facts)


def absent(student: str, status: str = "missing", *remarks: str) -> StudentReport:
    return report(student, 0, 0, 0, status=status, messages={}, remarks=remarks, seconds=0)


def code(*cells: str, **answers: str) -> OwnCode:
    named = [OwnCell(name, source) for name, source in answers.items()]
    return OwnCode((*named, *(OwnCell(f"cell {i}", one) for i, one in enumerate(cells, 1))))


def read(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", read(page).get_text(" "))


def rows(page: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first column is called so."""
    found = []
    for table in read(page).find_all("table"):
        if table.th.get_text() == heading:
            for row in table.tbody.find_all("tr"):
                cells = row.find_all(["th", "td"])
                found.append([re.sub(r"\s+", " ", cell.get_text()).strip() for cell in cells])
    return found


CLASS = [
    report("ada"),
    report("ben", 0.5, why=None),
    report("cyd", 0, 0, 0, messages={"double": ("✗ double was not answered.",)}),
    absent("dan"),
    absent("eve", "unreadable", "The notebook cannot be read: it is not valid JSON."),
    absent("fay", "failed", "Grading failed (OSError: gone): grade this student again."),
    report("gus", 0.5, seconds=0, messages={"double": (FAILED.format(3),)}),
]


def test_the_numbers_are_those_of_the_reports(small):
    summary = summarize(small, CLASS)
    assert summary.statuses == {
        "graded": 3, "to_mark": 1, "missing": 1, "unreadable": 1, "failed": 1,
    }  # fmt: skip
    assert summary.totals == (0, 0, 1.5, 2.5, 4)  # with eve's, without dan's and fay's
    assert summary.mean == pytest.approx(1.6)
    assert summary.quartiles == (0, 1.5, 2.5)
    page = class_page(small, CLASS, {})
    assert rows(page, "Question") == [
        ["double", "2", "30%", "1", "2", ""],
        ["draw", "1", "60%", "3", "2", ""],
        ["why", "1", "50%", "2", "2", "1"],
    ]
    found = {item.dt.get_text(): item.dd.get_text() for item in read(page).select("dl div")}
    assert found == {
        "graded": "3", "graded, written answers to mark": "1", "nothing handed in": "1",
        "could not be read": "1", "grading failed": "1",
        "of them unchanged, not executed again": "1",
        "mean, of 4 points": "1.6", "median": "1.5", "quartiles": "0 – 2.5",
    }  # fmt: skip
    assert "0 to 0.5 points: 2. 1.5 to 2 points: 1. 2.5 to 3 points: 1. 3.5 to 4" in text_of(page)


def test_report_json_sums_up_the_class_and_keeps_its_form(small):
    found = json.loads(as_json(small, CLASS))
    assert found["assignment"] == NAME
    assert [entry["student"] for entry in found["submissions"]] == [one.student for one in CLASS]
    assert found["summary"]["statuses"]["graded"] == 3
    assert (found["summary"]["mean"], found["summary"]["median"]) == (1.6, 1.5)
    assert found["summary"]["quartiles"] == [0, 2.5]
    assert found["summary"]["questions"][0] == {
        "id": "double", "max_score": 2, "students": 5, "mean_share": 0.3,
        "full": 1, "none": 2, "to_mark": 0,
    }  # fmt: skip
    assert json.loads(as_json(small, []))["summary"]["mean"] is None


def test_the_commonest_messages_come_first_and_numbers_make_no_difference(small):
    page = read(class_page(small, CLASS, {}))
    items = page.select('section[aria-labelledby="messages"] li')
    assert [re.sub(r"\s+", " ", item.get_text()).strip() for item in items] == [
        "2× ✗ 0 of 1.5: doubles. 12 of 12 values differ. (with other numbers, too) – ben, gus",
        "1× ✗ double was not answered. – cyd",
    ]


def test_a_missing_name_in_a_message_is_not_taken_for_another(small):
    told = ["✗ double failed: NameError: 'x1'", "✗ double failed: NameError: 'y1'"]
    reports = [report(f"s{i}", 0, messages={"double": (one,)}) for i, one in enumerate(told)]
    items = read(class_page(small, reports, {})).select('section[aria-labelledby="messages"] li')
    assert [item.strong.get_text() for item in items] == ["1×", "1×"]


@pytest.mark.parametrize(
    ("totals", "most", "edges"),
    [
        ([0, 4], 4, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]),
        ([0, 25], 25, [0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5, 25]),
        ([-1, 120], 100, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]),
        ([0.25], 0.5, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]),
    ],
)  # fmt: skip
def test_bars_have_round_edges_and_hold_every_total(totals, most, edges):
    bars = histogram(totals, most)
    assert [bar.low for bar in bars] == pytest.approx(edges[:-1])
    assert bars[-1].high == pytest.approx(edges[-1])
    assert sum(bar.count for bar in bars) == len(totals)


def test_whoever_ran_into_a_limit_or_has_no_marks_is_listed(small):
    reports = [*CLASS, report("hal", limits_hit=("memory", "cpu"), peak_memory_mb=3999.6)]
    page = class_page(small, reports, {})
    text = text_of(page)
    assert "Could not be read: 1" in text
    assert "it is not valid JSON" in text
    assert "Grading failed: 1" in text
    assert "grade this student again" in text
    assert "Nothing handed in: 1" in text
    assert ["hal", "memory, CPU time", "4000 MB", "4"] in rows(page, "Student")


def test_the_reports_have_a_word_for_every_limit_that_stops_a_cell_and_no_other():
    told = Stopped.__doc__.partition("limit : str")[2]
    assert set(LIMITS) == set(re.findall(r'"(\w+)"', told))


def test_a_run_without_sandbox_and_points_that_can_be_forged_are_told_on_every_row(small):
    reports = [replace(one, sandboxed=False) for one in CLASS]
    text = text_of(class_page(small, reports, {}))
    assert "Not sandboxed. All submissions were executed without the sandbox" in text
    assert "to mark, not sandboxed" in text
    for row in as_csv(small, reports).splitlines()[1:]:
        assert row.endswith(",not sandboxed")
    assert not json.loads(as_json(small, reports))["submissions"][0]["sandboxed"]
    text = text_of(class_page(small, [*CLASS, replace(report("hal"), sandboxed=False)], {}))
    assert "1 submission was executed without the sandbox" in text
    plain = text_of(class_page(small, CLASS, {}))
    assert "Not sandboxed" not in plain
    assert "Self-judged" not in plain
    self_judged = type("SelfJudged", (type(small),), {"judged": "self-judged"})(
        *(getattr(small, one.name) for one in fields(small))
    )
    text = text_of(class_page(self_judged, CLASS, {}))
    assert "Self-judged. These points come from the tests in the students' own processes" in text


@pytest.fixture(scope="module")
def tables():
    """The right answers to assignment 04, each question's written by different people."""
    from answer_tables import Assignment

    table = Assignment.load("04")
    return {
        name: [one.source for one in table.answers(name) if one.right or one.label == "reference"]
        for name in table.questions
    }


def written_by(tables, number: int) -> OwnCode:
    return code(**{name: answers[number] for name, answers in tables.items()})


def disguised(own: OwnCode) -> OwnCode:
    """The same code under other names, with other comments and line breaks, in another order."""
    cells = []
    for cell in own.cells:
        for name in ("train", "test", "mean", "std", "network", "model", "inputs", "hidden", "rng"):
            before, after = rf"(?<![.\w\"]){name}\b(?!=|\()", f"my_{name}"
            cell = replace(cell, source=re.sub(before, after, cell.source))
        lines = [f"{line}  # as we learnt\n" if line.strip() else "\n\n"
                 for line in cell.source.splitlines()]  # fmt: skip
        cells.append(replace(cell, source="# All my own work.\n" + "".join(lines)))
    return OwnCode(tuple(reversed(cells)))


def groups(small, codes: dict[str, OwnCode]) -> list[str]:
    page = class_page(small, [report(student) for student in codes], codes)
    return [row[0] for row in rows(page, "Students")]


def test_independent_right_answers_are_not_alike(small, tables):
    codes = {f"student-{number}": written_by(tables, number) for number in range(4)}
    assert groups(small, codes) == []


def test_copies_are_found_under_other_names_comments_and_order(small, tables):
    codes = {f"student-{number}": written_by(tables, number) for number in range(4)}
    codes["copy"] = disguised(codes["student-2"])
    assert codes["copy"].cells[0].source != codes["student-2"].cells[-1].source
    assert groups(small, codes) == ["student-2, copy"]
    codes["other"] = disguised(codes["copy"])
    assert groups(small, codes) == ["student-2, copy, other"]


def test_what_was_handed_out_and_what_everybody_writes_is_no_likeness(small, tables):
    short = {f"s{number}": code(**RIGHT) for number in range(30)}
    assert groups(small, short) == []
    everybody = {f"s{number}": written_by(tables, 0) for number in range(30)}
    assert groups(small, everybody) == []


def test_a_copy_is_found_in_a_thousand_and_the_page_stays_small(small, tables):
    functions = ["np.sin", "np.cos", "np.exp", "np.abs", "len"]

    def own(number: int) -> OwnCode:
        """Code of one's own: another formula in every line."""
        lines = [
            f"    x = {functions[(number // (line + 1)) % 5]}(x * {31 * number + line})"
            for line in range(12)
        ]
        return code(double="\n".join(["def double(x):", *lines, "    return x"]))

    names = [f"student-{number:04}" for number in range(1000)]
    codes = {name: own(number) for number, name in enumerate(names)}
    codes[names[777]] = disguised(written_by(tables, 1))
    codes[names[123]] = written_by(tables, 1)
    reports = [
        report(name, 0.5, messages={"double": (f"✗ {'long ' * 200}{number}",)})
        for number, name in enumerate(names)
    ]
    page = class_page(small, reports, codes)
    assert [row[0] for row in rows(page, "Students")] == ["student-0123, student-0777"]
    assert len(page.encode()) < 1_000_000


@pytest.mark.parametrize("reports", [[], [report("ada")], [absent("dan")], [absent("f", "failed")]])
def test_the_smallest_classes_have_a_page_too(small, reports):
    page = class_page(small, reports, {})
    assert f"{NAME}: class report" in text_of(page)


def test_an_assignment_without_questions_has_a_page_too(small):
    none = replace(small, questions={})
    reports = [StudentReport("ada", "graded", Marks({}), {}, seconds=1.0)]
    assert "The assignment has no questions" in text_of(class_page(none, reports, {}))


def test_own_code_is_what_was_not_handed_out(tmp_path, small):
    notebook = with_cell(right(small), "x = 1\r\ny = 2")
    notebook.cells[3].source = notebook.cells[3].source.replace("\n", "\r\n")
    path = tmp_path / "autograded" / "ada" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook))
    own = read_own_code(tmp_path, small, "ada")
    assert [cell.place for cell in own.cells] == ["cell 6", "double", "draw"]
    assert own.lines == 6
    assert read_own_code(tmp_path, small, "ben") == OwnCode()


def test_empty_lines_take_no_longer_than_others():
    started = time.process_time()
    read = syntax_of("x = 1\n%time x\n  \t \n" + " \n" * 20_000 + "if x:\n    !ls\n    x?\n")
    assert time.process_time() - started < 5
    assert [type(node).__name__ for node in read.tree.body] == ["Assign", "Pass", "If"]
    assert len(read.tree.body[2].body) == 2


def test_own_code_is_found_where_the_notebook_has_a_name_of_its_own(tmp_path):
    plain = plain_course(tmp_path / "course")
    path = tmp_path / "autograded" / "ada" / plain.name / f"{plain.notebook_name}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(answered(plain, square="def square(x):\n    return x * x")))
    own = read_own_code(tmp_path, plain, "ada")
    assert [cell.place for cell in own.cells] == ["square"]


HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "</title></style></svg><svg onload=\"document.title='owned'\">",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:document.title='owned'",
    "http://tracker.invalid/pixel.png",
    "\u202eada\x1b[2J\x00\udc80",
    "../../../etc/passwd?#%2e",
    "n" * 250,
]


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory, small):
    """A page whose every text was written by somebody who wants it to come alive."""
    out = tmp_path_factory.mktemp("out")
    reports, codes = [], {}
    for number, text in enumerate(HOSTILE):
        reports.append(
            report(
                text, 0, messages={"double": (f"✗ {text}",)}, remarks=(text,), limits_hit=(text,)
            )
        )
        reports.append(absent(f"{text}-{number}", "unreadable", text))
        codes[text] = code(f"import socket  # {text}", text)
    reports.append(absent("<b>gone</b>"))
    path = out / "class.html"
    page = class_page(small, reports, codes)
    path.write_text(page, "utf-8")
    return path


def test_hostile_texts_are_shown_as_they_are(hostile_page, small):
    page = read(hostile_page.read_text("utf-8"))
    assert page.find_all(["script", "img", "iframe", "object", "embed", "form", "base"]) == []
    assert (
        len(page.find_all("svg")) == len(page.find_all("style")) == len(page.find_all("title")) - 1
    )
    attributes = {name for element in page.find_all(True) for name in element.attrs}
    assert not {name for name in attributes if name.startswith("on")}
    for link in page.find_all("a"):
        local = ("#", "feedback/", "report.json", "grades.csv")
        assert link["href"].startswith(local)
        assert ".." not in link["href"].split("/")
    text = page.get_text()
    for hostile in ("<script>document.title='owned'</script>", "{{ 7 * 7 }}", "\\u202eada\\x1b[2J"):
        assert hostile in text
    assert "\x1b" not in text


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def browse(folder: Path, page: Path, *options: str) -> str:
    """Open a page in headless Chromium, and return its document as it is then."""
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--hide-scrollbars", "--window-size=1200,900",
            f"--user-data-dir={folder / 'profile'}", *options, "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")
def test_the_page_fits_without_scripts_and_asks_nothing_of_the_network(tmp_path, hostile_page):
    page = html.escape(hostile_page.read_text("utf-8"))
    widths = (1000, 400)
    frames = "".join(  # without allow-scripts: no script of the page's runs
        f'<iframe width="{width}" height="800" style="border: 0" sandbox="allow-same-origin" '
        f'srcdoc="{page}"></iframe>'
        for width in widths
    )
    measure = """<script>onload = () => {
        const found = [...document.querySelectorAll("iframe")].map(frame => {
            const shown = frame.contentDocument;
            return [shown.documentElement.scrollWidth, shown.querySelectorAll("tr").length];
        });
        document.body.innerHTML = "<pre>" + JSON.stringify(found) + "</pre>";
    }</script>"""
    around = tmp_path / "around.html"
    around.write_text(f"<!DOCTYPE html><body>{frames}{measure}</body>", "utf-8")
    log = tmp_path / "net.json"
    document = browse(tmp_path, around, f"--log-net-log={log}")
    found = json.loads(read(document).pre.get_text())
    assert [width for width, _ in found] == list(widths)
    assert all(rows > 20 for _, rows in found)
    assert "tracker.invalid" not in log.read_text()


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")
def test_no_script_runs_in_a_browser_even_without_the_pages_policy(tmp_path, hostile_page):
    text = hostile_page.read_text("utf-8")
    policy = re.search(r"<meta http-equiv=[^>]+>", text)[0]
    assert "default-src 'none'" in policy
    for name, page in (("with", text), ("without", text.replace(policy, ""))):
        copy = tmp_path / f"{name}.html"
        copy.write_text(page, "utf-8")
        assert read(browse(tmp_path, copy)).title.get_text() == f"{NAME}: class report"


def test_the_page_is_written_beside_the_marks(tmp_path, small):
    path = write_class_report(tmp_path, small, CLASS)
    assert path == tmp_path / "class.html"
    page = read(path.read_text("utf-8"))
    links = [link["href"] for link in page.find_all("a")]
    assert f"feedback/ben/{NAME}/{NAME}.html" in links
    assert "report.json" in links
    assert not any("/dan/" in link or "/fay/" in link for link in links)
