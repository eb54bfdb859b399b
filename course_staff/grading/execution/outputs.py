"""A cell's outputs as they arrive from a student's kernel, made plain and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from course_lib.check.messages import without_escapes
from course_staff.grading.protocol.responder import MAX_ERROR_LENGTH, plain_text

if TYPE_CHECKING:
    from nbformat import NotebookNode

_MAX_OUTPUT = 100_000  # characters that a cell's outputs may take in the feedback
_MIN_PICTURE = 500  # of these, that a picture takes, so that thousands of tiny ones do not fit
_MAX_ERRORS = 20  # that are shown of a cell: it has one, unless it forges them


class Outputs:
    """A cell's outputs as they arrive, plain and bounded."""

    def __init__(self, cell: NotebookNode) -> None:
        self._cell = cell
        self._room = _MAX_OUTPUT
        self._errors = 0
        self.error: str | None = None
        self.result: str | None = None  # of the first last expression, as nbgrader reads it

    def take(self, message: dict[str, Any]) -> None:
        """Keep a message's texts and PNG pictures, nothing that a browser executes."""
        import nbformat.v4 as v4

        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "error":
            name, value = str(content.get("ename")), str(content.get("evalue"))
            self.error = _error(name, value)
            self.append_error(name, value)
            return
        if kind == "stream":
            self._text(str(content.get("text", "")))
        elif kind in ("display_data", "execute_result"):
            data = content.get("data")
            data = data if isinstance(data, dict) else {}
            text = data.get("text/plain")
            if kind == "execute_result" and self.result is None and isinstance(text, str):
                self.result = plain_text(text[:MAX_ERROR_LENGTH])
            picture = data.get("image/png")
            if isinstance(picture, str) and 0 < len(picture) <= 10 * self._room:
                self._room -= max(_MIN_PICTURE, len(picture) // 10)
                picture = plain_text(picture)
                shown = v4.new_output("display_data", {"image/png": picture})
                self._cell.outputs.append(shown)
            elif isinstance(text, str):
                self._text(text + "\n")

    def close(self, reply: dict[str, Any]) -> None:
        """Take the kernel's reply: code can hide an error from outputs, but not from the reply."""
        content = reply.get("content")
        if self.error is None and isinstance(content, dict) and content.get("status") == "error":
            self.error = _error(content.get("ename"), content.get("evalue"))

    def append_error(self, name: str, value: str) -> None:
        """Show an error as its last line; tracebacks quote paths of the grading machine."""
        line = _error(name, value)
        if self._errors < _MAX_ERRORS:  # errors matter most: each has space of its own
            self._errors += 1
            self._room = max(self._room, len(line) + 1)
            self._text(f"{line}\n")

    def _text(self, text: str) -> None:
        import nbformat.v4 as v4

        if self._room <= 0:
            return
        text = without_escapes(plain_text(text))
        if len(text) > self._room:
            text = text[: self._room] + "\n… (the rest of the output was left out)\n"
        self._room -= len(text)
        last = self._cell.outputs[-1] if self._cell.outputs else None
        if last is not None and last.output_type == "stream":
            last.text += text
        else:
            self._cell.outputs.append(v4.new_output("stream", name="stdout", text=text))


def _error(name: object, value: object) -> str:
    return without_escapes(plain_text(f"{name}: {value}"[:MAX_ERROR_LENGTH]))
