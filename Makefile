# The environment lives in .venv and is set up again only when pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEV := .venv/.installed-dev

.PHONY: run test test-slow test-lerobot lint type imports format picture bench clean

run: $(STAMP)  ## a humanoid does what it is told
	$(BIN)/bunraku run "put the red mug on the shelf"

test: $(DEV)  ## every test but the slow ones
	$(BIN)/pytest

test-slow: $(DEV)  ## the tests that take minutes
	$(BIN)/pytest -m slow

LEROBOT := .venv-lerobot

test-lerobot: $(DEV) $(LEROBOT)/.installed  ## data sets read by the real LeRobot, in an environment of its own
	BUNRAKU_LEROBOT_PYTHON=$(LEROBOT)/bin/python $(BIN)/pytest -m slow tests/learning/test_lerobot_reader.py

$(LEROBOT)/.installed:
	$(PYTHON) -m venv $(LEROBOT)
	$(LEROBOT)/bin/pip install --quiet "torch==2.13.0"
	$(LEROBOT)/bin/pip install --quiet --no-deps "lerobot==0.4.4" accelerate safetensors psutil pyyaml
	$(LEROBOT)/bin/pip install --quiet "datasets>=4,<5" pandas pyarrow pillow "av>=15,<16" packaging huggingface-hub fsspec \
	  einops jsonlines termcolor draccus
	@touch $@

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: $(DEV)
	$(BIN)/pyright

imports: $(DEV)  ## the arrows between the rooms
	$(BIN)/lint-imports

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

picture: $(STAMP)  ## docs/images/hero.png, house.png and strip.jpg
	$(BIN)/python scripts/picture.py
	$(BIN)/bunraku run "put the red mug on the shelf" --out runs/picture
	$(BIN)/python scripts/strip.py runs/picture

bench: $(STAMP)  ## the figures of the README
	$(BIN)/bunraku evaluate pick-place --episodes 100 --seed 0 --workers 2 --resume \
	  --json runs/pick-place-$$(git rev-parse --short HEAD).json

clean:
	rm -rf .venv .venv-lerobot build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# People who only run the robot are spared what the tests need (PyTorch among it).
$(STAMP): GROUP :=
$(DEV): GROUP := --group dev
$(STAMP) $(DEV): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Bunraku needs Python 3.11 or newer, but $(PYTHON) is `$(PYTHON) --version 2>&1`: install a newer one" \
	       "(Debian, Ubuntu: apt install python3 python3-venv) or name it, as in: make run PYTHON=python3.12" >&2; exit 1; }
	@if command -v uv >/dev/null; then \
	  test -x $(BIN)/python || uv venv --quiet --python "$(PYTHON)" .venv; \
	  uv pip install --quiet --python $(BIN)/python --editable . $(GROUP); \
	else \
	  test -x $(BIN)/pip || $(PYTHON) -m venv .venv; \
	  $(BIN)/pip install --quiet --upgrade "pip>=25.1" && $(BIN)/pip install --quiet --editable . $(GROUP); \
	fi
	@touch $(STAMP) $@
