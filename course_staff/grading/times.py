"""Dates and times as people, learning platforms and nbgrader write them: read, or refused.

One function reads the class list's times, `--due` and timestamp.txt, for a misread time
costs marks. A text that can mean two moments is refused with both of them:

- ISO dates are year, month, day. Dates with dots are day, month, year. With slashes or dashes
  (03/12/2026) they are read where one order alone gives a date.
- Months may be named in English, German, French, Spanish, Italian, Portuguese or Dutch.
- Date, time of day and a year of four digits must be there.
- A zone is an offset ("+01:00", "+0100", "UTC+1", which is one hour east of Greenwich), "UTC",
  "GMT", "Z", a name such as "Europe/Berlin", or an abbreviation that one zone alone uses and that
  is in use there at that date. Without one, the zone that the caller names holds.
- A time of day that a zone skips or has twice, when its clocks change, is refused.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from course_lib.files import decoded

EXAMPLE = "2026-12-01 12:00 UTC"
UTC = datetime.UTC

_MONTHS = """
january jan januar janvier janv enero ene gennaio gen janeiro januari
february feb februar fevrier fevr febrero febbraio fevereiro fev februari
march mar marz mrz mars marzo marco maart mrt
april apr avril avr abril abr aprile
may mai mayo maggio mag maio mei
june jun juni juin junio giugno giu junho
july jul juli juillet juil julio luglio lug julho
august aug aout agosto ago augustus
september sep sept septembre septiembre settembre set setembro
october oct oktober okt octobre octubre ottobre ott outubro out
november nov novembre noviembre novembro
december dec dezember dez decembre diciembre dic dicembre dezembro
"""
_WEEKDAYS = """
monday mon montag mo lundi lunes lunedi segunda-feira maandag ma
tuesday tue tues dienstag di mardi martes martedi terca-feira dinsdag
wednesday wed mittwoch mi mercredi miercoles mercoledi quarta-feira woensdag wo
thursday thu thur thurs donnerstag do jeudi jueves giovedi quinta-feira donderdag
friday fri freitag fr vendredi viernes venerdi sexta-feira vrijdag vr
saturday sat samstag sonnabend sa samedi sabado sabato zaterdag za
sunday sun sonntag so dimanche domingo domenica zondag zo
"""


def _numbers(table: str) -> dict[str, int]:
    lines = table.strip().splitlines()
    return {word: number for number, line in enumerate(lines) for word in line.split()}


_MONTH = {word: number + 1 for word, number in _numbers(_MONTHS).items()}
_WEEKDAY = _numbers(_WEEKDAYS)
# The meaning of an abbreviation: the zone, and the zone's own abbreviation.
_ABBREVIATIONS = {
    short: (place, short)
    for place, both in {
        "Europe/Lisbon": ("WET", "WEST"),
        "Europe/Berlin": ("CET", "CEST"),
        "Europe/Helsinki": ("EET", "EEST"),
        "Europe/Moscow": ("MSK",),
        "America/New_York": ("EST", "EDT"),
        "America/Denver": ("MST", "MDT"),
        "America/Los_Angeles": ("PST", "PDT"),
        "America/Anchorage": ("AKST", "AKDT"),
        "Pacific/Honolulu": ("HST",),
        "Asia/Tokyo": ("JST",),
        "Asia/Seoul": ("KST",),
        "Asia/Hong_Kong": ("HKT",),
        "Africa/Johannesburg": ("SAST",),
        "Australia/Sydney": ("AEST", "AEDT"),
        "Australia/Perth": ("AWST",),
        "Pacific/Auckland": ("NZST", "NZDT"),
    }.items()
    for short in both
} | {"MEZ": ("Europe/Berlin", "CET"), "MESZ": ("Europe/Berlin", "CEST")}
_AMBIGUOUS = {
    "IST": "India, Ireland and Israel",
    "CST": "North America, China and Cuba",
    "CDT": "North America and Cuba",
    "BST": "Britain and Bangladesh",
    "AST": "Canada and Arabia",
}

_TIME = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?![\d:])(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?(?:\s*uhr\b)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)[T ](\d\d)(\d\d)(\d\d)?(?=\D|$)", re.IGNORECASE)
_BEFORE_TIME = re.compile(r"[\s,;]*(\b(at|um|a las|as|a|alle( ore)?|om)\b)?[\s,;]*$", re.IGNORECASE)
_NAMED_DAY = re.compile(r"(?P<word>[a-z]+(-feira)?)\.?[\s,]+(?=\S)", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.]) ?(\d{1,2})\2 ?(\d{1,2})\.?(?:(?<=\d)T)?", re.IGNORECASE)
_DOTS = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{2,4})\.?")
_SLASHES = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{2,4})")
_DAY_MONTH = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|o|\.)?[\s-]*(?:of |de |d')?(?P<month>[a-z]+)\.?"
    r"(?:[\s,-]+(?:de |del )?(?P<year>\d{2,4}))?",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    r"(?P<month>[a-z]+)\.?\s*(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:[\s,]+(?P<year>\d{2,4}))?",
    re.IGNORECASE,
)
_OFFSET = re.compile(
    r"(?:UTC|GMT)? ?(?P<sign>[+-]) ?(?:(?P<hours>\d\d?)(?::(?P<minutes>\d\d))?|(?P<four>\d{4}))",
    re.IGNORECASE,
)
_MAX_TIME_LENGTH = 100  # characters; far above any date and time
_OFFSET_REMEDY = "write an offset instead, such as +01:00"


class TimeError(ValueError):
    """A text is not a valid time; `reason` says why, and the message how to write it."""

    def __init__(self, reason: str, remedy: str = f"write it as {EXAMPLE}") -> None:
        super().__init__(f"{reason}: {remedy}")
        self.reason = reason


def read_time(text: str | bytes, zone: datetime.tzinfo) -> datetime.datetime:
    """Read a date and time."""
    if isinstance(text, bytes):
        try:
            text = decoded(text)
        except UnicodeError:
            raise TimeError("it is not UTF-8 text") from None
    text = " ".join(text.replace("\ufeff", "").split())
    if len(text) > _MAX_TIME_LENGTH:
        raise TimeError(f"'{text[:_MAX_TIME_LENGTH]}…' is not a valid date and time")
    plain = _plain(text)
    if match := _COMPACT.match(plain):
        day, clock = "-".join(match.groups()[:3]), ":".join(filter(None, match.groups()[3:]))
        plain = f"{day} {clock}{plain[match.end() :]}"
    clock = _TIME.search(plain)
    if clock is None:
        list(_days(text, plain))  # raises where that is no date, either
        raise TimeError(f"{text!r} has no time of day")
    before, after = plain[: clock.start()], plain[clock.end() :].strip(" ,")
    before = _BEFORE_TIME.sub("", before)
    # As `date` writes it, the year stands at the end: Mon Nov 30 22:58:00 UTC 2026.
    if (last := re.fullmatch(r"(.*?)\s*\b(\d{4})", after)) and not re.search(r"\d{4}", before):
        before, after = f"{before} {last[2]}", last[1]
    days = list(_days(text, before))
    moments = {
        moment for day in days for moment in _moments(text, _naive(text, day, clock), after, zone)
    }
    if len(days) > 1:
        options = [f"{day:%Y-%m-%d} {clock[0].strip()} {after}".strip() for day in days]
        meant = " or ".join(f"{day.day} {day:%B %Y}" for day in days)
        raise TimeError(f"{text!r} is {meant}", f"write {' or '.join(options)}")
    if len(moments) > 1:
        options = " or ".join(f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in sorted(moments))
        raise TimeError(f"the clock shows {text!r} twice in {zone}", f"write {options}")
    return moments.pop()


def in_words(moment: datetime.datetime) -> str:
    """Return a moment for people, in UTC; one without a zone is in UTC already.

    Examples
    --------
    >>> in_words(datetime.datetime(2026, 12, 3, 12))
    'Thursday, 3 December 2026, 12:00 UTC'
    """
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    seconds = ":%S" if moment.second else ""
    return f"{moment:%A}, {moment.day} {moment.strftime(f'%B %Y, %H:%M{seconds}')} UTC"


def _plain(text: str) -> str:
    """Return a text without accents and signs that do not show, with plain spaces and dashes."""
    text = re.sub("[\u2010-\u2015\u2212]", "-", text)
    signs = unicodedata.normalize("NFKD", text)
    shown = (sign for sign in signs if unicodedata.category(sign) not in ("Mn", "Cf"))
    return " ".join("".join(shown).split())


def _days(text: str, written: str) -> Iterator[datetime.date]:
    """Yield the days that a date can mean."""
    weekday = None
    if (match := _NAMED_DAY.match(written)) and match["word"].lower() in _WEEKDAY:
        weekday, written = _WEEKDAY[match["word"].lower()], written[match.end() :]
    orders: list[tuple[str, int | str, str]] = []
    if match := _YEAR_FIRST.fullmatch(written):
        orders = [(match[1], match[3], match[4])]
    elif match := _DOTS.fullmatch(written):
        orders = [(match[3], match[2], match[1])]
    elif match := _SLASHES.fullmatch(written):
        orders = [(match[4], match[3], match[1]), (match[4], match[1], match[3])]
    elif match := (_DAY_MONTH.fullmatch(written) or _MONTH_DAY.fullmatch(written)):
        month = _MONTH.get(match["month"].lower())
        orders = [(match["year"] or "", month, match["day"])] if month else []
    if orders and len(orders[0][0]) < 4:
        raise TimeError(f"{text!r} has no year of four digits")
    days = []
    for year, month, day in orders:
        try:
            days.append(datetime.date(int(year), int(month), int(day)))
        except ValueError:
            continue
    days = [day for day in dict.fromkeys(days) if 2000 <= day.year < 2100]
    if not days:
        raise TimeError(f"{text!r} is not a valid date and time")
    fitting = [day for day in days if weekday in (None, day.weekday())]
    if not fitting:
        raise TimeError(f"{text!r} names a wrong weekday: {days[0].day} {days[0]:%B %Y is a %A}")
    yield from fitting


def _naive(text: str, day: datetime.date, clock: re.Match[str]) -> datetime.datetime:
    hour, half = int(clock["hour"]), (clock["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise TimeError(f"{text!r} has no hour from 1 to 12 before am or pm")
        hour = hour % 12 + 12 * (half == "p")
    part = int((clock["part"] or "0").ljust(6, "0")[:6])
    try:
        time = datetime.time(hour, int(clock["minute"]), int(clock["second"] or 0), part)
    except ValueError:
        raise TimeError(f"{text!r} is not a valid date and time") from None
    return datetime.datetime.combine(day, time)


def _moments(
    text: str, naive: datetime.datetime, name: str, zone: datetime.tzinfo
) -> list[datetime.datetime]:
    """Return the moments, in UTC, at which a zone's clock shows a time: one, or two."""
    short = name.upper()
    if short in ("UTC", "GMT", "Z"):
        zone = UTC
    elif match := _OFFSET.fullmatch(name):
        zone = _fixed(text, match)
    elif short in _ABBREVIATIONS:
        place, called = _ABBREVIATIONS[short]
        zone = _named(text, place)
        moments = _shown(naive, zone)
        fitting = [moment for moment in moments if moment.astimezone(zone).tzname() == called]
        if not fitting:
            options = sorted({f"{naive} {_offset(zone, naive.year, called)}"} | _local(naive, zone))
            raise TimeError(
                f"{text!r}: {name} is not in use in {place} on {naive.day} {naive:%B %Y}",
                f"write {' or '.join(options)}",
            )
        return fitting
    elif where := _AMBIGUOUS.get(short):
        raise TimeError(f"{text!r}: {name} is another time in each of {where}", _OFFSET_REMEDY)
    elif name:
        zone = _named(text, name)
    moments = _shown(naive, zone)
    if not moments:
        raise TimeError(
            f"{text!r} does not exist in {zone}, whose clocks were put forward over it",
            "write it with an offset, such as +01:00",
        )
    return moments


def _fixed(text: str, match: re.Match[str]) -> datetime.timezone:
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    if match["four"]:
        hours, minutes = divmod(int(match["four"]), 100)
    if hours > 14 or minutes > 59:
        raise TimeError(f"{text!r}: {match[0]!r} is not a valid time zone offset")
    offset = datetime.timedelta(hours=hours, minutes=minutes)
    return datetime.timezone(-offset if match["sign"] == "-" else offset)


def _offset(zone: datetime.tzinfo, year: int, called: str) -> str:
    """Return the offset that a zone calls so at some time of a year, such as "+02:00"."""
    days = (datetime.datetime(year, month, 1, tzinfo=zone) for month in (1, 7))
    day = next(day for day in days if day.tzname() == called)
    return day.isoformat()[-6:]


def _local(naive: datetime.datetime, zone: datetime.tzinfo) -> set[str]:
    """Return a time with the offsets that a zone has then."""
    return {f"{naive} {m.astimezone(zone).isoformat()[-6:]}" for m in _shown(naive, zone)}


def _named(text: str, name: str) -> datetime.tzinfo:
    """Return a zone such as Europe/Berlin; those of "Etc" count the wrong way round."""
    if re.fullmatch(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)+", name) and not name.startswith("Etc/"):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise TimeError(f"{text!r}: {name!r} is not a known time zone", _OFFSET_REMEDY)


def _shown(naive: datetime.datetime, zone: datetime.tzinfo) -> list[datetime.datetime]:
    found = []
    for fold in (0, 1):
        moment = naive.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == naive and moment not in found:
            found.append(moment)
    return found
