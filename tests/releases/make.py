"""Make, for a release, what later ones are tested with: a backup of each kind of database, filled.

    TEST_DATABASE=sqlite .venv/bin/python -m tests.releases.make 1.0
    TEST_DATABASE=postgresql .venv/bin/python -m tests.releases.make 1.0

Done once, when a release is made; what stands there is never made anew. With it go the digests of its
migrations, which are kept as they are from then on.
"""

import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.environment import POSTGRESQL  # first: it sets the environment
from tests.running import PROJECT, install

RELEASES = Path(__file__).parent
FILL = """
import datetime as dt
from clinic_site.access.factors import new_codes
from clinic_site.models import Clinic, Notice
from tests.appointments.office import make_desk, send_request
from tests.make import make_one_of_each, signed_in
desk = make_desk("desk", "new_request")
signed_in(desk)
new_codes(desk)
clinic = Clinic.objects.get()
clinic.opening_hours.create(weekday=0, opens=dt.time(8), closes=dt.time(17))
clinic.closed_days.create(day=dt.date(2030, 12, 25))
Notice.objects.first().lines.create(language="es", text="Llame.")
send_request(message="Can I still walk?", access_needs="A ramp")
make_one_of_each()
"""


def main(release: str) -> None:
    """Fill a site of this release, and keep a backup of it."""
    name = f"{release}-{'postgresql' if POSTGRESQL else 'sqlite'}"
    if (RELEASES / name).exists():
        sys.exit(f"Stopped: {RELEASES / name} is there already.")
    with tempfile.TemporaryDirectory() as folder:
        site = install(Path(folder) / "var")
        site.shell(FILL)
        done = site.manage("backup", f"{folder}/backups")
        if done.returncode:
            sys.exit(done.stderr)
        (made,) = Path(folder, "backups").iterdir()
        shutil.copytree(made, RELEASES / name)
    migrations = sorted(PROJECT.glob("*/migrations/0*.py"))
    lines = [
        f"{sha256(each.read_bytes()).hexdigest()}  {each.relative_to(PROJECT)}\n"
        for each in migrations
    ]
    (RELEASES / "migrations.sha256").write_text("".join(lines))


if __name__ == "__main__":
    main(sys.argv[1])
