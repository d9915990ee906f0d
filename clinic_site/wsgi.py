"""The WSGI application: Django inside the layers that go around every request."""

import contextlib
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
os.environ["WEB_PROCESS"] = "yes"  # for the settings, which are read now

_django = get_wsgi_application()

# Only now, as they need the apps; the URLs, so that all there is to remember is known.
import clinic_site.urls  # noqa: E402, F401
from clinic_site.claims import CheckClaims  # noqa: E402
from clinic_site.clinic import keep_remembering  # noqa: E402
from clinic_site.page_cache import PageCache, build  # noqa: E402
from clinic_site.security_headers import SecurityHeaders  # noqa: E402
from clinic_site.slow_clients import SendInTime, WholeBody  # noqa: E402
from clinic_site.state_folder import BUILD  # noqa: E402

keep_remembering()
pages = PageCache(
    CheckClaims(SecurityHeaders(WholeBody(_django))),
    folder=settings.VAR / "pages",
    most=settings.PAGE_CACHE_MB * 2**20,
)
with contextlib.suppress(OSError):  # a full disk
    half = pages.folder / f"{BUILD}.{os.getpid()}"  # what is left half written there is deleted
    half.write_text(build())
    half.replace(settings.VAR / BUILD)
application = SendInTime(pages)
