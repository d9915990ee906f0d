"""What each role may do to conditions and treatments."""

from clinic_site.access.roles import Role, grant

_OF_A_PAGE = ("conditions.condition", "conditions.treatment")
grant(Role.EDITOR, "view add change delete", *_OF_A_PAGE)
grant(Role.CLINICIAN, "view", *_OF_A_PAGE)
grant(Role.CLINICIAN, "sign", "conditions.page")
