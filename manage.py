#!/usr/bin/env python
"""Django's command line for the clinic site."""

import os
import sys


def main(arguments: list[str]) -> None:
    """Run a command line; a bad setting ends it with one line that names the setting."""
    os.umask(0o077)  # what is written is for this user's eyes
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(arguments)
    except ImproperlyConfigured as error:
        sys.exit(f"Not started: {error}")


if __name__ == "__main__":
    main(sys.argv)
