#!/usr/bin/env python
"""Django's command line for the clinic site."""

import atexit
import gc
import os
import sys

# Else a third of a command's time goes into looking for garbage in what Django loads, where there
# is none, and at the end in all of it.
gc.set_threshold(50_000, 20, 20)
atexit.register(gc.freeze)


def main(arguments: list[str]) -> None:
    """Run a command line; a bad setting, or no database, ends it with one line."""
    os.umask(0o077)  # what is written is for this user's eyes
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import InterfaceError, OperationalError, ProgrammingError

    try:
        execute_from_command_line(arguments)
    except ImproperlyConfigured as error:
        sys.exit(f"Not started: {error}")
    except (InterfaceError, OperationalError, ProgrammingError) as fault:
        from clinic_site.database_fault import reason_of

        if "--traceback" in arguments:
            raise
        sys.exit(f"Stopped: the database: {reason_of(fault)}")


if __name__ == "__main__":
    main(sys.argv)
