"""What the stories of the sign-in share."""

import pytest


@pytest.fixture(autouse=True)
def _quick_hashes(settings) -> None:
    """A hash takes 200 ms on purpose, and no story is about that."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
