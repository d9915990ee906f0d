"""What each role may do to requests from patients."""

from clinic_site.access.roles import Role, grant

grant(Role.SCHEDULER, "view change", "appointments.appointmentrequest", patients=True)
