"""Times as the desk and patients read them, on the pages of Django's admin too."""

TIME_FORMAT = "g:i A"
DATETIME_FORMAT = "N j, Y, g:i A"
