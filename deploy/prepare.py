"""Make what a site needs to start, where it is not there yet: tables, content, files, a way in.

Ends with code 78 where a key is wrong.
All in one process: to start Django takes longer than most of the steps.
"""

import os
import sys
import traceback

from manage import main

STEPS = (
    ("migrate", "--verbosity=0"),
    ("load_content", "conditions/content", "--verbosity=0"),
    ("collectstatic", "--noinput", "--verbosity=0"),
    ("check_keys", "--start"),
    ("invite", "--first"),
)

for step in STEPS:
    try:
        main(["manage.py", *step])
    except (Exception, SystemExit) as failure:
        if not isinstance(failure, SystemExit):
            traceback.print_exc()
        elif not failure.code:
            continue
        elif step[0] == "check_keys":
            sys.exit(os.EX_CONFIG)  # it has said which key is wrong
        elif isinstance(failure.code, str):
            print(failure.code, file=sys.stderr)
        sys.exit(f"Stopped: manage.py {step[0]} failed; what it said is above.")
