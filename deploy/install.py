"""Install what the site needs into .venv, and for the tests the browsers.

    python3 deploy/install.py requirements.txt [requirements-dev.txt] [--browser] [--browsers]

Needs nothing but Python; what is missing ends it with one line that says what to do. Written so
that a Python too old for the site can still read it and say so.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(HERE, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
# What was installed last, from each requirements file, so that it need not be done again.
RECORD = os.path.join(VENV, "installed.json")
# What the tests run beside Chromium, and the Debian packages that bring it.
OTHERS = {
    "nginx": "nginx",
    "chromium-headless-shell": "chromium-headless-shell",
    "firefox-esr": "firefox-esr",
    "WebKitWebDriver": "webkit2gtk-driver",
    "broadwayd": "libgtk-3-bin",
    "systemd-analyze": "systemd",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def stop(why):
    """End with one line."""
    sys.exit("Stopped: " + why)


def run(*command, **options):
    """Run a command; return whether it worked. Print what it said where it did not."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode and not options.get("quiet"):
        sys.stderr.write(result.stdout.decode(errors="replace")[-2000:])
    return result.returncode == 0


def install_packages(files):
    """Make .venv hold what the requirement files name; do nothing where it does."""
    wanted = {}
    for name in files:
        with open(os.path.join(HERE, name), "rb") as file:
            wanted[name] = hashlib.sha256(sys.version.encode() + file.read()).hexdigest()
    recorded = {}
    if os.path.exists(RECORD):
        with open(RECORD) as file:
            recorded = json.load(file)
    if all(recorded.get(name) == digest for name, digest in wanted.items()):
        return
    print("Installing Python packages into .venv ...", flush=True)
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        version = "%d.%d" % sys.version_info[:2]
        stop("Python's venv module is missing. On Debian: apt-get install python%s-venv" % version)
    if not (os.path.exists(PYTHON) and run(PYTHON, "-m", "pip", "--version", quiet=True)):
        venv.create(VENV, with_pip=True, clear=True)
        recorded = {}
    paths = [part for name in files for part in ("-r", os.path.join(HERE, name))]
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    if not run(*pip + tuple(paths)):
        stop("the packages could not be installed; what pip said is above.")
    recorded.update(wanted)
    with open(RECORD + ".new", "w") as file:
        json.dump(recorded, file)
    os.replace(RECORD + ".new", RECORD)


def apt_install(packages):
    """Install Debian packages, where this is root on Debian; return whether that worked."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    return run("apt-get", "update", "-qq") and run("apt-get", "install", "-y", "-qq", *packages)


def install_browser():
    """Find a Chromium on the PATH, else install one by apt-get (as root), else by Playwright."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    print("Installing Chromium for the browser tests ...", flush=True)
    if not apt_install(["chromium"]) and not run(PYTHON, "-m", "playwright", "install", "chromium"):
        stop("Chromium is missing, and could not be installed. Put chromium on the PATH.")


def install_others():
    """Find nginx, Firefox, and WebKit with driver and display, else install them by apt-get."""
    path = os.environ.get("PATH", "") + ":/usr/sbin"  # where nginx is
    missing = [package for name, package in OTHERS.items() if not shutil.which(name, path=path)]
    if not missing:
        return
    names = " and ".join(missing)
    print("Installing %s for the tests ..." % names, flush=True)
    if not apt_install(missing):
        stop("the tests need Debian's %s. Install them with apt-get." % names)


def main(arguments):
    """Do what the command line asks for."""
    version = "%d.%d" % sys.version_info[:2]
    if sys.version_info < (3, 11):
        stop("this needs Python 3.11 or newer, and this is %s. Set PYTHON=." % version)
    install_packages([name for name in arguments if not name.startswith("-")])
    if {"--browser", "--browsers"}.intersection(arguments):
        install_browser()
    if "--browsers" in arguments:
        install_others()


try:
    main(sys.argv[1:])
except KeyboardInterrupt:
    stop("interrupted. The same command goes on from here.")
