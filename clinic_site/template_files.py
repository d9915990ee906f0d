"""Templates as they are sent: indented for the people who edit them, and for nobody else."""

import re

from django.template import Origin
from django.template.loaders import filesystem

# A line with one of these alone shows nothing, so its end is no space between words either.
_SILENT = r"(?m)^(\{% (?:for|endfor|block|endblock)\b[^%]*%\})\n"


class Loader(filesystem.Loader):
    """Reads templates as Django's own loader does, those of pages without their indentation."""

    def get_contents(self, origin: Origin) -> str:
        source = super().get_contents(origin)
        if not origin.name.endswith(".html"):  # in a mail, each space is meant
            return source
        return re.sub(_SILENT, r"\1", re.sub(r"(?m)^\s+", "", source))
