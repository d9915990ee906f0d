"""What each role may do to requests from patients."""

from clinic_site.access.roles import Role, grant

_REQUESTS = "appointments.appointmentrequest"
grant(Role.SCHEDULER, "view change count", _REQUESTS, patients=True)
grant(Role.MANAGER, "count", _REQUESTS, patients=True)
