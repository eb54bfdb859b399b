# make run      set up, run lesson 01 and show its results
# make setup    set up everything: then `. .venv/bin/activate` puts `course` on the PATH
# make test     set up everything and run the fast tests
# make test-slow EVERYTHING=1   with all lessons on real data and in Colab's versions, and all
#               answers that train: two hours
# make test-slow, make lab, make notebooks, make constraints, make clean

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# The first of these that is Python 3.11 to 3.13; choose another one with PYTHON=…
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
  $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
COURSE := $(VENV)/bin/course
PYTEST := $(VENV)/bin/python -m pytest
# Test modules that run at a time. Lessons train on both of two cores, so more gain little.
JOBS ?= 2
SIDE_BY_SIDE := -n $(JOBS) --dist loadfile --no-loadscope-reorder
ARGS ?=

.PHONY: run setup lab notebooks test test-slow constraints clean
.DELETE_ON_ERROR:

run: $(VENV)/.with-run
	$(COURSE) run 01 $(ARGS)

setup: $(VENV)/.with-all

lab: $(VENV)/.with-lab
	$(COURSE) lab $(ARGS)

notebooks: $(VENV)/.with-all
	$(COURSE) build $(ARGS)

test: $(VENV)/.with-all
	$(PYTEST) -m "not slow" $(SIDE_BY_SIDE) --durations 10 $(ARGS)

test-slow: $(VENV)/.with-all
	$(PYTEST) -m slow $(SIDE_BY_SIDE) --durations 10 $(ARGS)

# Each set-up leaves a stamp, so that the next one only looks whether the pins changed.
$(VENV)/.with-%: pyproject.toml constraints.txt | $(VENV)/.made
	$(VENV)/bin/python -m pip install --quiet --progress-bar off -c constraints.txt -e '.[$*]'
	@touch $@

# A whole .venv stays, what an interrupted try left is made anew, and an unfit Python makes none.
$(VENV)/.made:
	@if $(VENV)/bin/python -c 'import pip; $(FITS)' 2>/dev/null; then :; \
	elif $(or $(PYTHON),false) -c '$(FITS)' 2>/dev/null; then \
	  echo "Making $(VENV) with $(PYTHON) and installing pinned packages; this takes two to ten minutes."; \
	  $(PYTHON) -m venv --clear $(VENV); \
	else \
	  echo "$(if $(PYTHON),$(PYTHON) is not a Python,There is no Python) from 3.11 to 3.13:" \
	    "install one, or name it with PYTHON=/path/to/python3.12" >&2; exit 2; \
	fi
	@touch $@

# keras: AutoKeras 3.0.0 fails with 3.13 and newer. numpy: one version for every Python.
constraints: $(VENV)/.with-all
	@{ echo '# Exact versions for every extra but gpu. Made by `make constraints`; do not edit.'; \
	  printf 'keras==3.12.4\nnumpy==2.4.6\ntensorflow==2.21.0\n' | \
	  $(VENV)/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --extra all \
	    --constraints - --no-header --no-annotate --quiet; \
	} > constraints.new && mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) out
