# make demo: segments the bundled clip with the shipped model. make test: everything that proves the project works.
# make test-tflite-runtime: the network, its files and what runs them, with the oldest libraries, in tflite-runtime too.
# make attack: thousands of damaged files and odd calls, see docs/reliability.md.
# make wheel-test: builds source distribution and wheel, checks them, uses the wheel on every Python that is here.
# make models: folders of out/models that a model hub takes as they are.
# make docs: the documentation site, in out/site. make figure: draws speed against accuracy from docs/results.md.
# make android: builds and tests the phone app, see android_demo/README.md.
# make web: builds the page that tracks in a browser, see docs/browser.md. make web-test: and drives it in one.
# make web-cost: CPU time of a step in the browser beside Python's.
PYTHON ?= python3
DEMO := .venv-demo
DEV := .venv
OLDEST := .venv-oldest
RELEASE := .venv-release
DOCS := .venv-docs
MERMAID := 11.17.2

.PHONY: demo test test-tflite-runtime test-slow attack wheel-test models docs figure android web web-test web-cost format \
	clean

demo: $(DEMO)/ready
	$(DEMO)/bin/ttvos segment ttvos_tf/sample/sample.mp4 --mask ttvos_tf/sample/first_mask.png \
		--out out/demo/masks --overlay out/demo/overlay.mp4 --json out/demo/result.json

test: $(DEV)/ready
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports
	$(DEV)/bin/pytest -n 2 --dist loadfile -m "not slow"

test-tflite-runtime: $(OLDEST)/ready
	$(OLDEST)/bin/pytest -n 2 --dist loadfile -m "not slow" tests/test_cli.py tests/runtime tests/guards tests/tflite \
		tests/layers tests/network tests/graph tests/quantization tests/export

test-slow: $(DEV)/ready $(OLDEST)/ready
	$(DEV)/bin/pytest -m slow
	$(OLDEST)/bin/pytest -m "slow and tflite_runtime"

wheel-test: $(RELEASE)/ready $(DEV)/ready
	release/wheel_test.sh

models: $(DEMO)/ready
	$(DEMO)/bin/python release/models.py

docs: $(DOCS)/ready
	MERMAID=$(CURDIR)/$(DOCS)/mermaid.min.js $(DOCS)/bin/sphinx-build --fail-on-warning --keep-going --quiet \
		--conf-dir docs --doctree-dir out/doctrees . out/site
	cp out/site/README.html out/site/index.html

figure: $(DOCS)/ready
	$(DOCS)/bin/python docs/figure.py

attack: $(DEV)/ready
	$(DEV)/bin/python -m tests.robustness.campaign

android: $(DEMO)/ready
	PYTHON=$(CURDIR)/$(DEMO)/bin/python android_demo/build.sh

web: $(DEMO)/ready
	PYTHON=$(CURDIR)/$(DEMO)/bin/python web_demo/build.sh

web-test: web
	PYTHON=$(CURDIR)/$(DEMO)/bin/python web_demo/test.sh --grep-invert @cost

web-cost: web
	PYTHON=$(CURDIR)/$(DEMO)/bin/python web_demo/test.sh --grep @cost

format: $(DEV)/ready
	$(DEV)/bin/ruff check --fix .
	$(DEV)/bin/ruff format .

clean:
	rm -rf $(DEMO) $(DEV) $(OLDEST) $(RELEASE) $(DOCS) dist out android_demo/build ttvos_tf/web web_demo/node_modules

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

# tflite-runtime has wheels up to Python 3.11. TensorFlow 2.19 is the oldest that `train` allows.
$(OLDEST)/ready: pyproject.toml
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install --quiet --editable '.[dev,tflite-runtime]' 'tensorflow==2.19.*'
	touch $@

$(RELEASE)/ready: Makefile
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/pip install --quiet build==1.6.1 check-wheel-contents==0.6.3 pyroma==5.0.1 twine==7.0.0 uv==0.13.8
	touch $@

# Mermaid, which draws the drawings, is in npm's registry alone.
$(DOCS)/ready: pyproject.toml Makefile
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/pip install --quiet --editable '.[docs]'
	cd $(DOCS) && npm pack --silent mermaid@$(MERMAID) && tar --extract --gzip --file mermaid-$(MERMAID).tgz \
		--strip-components 2 package/dist/mermaid.min.js
	touch $@
