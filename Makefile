# Everything a developer runs. Each target works in a fresh clone that has make and Python 3.11 or later.
#   make demo   the whole program on simulated vendors (ONCE=1: exit when the calls have ended; WEB=2 WORKERS=2: processes)
#   make test   all tests          make check   style, types, import contracts, migrations, deployment settings
#   make serve  the program, with the settings of .env     make bench   the media path's cost and latency
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: bench-campaign demo test check serve bench bench-api bench-conversation bench-evidence chaos format clean
.DEFAULT_GOAL := demo

demo: $(INSTALLED)
	@$(BIN)/python -m simulator.demo $(if $(ONCE),--once) $(if $(WEB),--web $(WEB)) $(if $(WORKERS),--workers $(WORKERS))

test: $(INSTALLED)
	@$(BIN)/python -m pytest $(ARGS)

serve: $(INSTALLED)
	@$(BIN)/python manage.py migrate --verbosity 0 --skip-checks
	@exec $(BIN)/python manage.py serve $(ARGS)

# A deployment's settings with made-up values, so that `check --deploy` judges the settings and not this machine.
DEPLOYMENT := DEBUG= PUBLIC_BASE_URL=https://highway.example.com ALLOWED_HOSTS=highway.example.com \
	DATABASE_URL=postgres://highway@127.0.0.1/highway REDIS_URL=redis://127.0.0.1:6379/0 \
	TWILIO_ACCOUNT_SID=AC00000000000000000000000000000000 TWILIO_AUTH_TOKEN=00000000000000000000000000000000 \
	TWILIO_FROM_NUMBER=+12025550100 CALLS_PER_SECOND=1 OPENAI_API_KEY=sk-made-up-for-the-check

check: $(INSTALLED)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python manage.py makemigrations --check --dry-run --skip-checks
	@$(DEPLOYMENT) SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	@echo "check: ok"

# The media path's cost, beside a bare relay: ARGS="--calls 200", ARGS=--hold-database. Needs two cores to itself.
bench: $(INSTALLED)
	@$(BIN)/python -m tests.bench_relay $(ARGS)

# Five minutes of conversation through our own code alone; and how often the comparators err.
bench-conversation: $(INSTALLED)
	@$(BIN)/python -m tests.bench_conversation
bench-evidence: $(INSTALLED)
	@$(BIN)/python -m tests.bench_evidence

# Real processes on PostgreSQL and Redis (DATABASE_URL, REDIS_URL), killed, paused and cut off: ARGS="--calls 300 --seed 1".
chaos: $(INSTALLED)
	@$(BIN)/python -m tests.chaos $(ARGS)

# POST /call-customer from many clients at once, on PostgreSQL and Redis: ARGS="--clients 50 --requests 5000".
bench-api: $(INSTALLED)
	@$(BIN)/python -m tests.bench_api $(ARGS)

# A dial's cost by the length of the list, and two minutes at 30 calls a second, on PostgreSQL and Redis; ARGS=--kill: two
# workers are killed meanwhile, and everybody must have an outcome.
bench-campaign: $(INSTALLED)
	@$(BIN)/python -m tests.bench_campaign $(ARGS)

format: $(INSTALLED)
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

clean:
	@rm -rf $(VENV) data/demo data/chaos staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The lock names every package with its hash: nothing is resolved, so --no-deps. Made anew only when the lock changes.
$(INSTALLED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Highway needs Python 3.11 or later; $(PYTHON) is older or missing. Try: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@
