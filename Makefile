# make demo: segments the bundled clip with the shipped model. make test: everything that proves the project works.
# make android: builds and tests the phone app, see android_demo/README.md.
PYTHON ?= python3
DEMO := .venv-demo
DEV := .venv

.PHONY: demo test test-slow android format clean

demo: $(DEMO)/ready
	$(DEMO)/bin/ttvos segment ttvos_tf/sample/sample.mp4 --mask ttvos_tf/sample/first_mask.png \
		--out out/demo/masks --overlay out/demo/overlay.mp4 --json out/demo/result.json

test: $(DEV)/ready
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports
	$(DEV)/bin/pytest -m "not slow"

test-slow: $(DEV)/ready
	$(DEV)/bin/pytest -m slow

android: $(DEMO)/ready
	PYTHON=$(CURDIR)/$(DEMO)/bin/python android_demo/build.sh

format: $(DEV)/ready
	$(DEV)/bin/ruff check --fix .
	$(DEV)/bin/ruff format .

clean:
	rm -rf $(DEMO) $(DEV) out android_demo/build

$(DEMO)/ready: pyproject.toml
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/pip install --quiet --editable .
	touch $@

# vos-benchmark, the oracle of the metrics, asks for the desktop OpenCV, which would take the headless one's place.
$(DEV)/ready: pyproject.toml
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/pip install --quiet --editable '.[dev]'
	$(DEV)/bin/pip install --quiet --no-deps vos-benchmark==0.1.0
	touch $@
