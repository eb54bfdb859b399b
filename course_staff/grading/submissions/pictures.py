"""The pictures in a notebook's texts: kept where their type is true and their size not too large.

JupyterLab and VS Code keep a pasted picture as the cell's attachment, Colab in the text itself, as
a ``data:`` URI of a hundred thousand characters. Here both become attachments, named by their
content, so that the text stays readable and another picture is another text. A picture that is not
kept is replaced by a remark, so that no text refers to a missing attachment.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote

MAX_PICTURE_BYTES = 8_000_000  # bytes: more than a telephone's camera makes
MAX_PICTURES_BYTES = 20_000_000  # bytes of all pictures of a notebook
_MAX_ATTACHMENTS = 100  # of a cell
# Pictures that a browser shows without executing anything, and their first bytes.
_KINDS = {
    "image/png": (b"\x89PNG", "png"),
    "image/jpeg": (b"\xff\xd8\xff", "jpg"),
    "image/gif": (b"GIF8", "gif"),
}
_DATA = re.compile(r"data:([\w.+-]{1,50}/[\w.+-]{1,80})(?:;[\w.=+-]{1,60}){0,4};base64,([\w+/=-]*)")
_MIN_DATA_LENGTH = 1_000  # characters of a data: URI of another kind that is left out
_REFERENCE = re.compile(r"attachment:([^\s)>]{1,300})([^)\n]{0,300}\))?")
_MAX_FOUND = 1_000  # pictures in the texts of a notebook that are looked at
# The text before a reference to an attachment.
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\(\s*<?\Z")
_DEFINITION = re.compile(r"\]:\s*<?\Z")
_MAX_REMARKS = 10  # of a notebook
_AROUND = 300  # characters around a data: URI that tell how the text shows it
_GONE = "left-out"


class Pictures:
    """Keeps the pictures of one notebook.

    Parameters
    ----------
    handed_out : mapping of str to object, optional
        The attachments of the texts that were handed out, for a copy that has lost them.

    Attributes
    ----------
    remarks : list of str
        The pictures that were left out, and why.
    """

    def __init__(self, handed_out: Mapping[str, Any] | None = None) -> None:
        self.remarks: list[str] = []
        self._room = MAX_PICTURES_BYTES
        self._may_find = _MAX_FOUND
        self._handed_out = handed_out or {}

    def keep(
        self, source: str, attachments: Any = None, cut: Callable[[str], str] = str
    ) -> tuple[str, dict[str, dict[str, str]]]:
        """Return a text whose pictures are attachments, and these."""
        kept: dict[str, dict[str, str]] = {}
        source = cut(self._with_data(source, kept))
        source = self._with_attachments(source, attachments, kept)
        return self._without_lost(source, kept), kept

    def _with_attachments(self, source: str, attachments: Any, kept: dict) -> str:
        given = dict(attachments) if isinstance(attachments, dict) else {}
        lost = {name: one for name, one in self._handed_out.items() if f"nt:{name}" in source}
        for name, bundle in list((lost | given).items())[:_MAX_ATTACHMENTS]:
            bundle = bundle if isinstance(bundle, dict) else {}
            kind = next((kind for kind in _KINDS if kind in bundle), next(iter(bundle), ""))
            data = bundle.get(kind)
            data = "".join(map(str, data)) if isinstance(data, list) else data
            if not isinstance(name, str) or not name or not isinstance(data, str):
                continue
            ours = self._take(kind, "".join(data.split()), kept)
            target = f"attachment:{ours or _GONE}"
            for written in dict.fromkeys((name, quote(name), unquote(name))):
                old = re.escape(f"attachment:{written}")
                source = re.sub(rf"{old}(?=[\s)>\"'\]]|\Z)", target, source)
        return source

    def _with_data(self, source: str, kept: dict) -> str:
        parts: list[str] = []
        end = 0
        for match in islice(_DATA.finditer(source), self._may_find):
            self._may_find -= 1
            kind, data = match[1].lower(), match[2]
            if kind not in (*_KINDS, "image/jpg") and len(data) < _MIN_DATA_LENGTH:
                continue
            ours = self._take(kind.replace("/jpg", "/jpeg"), data, kept)
            before = source[max(end, match.start() - _AROUND) : match.start()]
            after = source[match.end() : match.end() + _AROUND]
            shown = f"![](attachment:{ours or _GONE})"
            tag = before.rfind("<img")
            if tag >= 0 and ">" not in before[tag:] and ">" in after:  # HTML knows no attachments
                start = match.start() - len(before) + tag
                parts += [source[end:start], f"\n\n{shown}\n\n"]
                end = match.end() + after.index(">") + 1
            else:
                parts.append(source[end : match.start()])
                parts.append(f"attachment:{ours or _GONE}")
                end = match.end()
        return "".join([*parts, source[end:]])

    def _take(self, kind: str, data: str, kept: dict) -> str | None:
        """Keep a picture, and return its name; None where it cannot be kept."""
        if kind not in _KINDS:
            self._remark(f"of the kind {kind[:50]}", "only PNG, JPEG and GIF are kept")
            return None
        try:
            held = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            held = b""
        # By its content: some programs call a JPEG a PNG.
        kind = next((kind for kind, (begins, _) in _KINDS.items() if held.startswith(begins)), "")
        if not kind:
            self._remark("that is damaged", "paste it again")
            return None
        name = f"picture-{hashlib.sha256(held).hexdigest()[:12]}.{_KINDS[kind][1]}"
        if name in kept:
            return name
        if len(held) > min(MAX_PICTURE_BYTES, self._room):
            largest, together = MAX_PICTURE_BYTES / 1e6, MAX_PICTURES_BYTES / 1e6
            most = f"one may have {largest:.0f} MB, all together {together:.0f} MB"
            self._remark(f"of {len(held) / 1e6:.1f} MB", f"{most}; make it smaller")
            return None
        self._room -= len(held)
        kept[name] = {kind: data}
        return name

    def _remark(self, which: str, why: str) -> None:
        which = "".join(sign for sign in which if sign.isprintable())
        self._note(f"A picture {which} was left out of a text: {why}.")

    def _without_lost(self, source: str, kept: dict) -> str:
        """Put words in place of a text's pictures that are not kept."""
        parts: list[str] = []
        end = 0
        for match in islice(_REFERENCE.finditer(source), self._may_find):
            name = match[1]
            if name in kept:
                continue
            self._may_find -= 1
            before = source[max(end, match.start() - _AROUND) : match.start()]
            image, definition = _IMAGE.search(before), _DEFINITION.search(before)
            if not definition and not (image and match[2] is not None):
                continue  # the text only speaks of it
            if name != _GONE:
                printable = "".join(filter(str.isprintable, name))[:80]
                self._note(
                    f"The picture {printable} is not in the notebook though a text shows it: "
                    "paste it again."
                )
            if definition:
                parts += [source[end : match.start()], f"#picture-{_GONE}"]
                end = match.end(1)
                continue
            alternative = f": {image[1]}" if image[1] else ""
            parts.append(source[end : match.start() - len(before) + image.start()])
            parts.append(f"*(a picture was left out here{alternative})*")
            end = match.end()
        return "".join([*parts, source[end:]])

    def _note(self, remark: str) -> None:
        if remark not in self.remarks and len(self.remarks) < _MAX_REMARKS:
            self.remarks.append(remark)
