"""On PostgreSQL: the words of each published page, ready for full text search.

A generated column and its index, unknown to Django's models; SQLite searches the plain columns.
"""

from django.db import migrations

# A tsvector holds 1 MB at most: no page may fail to be published because it is longer.
# Pages change seldom, so the index takes each change at once and stays quick to read.
ADD = """
ALTER TABLE conditions_page ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english', search_title), 'A')
    || setweight(to_tsvector('english', left(search_text, 100000)), 'B')
) STORED;
CREATE INDEX conditions_page_search_vector ON conditions_page USING gin (search_vector)
    WITH (fastupdate = off);
"""
REMOVE = "ALTER TABLE conditions_page DROP COLUMN search_vector"


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ADD)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(REMOVE)


class Migration(migrations.Migration):

    dependencies = [("conditions", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
