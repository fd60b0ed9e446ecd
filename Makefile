# One word runs each check, and CI runs the same word.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install check crd generate format demo test scenarios bench clean

install: $(STAMP)

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing Sluice and its test tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

check: install ## ruff, mypy --strict, the import contracts, generated files up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m controller.crd.generate --check
	$(BIN)/python -m controller.sandbox.api.schema.generate --check
	$(BIN)/python docs/generate.py --check

crd: install ## manifests/crds from the models
	$(BIN)/python -m controller.crd.generate

generate: crd ## everything that is generated: CRDs, the sandbox's schemas of built-in kinds, docs/reference
	$(BIN)/python -m controller.sandbox.api.schema.generate
	$(BIN)/python docs/generate.py

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: install ## a good version promoted, a bad one rolled back, in the sandbox
	$(BIN)/sluice demo

# The tests start some hundred processes: what they import is compiled once, even where the environment says otherwise.
test scenarios: export PYTHONDONTWRITEBYTECODE =

test: install ## units, properties, contracts, and at most 90 s of real Envoy
	$(BIN)/pytest -m "not scenario" --numprocesses 2 --dist worksteal

scenarios: install ## whole stories on real Envoy and Prometheus, one at a time; beside them histories too long for `make test`
	@log=$$(mktemp); $(BIN)/pytest -m scenario --ignore=tests/scenarios >$$log 2>&1 & long=$$!; \
	trap '[ -z "$$long" ] || kill $$long 2>/dev/null; rm -f $$log' EXIT; trap 'exit 130' INT TERM; \
	$(BIN)/pytest -m scenario tests/scenarios; stories=$$?; \
	echo "and the long histories, which ran beside them:"; \
	wait $$long; histories=$$?; long=; cat $$log; \
	exit $$((stories + histories))

bench: install ## figures: the embedded API, the sandbox, the judgement
	$(BIN)/python -m bench.api
	$(BIN)/python -m bench.sandbox
	$(BIN)/python -m bench.judge

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find controller tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} +
