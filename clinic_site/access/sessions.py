"""Sessions whose rows are found by a keyed hash of the cookie: a copy of them opens none."""

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from clinic_site.crypto.key_ring import blind_index


def _row_key(session_key: str | None) -> str:
    """Return what the row of a session is found by: as much of the hash as its column holds."""
    return blind_index("session", session_key or "")[:40]


class SessionStore(db.SessionStore):
    """Django's sessions in the database, which does not hold what stands in the cookie.

    Nothing here calls its asynchronous methods, which are Django's own.
    """

    def _get_session_from_db(self) -> Any:
        found = self.model.objects.filter(
            session_key=_row_key(self.session_key), expire_date__gt=timezone.now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(_row_key(session_key))

    def create_model_instance(self, data: Any) -> Any:
        row = super().create_model_instance(data)
        row.session_key = _row_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(_row_key(key))
