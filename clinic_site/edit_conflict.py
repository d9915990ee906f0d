"""What two people who change the same thing at once are told by."""


class EditConflict(Exception):
    """Someone else changed it since it was shown; nothing was done."""
