"""Dates and times: read as they are meant, or refused with what they could mean."""

from __future__ import annotations

import datetime
from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_staff.grading.times import TimeError, in_words, read_time

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime.datetime(2026, 11, 30, 22, 58, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    "text",
    [
        # ISO, as Canvas, nbgrader and programs write it
        "2026-11-30T22:58:00Z",
        "2026-11-30T22:58Z",
        "2026-11-30 22:58:00 UTC",
        "2026-11-30 22:58:00.000000 UTC",
        "2026-11-30 22:58:00,0 GMT",
        "20261130T225800Z",
        "2026/11/30 22:58 UTC",
        # offsets, and none
        "2026-11-30 23:58:00 +0100",
        "2026-11-30 23:58:00 +01:00",
        "2026-11-30T23:58:00+01:00",
        "2026-11-30 23:58+01",
        "2026-11-30 23:58 UTC+1",
        "2026-11-30 23:58 GMT+0100",
        "2026-11-30 21:58 UTC-1",
        "2026-11-30 21:58 \u221201:00",
        "2026-12-01 04:28 +05:30",
        "2026-11-30 23:58",
        # zones by name
        "2026-11-30 23:58 Europe/Berlin",
        "2026-11-30 23:58 CET",
        "2026-11-30 23:58 MEZ",
        "2026-11-30 17:58 EST",
        "2026-11-30 14:58 PST",
        "2026-12-01 07:58 JST",
        # day first with dots; with slashes where the other order is no date
        "30.11.2026 23:58",
        "30. 11. 2026 23:58:00",
        "30/11/2026 23:58",
        "11/30/2026 11:58 PM",
        "30-11-2026 23:58",
        # months and weekdays by name
        "Monday, 30 November 2026, 11:58 PM",
        "Monday, 30 November 2026, 11:58\u202fPM",
        "Montag, 30. November 2026, 23:58",
        "lundi 30 novembre 2026, 23:58",
        "lunes, 30 de noviembre de 2026, 23:58",
        "lunedì, 30 novembre 2026, 23:58",
        "segunda-feira, 30 de novembro de 2026 às 23:58",
        "maandag, 30 november 2026, 23:58",
        "Nov 30, 2026 at 11:58pm",
        "Mon, 30 Nov 2026 23:58:00 +0100",
        "Mon Nov 30 22:58:00 UTC 2026",
        # what editors add
        "\ufeff2026-11-30 22:58:00 UTC\r\n",
        "2026-11-30\u00a022:58:00\u00a0UTC",
        "\ufeff2026-11-30 22:58:00 UTC".encode(),
        "2026-11-30 22:58:00 UTC\r\n".encode("utf-16"),
    ],
)
def test_every_way_to_write_a_moment_is_that_moment(text):
    assert read_time(text, BERLIN) == NOON


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "03/12/2026 10:00",
            "is 3 December 2026 or 12 March 2026: write 2026-12-03 10:00 or 2026-03-12 10:00",
        ),
        ("3-12-2026 10:00 AM UTC", "write 2026-12-03 10:00 AM UTC or 2026-03-12 10:00 AM UTC"),
        (
            "2026-12-01 00:58:00 CEST",
            "CEST is not in use in Europe/Berlin on 1 December 2026: write "
            r"2026-12-01 00:58:00 \+01:00 or 2026-12-01 00:58:00 \+02:00",
        ),
        ("2026-07-01 10:00 CET", r"write 2026-07-01 10:00:00 \+01:00 or 2026-07-01 10:00:00 \+02"),
        ("2026-03-29 02:30 CET", "CET is not in use"),
        ("2026-11-30 23:58 IST", "another time in each of India, Ireland and Israel"),
        ("2026-11-30 23:58 CST", "another time in each of North America, China and Cuba"),
        ("2026-11-30 23:58 BST", "another time in each of Britain"),
        ("2026-11-30 23:58 XYZ", "'XYZ' is not a known time zone"),
        ("2026-11-30 23:58 Etc/GMT+1", "is not a known time zone"),
        ("2026-11-30 23:58 +01:00 CET", "is not a known time zone"),
        ("2026-11-30 23:58 Europe/Nowhere", "is not a known time zone"),
        ("2026-11-30 23:58 +100", "is not a known time zone"),
        ("2026-11-30 23:58 +9900", "is not a valid time zone offset"),
        ("2026-03-29 02:30", "does not exist in Europe/Berlin"),
        ("2026-10-25 02:30", "twice in Europe/Berlin: write 2026-10-25 00:30:00 UTC or 2026-10-25"),
        ("Tuesday, 30 November 2026, 11:58 PM", "30 November 2026 is a Monday"),
        ("30.11.26 23:58", "no year of four digits"),
        ("1/12/26 23:58", "no year of four digits"),
        ("30 Nov 26 23:58", "no year of four digits"),
        ("2026-11-30 13:58 PM", "no hour from 1 to 12"),
    ],
)
def test_what_can_mean_two_moments_is_refused_with_both(text, told):
    with pytest.raises(TimeError, match=told):
        read_time(text, BERLIN)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "10:00", "10 PM", "December", "December 2026",
        "1796083080", "1796083080.5", "46356.99", "202611302258", "2026-11-30 24:00",
        "2026-11-31 10:00", "11.30.2026 10:00", "2026-30-11 10:00", "10:00 30.11.2026",
        "2026-11-30 23.58", "2026-11-30 10:00:00:00", "1970-01-01 00:00:00 UTC", "12:30 12:45",
        "tomorrow 10:00", "\0", b"\xe4\xff", "1" * 5000, "0001-01-01 00:00:00 +14:00",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(
        TimeError, match=r"is not a valid date and time: write it|is not UTF-8 text"
    ):
        read_time(text, BERLIN)


@pytest.mark.parametrize("text", ["2026-11-30", "30.11.2026", "03/12/2026", "3 December 2026"])
def test_a_date_without_a_time_of_day_is_told_so(text):
    with pytest.raises(TimeError, match=f"'{text}' has no time of day: write it as 2026"):
        read_time(text, BERLIN)


def test_abbreviations_tell_the_hour_that_the_clock_shows_twice():
    summer, winter = (read_time(f"2026-10-25 02:30 {zone}", BERLIN) for zone in ("CEST", "CET"))
    assert (winter - summer) == datetime.timedelta(hours=1)


@given(
    st.datetimes(datetime.datetime(2000, 1, 2), datetime.datetime(2099, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
)
def test_what_nbgrader_and_programs_write_is_read_back(moment, minutes):
    moment = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=minutes)))
    assert read_time(moment.isoformat(), BERLIN) == moment
    assert read_time(moment.strftime("%Y-%m-%d %H:%M:%S.%f %z"), BERLIN) == moment
    utc = moment.astimezone(datetime.UTC)
    assert read_time(utc.strftime("%Y-%m-%d %H:%M:%S.%f %Z"), BERLIN) == moment
    assert read_time(in_words(moment), BERLIN) == moment.replace(microsecond=0)


@given(st.text(max_size=40) | st.from_regex(r"[\d/.: ]{1,20}( [A-Z]{1,5})?", fullmatch=True))
def test_any_text_is_a_moment_or_refused(text):
    with suppress(TimeError):
        assert read_time(text, datetime.UTC).tzinfo is datetime.UTC
