"""A clinic with a front desk, and a mail server."""

from collections.abc import Iterator

import pytest
from django.test import Client

from clinic_site.access.models import User
from clinic_site.models import Clinic
from tests.appointments.office import make_desk
from tests.make import sign_in_as
from tests.smtp_sink import Sink, smtp_sink


@pytest.fixture
def sink(settings) -> Iterator[Sink]:
    """A mail server that the site is set to use."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.SITE_URL = "https://localhost"
    with smtp_sink() as sink:
        settings.EMAIL_PORT = sink.port
        yield sink


@pytest.fixture
def desk() -> User:
    """The front desk, which gets a mail for each new request and each change."""
    Clinic.objects.create(pk=1)
    return make_desk("desk", "new_request", "change")


@pytest.fixture
def sam() -> Client:
    """A scheduler."""
    return sign_in_as("scheduler", name="sam")


@pytest.fixture
def kim() -> Client:
    """Another one."""
    return sign_in_as("scheduler", name="kim")
