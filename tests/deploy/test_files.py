"""Who may read what the site writes: its owner alone, but for the static files, which all may."""

import json
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.commands import manage
from tests.running import PROJECT, TEST_ENV, free_port, local_environment
from tests.test_settings import GOOD

pytestmark = pytest.mark.on_sqlite


def modes(folder: Path) -> set[tuple[str, str]]:
    """The kinds of things in a folder, itself too, each with what may be done with it."""
    return {
        ("folder" if path.is_dir() else "file", oct(stat.S_IMODE(path.stat().st_mode)))
        for path in (folder, *folder.rglob("*"))
    }


def test_an_open_folder_that_holds_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "photo").touch()
    tmp_path.chmod(0o755)

    done = subprocess.run(
        [sys.executable, "-m", "deploy.run_local"],
        cwd=PROJECT,
        env={**local_environment(tmp_path), "PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        f"Stopped: other users may look into {tmp_path}, which holds other things. "
        "Another folder: make run VAR=...\n"
    )
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["photo"]


def started(var: Path, **changes: str) -> str:
    """What a server says at its start, before anything else."""
    environment = {**GOOD, "VAR": str(var), **changes}
    return manage("check_keys", "--start", environment=environment).stderr


def checked(var: Path) -> str:
    """What the check for production says, without the tables that are not there."""
    check = ("check", "--deploy", "--tag", "security")
    return manage(*check, environment={**GOOD, "VAR": str(var)}).stderr


def collect(static: Path) -> subprocess.CompletedProcess[str]:
    environment = {**local_environment(static.with_name("var")), "ENV_FILE": str(TEST_ENV)}
    environment["STATIC"] = str(static)
    return manage("collectstatic", "--noinput", environment=environment)


def manifest_of(static: Path) -> Path:
    (manifest,) = static.glob("staticfiles.*.json")
    return manifest


def loose(var: Path, *names: str) -> Path:
    """A folder of state as it was made before others were shut out."""
    (var / "mail").mkdir(parents=True)
    for name in ("db.sqlite3", "mail/1.log", *names):
        (var / name).touch(0o644)
    for folder in (var, var / "mail"):
        folder.chmod(0o755)
    return var


def test_a_server_shuts_a_loose_folder_of_its_own(tmp_path: Path) -> None:
    var = loose(tmp_path / "var")
    assert f"(clinic.W002) Other users may look into {var}." in checked(var)

    said = started(var)

    assert said.startswith(f"Other users could look into {var}. Now only its owner can.\n")
    assert modes(var) == {("folder", "0o700"), ("file", "0o600")}
    assert "look into" not in started(var)
    assert "W002" not in checked(var)


def test_a_server_tells_of_what_it_cannot_mend(tmp_path: Path) -> None:
    var = loose(tmp_path / "var", "photo", "field-keys")
    (var / "field-keys").write_text(GOOD["FIELD_KEYS"])

    said = started(var, FIELD_KEYS_FILE=str(var / "field-keys"))

    assert said.startswith(f"Warning: Other users may look into {var}. ")
    assert f"Warning: {var / 'field-keys'} lies in VAR" in said
    assert modes(var) == {("folder", "0o755"), ("file", "0o644")}


def test_sites_that_start_at_once_share_the_static_files(tmp_path: Path) -> None:
    static = tmp_path / "static"
    with ThreadPoolExecutor(3) as pool:
        first = [*pool.map(collect, [static] * 3)]

    assert [each.returncode for each in first] == [0, 0, 0]
    assert sum("copied" in each.stdout for each in first) == 1
    named = json.loads(manifest_of(static).read_text())["paths"].values()
    assert all((static / name).is_file() for name in named)
    assert modes(static) == {("folder", "0o755"), ("file", "0o644")}

    # One that was stopped half-way is done again; one that was not is left alone.
    (static / "collected").write_text("")
    manifest_of(static).unlink()
    assert "copied" in collect(static).stdout
    assert collect(static).stdout == ""


def wait(static: Path, days: int) -> None:
    """Have days go by for what is in a folder."""
    for path in static.rglob("*"):
        os.utime(path, (time.time(), path.stat().st_mtime - days * 86400))


def test_what_a_release_uses_stays_as_long_as_its_code(tmp_path: Path) -> None:
    static, other = tmp_path / "static", tmp_path / "another release"
    static.mkdir()
    other.mkdir()
    theirs = [static / f"staticfiles.0123456789ab{kind}" for kind in (".json", ".home")]
    theirs[0].write_text('{"paths": {"their.js": "their.0123456789ab.js"}}')
    theirs[1].write_text(str(other))
    theirs.append(static / "their.0123456789ab.js")
    theirs[2].touch()

    for _each in range(2):
        wait(static, 100)
        collect(static)
        assert all(each.exists() for each in theirs)
    other.rmdir()
    wait(static, 31)
    collect(static)

    assert not any(each.exists() for each in theirs)


def test_what_a_release_used_is_there_for_a_month_after_it(tmp_path: Path) -> None:
    static = tmp_path / "static"
    # Given a release that has used a file for long,
    collect(static)
    manifest = manifest_of(static)
    told = json.loads(manifest.read_text())
    told["paths"]["old.js"] = "old.0123456789ab.js"
    manifest.write_text(json.dumps(told))
    old = [static / f"old.0123456789ab.js{packed}" for packed in ("", ".br", ".gz")]
    for each in (*old, static / "ours.txt"):
        each.touch()
    wait(static, 100)
    # when one comes that does not,
    (static / "collected").write_text("")
    assert "copied" in collect(static).stdout
    wait(static, 29)
    collect(static)
    assert all(each.exists() for each in old)

    # then it goes a month later, and nothing else does.
    before = {*static.rglob("*")}
    wait(static, 2)
    collect(static)
    assert before - {*static.rglob("*")} == {*old}
