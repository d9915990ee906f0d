# Every command sets up what it needs in .venv first.
PYTHON ?= python3
PORT ?= 8000
export PORT

.DEFAULT_GOAL := help
.PHONY: help run upgrade test soak bench lint screenshots python
# The settings of a server, which belong to the user that the site runs as.
ENV_FILE ?= /etc/clinic/production.env

help: ## Say what each command does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 12

python:
	@command -v $(PYTHON) >/dev/null || { echo "Stopped: $(PYTHON) is missing. Install Python 3.11 or newer, or set PYTHON=."; exit 1; }

run: python ## Start the site on http://localhost:8000 (PORT=8001 for another port); Ctrl-C stops it
	@$(PYTHON) deploy/install.py requirements.txt
	@exec .venv/bin/python -m deploy.run_local

upgrade: python ## Make this release ready on a server, as root: packages, static files, a backup, tables; then restart it
	@$(PYTHON) deploy/install.py requirements.txt
	@owner=$$(stat -c %U $(ENV_FILE)) || exit 1; [ "$$owner" = "$$(id -un)" ] || as="runuser -u $$owner --"; \
	exec $$as env ENV_FILE=$(ENV_FILE) .venv/bin/python -m deploy.prepare --server

ON_SQLITE = .venv/bin/python -m pytest -m "not on_postgresql and not needs_postgresql and not soak"
ON_POSTGRESQL = TEST_DATABASE=postgresql .venv/bin/python -m pytest -m "not on_sqlite and not soak and (needs_postgresql or not sqlite_first)"
# Stories that wait more than they work, beside the others.
FAULTS = tests/faults tests/deploy
OTHERS = --ignore=tests/browser $(FAULTS:%=--ignore=%)

test: python ## Run the tests, on SQLite and on PostgreSQL, and in real browsers
	@$(PYTHON) deploy/install.py requirements.txt requirements-dev.txt --browsers
	@echo "== on SQLite; beside it on PostgreSQL, faults and in browsers, which are told of at the end"
	@$(ON_POSTGRESQL) $(OTHERS) >.venv/postgresql.log 2>&1 & one=$$!; \
	.venv/bin/python -m pytest -m "not soak" tests/browser >.venv/browsers.log 2>&1 & two=$$!; \
	{ $(ON_SQLITE) $(FAULTS); sqlite=$$?; $(ON_POSTGRESQL) $(FAULTS) && exit $$sqlite; } >.venv/faults.log 2>&1 & three=$$!; \
	trap 'kill $$one $$two $$three' INT TERM; \
	$(ON_SQLITE) $(OTHERS); sqlite=$$?; \
	wait $$one; postgresql=$$?; wait $$two; browsers=$$?; wait $$three; faults=$$?; \
	echo "== on PostgreSQL"; cat .venv/postgresql.log; echo "== in browsers"; cat .venv/browsers.log; \
	echo "== faults, on SQLite and on PostgreSQL"; cat .venv/faults.log; \
	exit $$((sqlite || postgresql || browsers || faults))

SOAK = SOAK=1 KILLS=200 WORKER_KILLS=50 OUTAGE=60 timeout 1800 .venv/bin/python -m pytest -s
soak: python ## Every story on both databases: hundreds of kills, long outages, all that is generated; an hour at most
	@$(PYTHON) deploy/install.py requirements.txt requirements-dev.txt --browsers
	@for database in sqlite postgresql; do \
	echo "== on $$database; beside it faults, then browsers, which are told of at its end"; \
	case $$database in sqlite) without=needs_postgresql;; *) without=on_sqlite;; esac; \
	export TEST_DATABASE=$$database; \
	{ $(SOAK) -m "not $$without" $(FAULTS); faults=$$?; \
	$(SOAK) -m "not $$without" tests/browser && exit $$faults; } >.venv/beside.log 2>&1 & beside=$$!; \
	trap 'kill $$beside' INT TERM; \
	$(SOAK) -m "not $$without" $(OTHERS); others=$$?; \
	wait $$beside; beside=$$?; \
	echo "== beside it, on $$database"; cat .venv/beside.log; \
	[ $$((others || beside)) = 0 ] || exit 1; done

bench: python ## Print the speed table, as ratios measured in one run
	@$(PYTHON) deploy/install.py requirements.txt requirements-dev.txt --browser
	@.venv/bin/python bench/run.py

screenshots: python ## Take a picture of every page into var/screenshots, and the two of README.md
	@$(PYTHON) deploy/install.py requirements.txt requirements-dev.txt --browser
	@# Not by -m: each process that it starts would read that module, with its settings, first.
	@.venv/bin/python -c "from tests.screenshots import main; main()"

lint: python ## Check style, templates, types, migrations and the settings for production
	@$(PYTHON) deploy/install.py requirements.txt requirements-dev.txt
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/djlint --check --lint templates
	@# What follows reads the settings, so it gets the tests' environment and an empty folder.
	ENV_FILE=tests/test.env .venv/bin/mypy .
	mkdir -p .venv/var
	install -m 600 deploy/production.env .venv/
	ENV_FILE=tests/test.env VAR=.venv/var .venv/bin/python -W error manage.py makemigrations --check --dry-run
	@# As a server's owner would have them, with keys of a moment.
	chmod -R go= .venv/var
	ENV_FILE=.venv/production.env VAR=.venv/var STATIC=.venv/static FIELD_KEYS_FILE= \
	SITE_URL=https://clinic.test EMAIL_URL=smtp+tls://clinic@mail.test \
	SECRET_KEY=$$(.venv/bin/python -c "import secrets; print(secrets.token_hex(40))") DIGEST_KEY=$$(.venv/bin/python -c "import secrets; print(secrets.token_hex(20))") \
	FIELD_KEYS=$$(.venv/bin/python -c "from cryptography.fernet import Fernet as F; print(F.generate_key().decode())") \
	.venv/bin/python -W error manage.py check --deploy --fail-level WARNING
