# What a newcomer needs: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help env frontend run test check bench bench-edge detection soak lock messages pictures clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

env: ## make or refresh .venv from requirements.lock
	@$(PYTHON) tools/environment.py

frontend: env ## build the pages' scripts
	@$(PYTHON) tools/frontend.py

# exec: what stops make stops Cryokeep itself, and nothing stands between
run: frontend ## start everything with a demo bank
	@exec $(BIN)/cryokeep up --demo

test: env ## run the suite; GROUP=unit,http for some groups, STRICT=1 to fail on any skip
	@$(PYTHON) tools/system_packages.py
	@$(PYTHON) tools/frontend.py
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(if $(STRICT),--strict-groups) $(if $(GROUP),--group="$(GROUP)") $(ARGS)

check: frontend ## lint, types, import contracts, docs
	@exec $(BIN)/python tools/check.py

bench: env ## measure, print rows, write build/bench.json; BENCH=ingest,find for some
	@exec $(BIN)/python -m tests.bench $(BENCH)

bench-edge: env ## measure the agent alone: CPU, memory, spool, bytes a reading
	@exec $(BIN)/python -m tests.bench edge

detection: env ## how early a failing vacuum is found, on the twin; ARGS=--write keeps it in docs/detection.md
	@exec $(BIN)/python -m tests.bench.detection $(ARGS)

soak: env ## run the long tests that make test leaves out
	@exec $(BIN)/python -m pytest -m soak $(ARGS)

lock: env ## pin the dependencies of pyproject.toml anew
	@exec $(BIN)/python tools/lock.py

messages: env ## bring the zh_Hans.po of each feature up to its sources
	@exec $(BIN)/python tools/messages.py

pictures: frontend ## take the README's pictures from the running demo bank
	@exec $(BIN)/python tools/pictures.py

clean: ## remove what was built (not cryokeep-home, not .venv)
	@rm -rf build dist firmware_stubs/build server/web/static/dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find server edge_agent tests tools migrations -name __pycache__ -type d -prune -exec rm -rf {} +
