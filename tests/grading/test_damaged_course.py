"""Notebooks of the course itself that cannot be read."""

from __future__ import annotations

import pytest
from courses import small_course

from course_lib.errors import CourseError


@pytest.mark.parametrize("content", ["{", '{"cells": 5}', "[]", '{"nbformat": 4, "cells": [{}]}'])
@pytest.mark.parametrize("which", ["source", "release"])
def test_a_damaged_notebook_of_the_course_is_named_with_what_makes_it_again(
    tmp_path, which, content
):
    assignment = small_course(tmp_path / "course")
    path = getattr(assignment, f"{which}_path")
    path.write_text(content)
    vars(assignment).pop(which, None)  # it may have been read already
    with pytest.raises(CourseError, match=r"is not a valid notebook .*course build") as told:
        getattr(assignment, which)
    assert str(path) in str(told.value)
