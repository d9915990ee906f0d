"""The steps of storing a request at which a web process is killed."""

STEPS = ("before insert", "before mail", "before commit", "after commit")
