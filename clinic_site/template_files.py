"""Templates as they are sent: indented for the people who edit them, and for nobody else."""

import re

from django.template import Origin
from django.template.loaders import filesystem


class Loader(filesystem.Loader):
    """Reads templates as Django's own loader does, those of pages without their indentation."""

    def get_contents(self, origin: Origin) -> str:
        source = super().get_contents(origin)
        if not origin.name.endswith(".html"):  # in a mail, each space is meant
            return source
        return re.sub(r"(?m)^\s+", "", source)
