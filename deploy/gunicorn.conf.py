"""gunicorn's settings, for `make run` and for servers.

From the environment: BIND (127.0.0.1:8000), WEB_CONCURRENCY (2 processes).
gevent, because the sync and gthread workers stop answering under slow clients.
"""

import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
wsgi_app = "clinic_site.wsgi"
worker_class = "gevent"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_connections = 200
graceful_timeout = 20
keepalive = 5
control_socket_disable = True
# No access log: addresses of confirmations hold a token.
accesslog = None
errorlog = "-"
loglevel = "warning"
