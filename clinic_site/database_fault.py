"""What may be said of a fault of the database."""


def tables_are_missing(fault: Exception) -> bool:
    """Whether the database is there, and a table or a column that this release needs is not."""
    if type(fault.__cause__).__name__ in {"UndefinedTable", "UndefinedColumn"}:  # PostgreSQL's
        return True
    return str(fault).startswith(("no such table", "no such column")) or "no column" in str(fault)


def kind_of(fault: Exception) -> str:
    """Return what may stand in a log: its class, as its text can quote a statement."""
    kind = type(fault).__name__
    if tables_are_missing(fault):
        return f"{kind}: tables are missing, or of another release (make upgrade)"
    return kind


def reason_of(fault: Exception) -> str:
    """Return why, in one line, for whoever runs a command: it has none of what people typed."""
    said = "" if tables_are_missing(fault) else str(fault).partition("\n")[0]
    return said or kind_of(fault)
