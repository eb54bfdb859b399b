"""Pictures in texts stay, as attachments that are what they say; what does not is told."""

import base64

import pytest

from course_staff.grading.submissions import pictures
from course_staff.grading.submissions.pictures import Pictures

PNG = base64.b64encode(b"\x89PNG" + bytes(2000)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff" + bytes(2000)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "before ![a sketch](data:image/png;base64,{}) after",
        'before ![a sketch](<data:image/png;base64,{}> "title") after',
        "before ![a sketch][1] after\n\n[1]: data:image/png;base64,{}",
        'before <img width="200" alt="a sketch" src="data:image/png;base64,{}" /> after',
        "before <img\nsrc='data:image/png;charset=utf-8;base64,{}'> after",
    ],
)
def test_a_picture_in_the_text_becomes_an_attachment_and_the_text_stays(text):
    kept = Pictures()
    source, attachments = kept.keep(text.format(PNG))
    ((name, bundle),) = attachments.items()
    assert bundle == {"image/png": PNG}
    assert f"attachment:{name}" in source
    assert "data:" not in source
    assert source.startswith("before ")
    assert "after" in source
    assert kept.remarks == []
    assert Pictures().keep(source, attachments) == (source, attachments)


def test_a_tag_of_html_becomes_a_picture_that_a_page_can_show():
    source, attachments = Pictures().keep(f'<p><img src="data:image/jpg;base64,{JPEG}"> after</p>')
    (name,) = attachments
    assert name.endswith(".jpg")
    assert source == f"<p>\n\n![](attachment:{name})\n\n after</p>"


@pytest.mark.parametrize(
    ("text", "attachments", "said"),
    [
        ("![a](data:image/png;base64,AAAA)", None, "that is damaged"),
        (f"![a](data:image/svg+xml;base64,{PNG})", None, "of the kind image/svg+xml"),
        ("![a](attachment:x.svg)", {"x.svg": {"image/svg+xml": "<svg/>"}}, "image/svg+xml"),
        ("![a](attachment:x.png)", {"x.png": {"image/png": "PHN2Zz4="}}, "that is damaged"),
        ("![a](attachment:x.png)", {"x.png": {"image/png": 3}}, "x.png is not in the notebook"),
        ("![a](attachment:x.png)", {"y.png": {"image/png": PNG}}, "x.png is not in the notebook"),
        ("![a](attachment:x.png 'title')", [3], "x.png is not in the notebook"),
        ("![a](<attachment:x.png>)", None, "x.png is not in the notebook"),
    ],
)
def test_what_is_left_out_is_told_in_its_place(text, attachments, said):
    kept = Pictures()
    source, _ = kept.keep(f"before {text} after", attachments)
    assert source == "before *(a picture was left out here: a)* after"
    (remark,) = kept.remarks
    assert said in remark


def test_a_picture_of_another_kind_than_it_says_is_called_what_it_is():
    _, attachments = Pictures().keep(
        "![](attachment:x.png)", {"x.png": {"image/png": [JPEG, "\n"]}}
    )
    assert list(attachments.values()) == [{"image/jpeg": JPEG}]


def test_no_reference_is_left_without_its_picture():
    source, _ = Pictures().keep("![a][r] after\n\n[r]: attachment:x.png")
    assert "attachment:" not in source


def test_pictures_are_bounded_one_by_one_and_together(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PICTURE_BYTES", 3_000)
    kept = Pictures()
    kept._room = 5_000
    large = base64.b64encode(b"GIF8" + bytes(4000)).decode()
    source, attachments = kept.keep(
        f"![](data:image/png;base64,{PNG}) ![](data:image/gif;base64,{large}) "
        f"![](data:image/jpeg;base64,{JPEG}) text"
    )
    assert [next(iter(bundle)) for bundle in attachments.values()] == ["image/png", "image/jpeg"]
    assert source.count("*(a picture was left out here)*") == 1
    assert "of 0.0 MB" in kept.remarks[0]
    again, more = kept.keep(f"![](data:image/png;base64,{PNG}) text")
    assert (again, more) == ("*(a picture was left out here)* text", {})


def test_short_uris_of_other_kinds_are_text():
    text = "`data:text/plain;base64,QQ==` and data: of ours"
    assert Pictures().keep(text) == (text, {})
