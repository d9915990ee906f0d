"""Make what a site needs to start, where it is not there: static files, tables, content, a way in.

    python -m deploy.prepare [--server]

On a server it tells of each step, and makes a backup first, where BACKUPS is set.
The release that runs goes on meanwhile. Ends with code 78 where a key is wrong.
All in one process: to start Django takes longer than most of the steps.
"""

import os
import sys
import traceback

from manage import main

ON_SERVER = "--server" in sys.argv
STEPS = (
    ("collectstatic", "--noinput"),
    ("backup",),
    ("migrate",),
    ("load_content", "conditions/content"),
    ("check_keys", "--start"),
    ("invite", "--first"),
)


def is_backed_up() -> bool:
    """Whether backups are made on this machine, and there is something to back up."""
    from django.conf import settings  # the step before has read them
    from django.db import OperationalError, connection

    from clinic_site.database_fault import reason_of

    try:
        return settings.BACKUPS_EXPECTED and bool(connection.introspection.table_names())
    except OperationalError as fault:
        sys.exit(f"Stopped: the database: {reason_of(fault)}")


def run(step: tuple[str, ...]) -> None:
    """Run a command of manage.py; end with its fault."""
    is_quiet = not ON_SERVER and step[0] in {"collectstatic", "migrate", "load_content"}
    try:
        if step[0] != "backup" or (ON_SERVER and is_backed_up()):
            if ON_SERVER:
                print(f"== {' '.join(step)}", flush=True)
            main(["manage.py", *step, *(["--verbosity=0"] if is_quiet else [])])
    except (Exception, SystemExit) as failure:
        if not isinstance(failure, SystemExit):
            traceback.print_exc()
        elif not failure.code:
            return
        elif step[0] == "check_keys":
            sys.exit(os.EX_CONFIG)  # it has said which key is wrong
        elif isinstance(failure.code, str):
            print(failure.code, file=sys.stderr)
        sys.exit(f"Stopped: manage.py {step[0]} failed; what it said is above.")


for step in STEPS:
    run(step)
