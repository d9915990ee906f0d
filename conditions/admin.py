"""Where Django looks for the admin; it stands in conditions/editor/."""

from conditions.editor import admin as admin
