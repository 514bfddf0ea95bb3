# Everyday commands. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help up down status test test-long journeys check bench clean lock

IRISPLANE := .venv/bin/irisplane
PYTHON_OF_OURS := .venv/bin/python
# routers, region and cloud beside each other, as all of them mostly wait (tests/lanes.py says what is whose);
# ARGS='-n 2' is for a machine with little memory
LANES := -n 3 --dist loadscope --no-loadscope-reorder
# each copy has ports, networks and folders of its own; a developer's overrides are for `up` only
OTHER_INSTANCE = env -u IRISPLANE_STATE_DIR -u IRISPLANE_RUNTIME_DIR -u IRISPLANE_LISTEN IRISPLANE_INSTANCE

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## install what it needs, start the region, push the first configuration, say where to look
	@scripts/bootstrap runtime
	@$(IRISPLANE) up

down: ## stop everything; what was stored stays
	@if [ -x $(IRISPLANE) ]; then $(IRISPLANE) down; else echo "Nothing runs: nothing was installed yet."; fi

status: ## say which part runs, since when, and how it is
	@if [ -x $(IRISPLANE) ]; then $(IRISPLANE) status; else echo "Nothing runs: nothing was installed yet."; fi

test: ## install what it needs, test every behaviour once, the lab included (beside a running `make up`)
	@scripts/bootstrap dev
	@code=0; $(OTHER_INSTANCE)=test $(PYTHON_OF_OURS) -m pytest $(LANES) $(ARGS) || code=$$?; \
	$(OTHER_INSTANCE)=qemu $(IRISPLANE) down >/dev/null || [ $$code != 0 ] || code=1; \
	$(OTHER_INSTANCE)=test $(IRISPLANE) down >/dev/null || [ $$code != 0 ] || code=1; exit $$code

test-long: ## the same with the full counts of each claim
	@scripts/bootstrap dev
	@code=0; $(OTHER_INSTANCE)=long IRISPLANE_LONG=1 $(PYTHON_OF_OURS) -m pytest --timeout=7200 $(LANES) $(ARGS) || code=$$?; \
	$(OTHER_INSTANCE)=long $(IRISPLANE) down >/dev/null || [ $$code != 0 ] || code=1; exit $$code

journeys: ## walk in a browser, by keyboard, through what 'make up' left running: engineer, agency, management
	@scripts/bootstrap dev
	@$(OTHER_INSTANCE)=test IRISPLANE_TEST_RUNNING=$${IRISPLANE_INSTANCE:-main} $(PYTHON_OF_OURS) -m pytest \
	tests/region/test_pages.py tests/hosting_story/test_pages.py $(ARGS)

check: ## style, types, and the direction of imports; takes seconds
	@scripts/bootstrap dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: ## each claim of speed beside its reference; exits non-zero when a bound is missed by half
	@scripts/bootstrap dev
	@code=0; $(OTHER_INSTANCE)=bench $(PYTHON_OF_OURS) -m benchmarks $(ARGS) || code=$$?; \
	$(OTHER_INSTANCE)=bench $(IRISPLANE) down >/dev/null || [ $$code != 0 ] || code=1; exit $$code

clean: ## stop everything and forget it: database, keys, logs, lab
	@if [ -x $(IRISPLANE) ]; then $(IRISPLANE) clean --yes; else echo "Nothing to forget."; fi

lock: ## choose versions anew and write requirements/*.txt
	@scripts/bootstrap dev
	@scripts/lock
