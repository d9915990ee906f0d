"""A real nginx with deploy/nginx.conf in front of a site; its ports and folders are replaced."""

import contextlib
import datetime as dt
import ipaddress
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.commands import PROJECT
from tests.running import free_port, is_up

# As Debian's nginx.conf has it around ours, with folders of its own.
AROUND = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    types {{ text/html html; }}
    sendfile on; tcp_nopush on; gzip on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {ours}
}}
"""


@dataclass
class Front:
    """An nginx that runs: where it answers, by http and else, and its folder."""

    address: str
    http: str
    folder: Path
    process: subprocess.Popen

    def log(self) -> list[str]:
        """What it has logged of what it was asked for, a line each."""
        return (self.folder / "log" / "clinic-access.log").read_text().splitlines()


@contextlib.contextmanager
def in_front(
    *sites: str, tls: bool = False, changes: dict[str, str] | None = None
) -> Iterator[Front]:
    """Start it before these sites; `changes` say what else stands there instead of what."""
    main, other = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="clinic-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # started by root, it works as another user
        for each in ("log", "www"):
            (folder / each).mkdir()
        make_certificate(folder)
        kind = " ssl http2" if tls else ""
        replaced = {
            "listen 80;": f"listen 127.0.0.1:{other};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{main}{kind};",
            "listen [::]:443 ssl http2;": "",
            "/etc/letsencrypt/live/clinic.example": name,
            "/var/cache/nginx-clinic": f"{name}/cache",
            "/var/log/nginx": f"{name}/log",
            "/var/www/html": f"{name}/www",
            "server 127.0.0.1:8000 max_fails=0;\n    server 127.0.0.1:8000 max_fails=0;": "".join(
                f"server {urlsplit(each).netloc.replace('localhost', '127.0.0.1')} max_fails=0;"
                for each in (sites if sites[1:] else sites * 2)
            ),
            **(changes or {}),
        }
        text = (PROJECT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        for theirs, ours in replaced.items():
            assert theirs in text, f"deploy/nginx.conf does not say {theirs} any more"
            text = text.replace(theirs, ours)
        config = folder / "nginx.conf"
        config.write_text(AROUND.format(folder=folder, ours=text))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [nginx, "-p", name, "-c", str(config)]
        tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert tried.returncode == 0, tried.stderr
        assert "warn" not in tried.stderr, tried.stderr
        process = subprocess.Popen(command)
        http = f"http://localhost:{other}"
        try:
            while not is_up(http):
                assert process.poll() is None, (folder / "error.log").read_text()
                time.sleep(0.02)
            scheme = "https" if tls else "http"
            yield Front(f"{scheme}://localhost:{main}", http, folder, process)
        finally:
            process.terminate()
            process.wait(timeout=20)


def make_certificate(folder: Path) -> None:
    """Write a certificate of localhost, as certbot names its files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    here = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(here), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
