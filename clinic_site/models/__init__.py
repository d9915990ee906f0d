"""The models of what every page shares, and of this app's other packages: Django looks here."""

from django.db.models import CharField
from django.db.models.functions import Length

from clinic_site.access.models import Invitation, KeptForm, RecoveryCode, TotpDevice, User
from clinic_site.audit.models import AuditEvent
from clinic_site.counters import Counter
from clinic_site.crypto.models import KeyCheck
from clinic_site.mail.models import DailyRun, MailChoice, MailHold, OutboxMessage, WorkerBeat
from clinic_site.models.clinic import Clinic, ClosedDay, OpeningHours
from clinic_site.models.pages import LanguageLine, Notice, Physician, Picture
from clinic_site.models.site_version import SiteVersion

__all__ = ["Clinic", "ClosedDay", "LanguageLine", "Notice", "OpeningHours", "Physician", "Picture"]
__all__ += ["OutboxMessage", "SiteVersion"]
__all__ += ["AuditEvent", "Counter", "DailyRun", "KeyCheck", "MailChoice", "MailHold"]
__all__ += ["Invitation", "KeptForm", "RecoveryCode", "TotpDevice", "User", "WorkerBeat"]

CharField.register_lookup(Length)  # for constraints on hashes
