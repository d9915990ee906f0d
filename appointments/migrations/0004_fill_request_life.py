"""Give requests of before what the queue and the search need, and their notes a row each."""

from django.db import migrations

from appointments.blind_index import email_index, name_indexes, phone_index
from clinic_site.crypto.key_ring import CannotRead
from appointments.models import queue_order


def fill(apps, schema_editor):
    Request = apps.get_model("appointments", "AppointmentRequest")
    NameWord = apps.get_model("appointments", "NameWord")
    Note = apps.get_model("appointments", "Note")
    StatusChange = apps.get_model("appointments", "StatusChange")
    for request in Request.objects.all().iterator(chunk_size=200):
        if request.status == "scheduled":
            request.status = "contacting"  # nobody noted when the visit is
        if request.status == "closed":
            request.close_reason = "answered"
        request.status_at = request.received_at
        request.queue_order = queue_order(request.status, request.received_at)
        try:
            request.phone_index = phone_index(request.phone)
            request.email_index = email_index(request.email) if request.email else ""
            words = {*name_indexes(request.patient_name), *name_indexes(request.contact_name)}
        except CannotRead:
            words = set()
        request.save(
            update_fields=[
                *("status", "close_reason", "status_at", "queue_order"),
                *("phone_index", "email_index"),
            ]
        )
        NameWord.objects.bulk_create(NameWord(request=request, index=word) for word in words)
        StatusChange.objects.create(request=request, to_status=request.status)
        notes = request.__dict__["staff_notes"]  # as it is stored
        if notes:
            Note.objects.create(request=request, text=notes)


class Migration(migrations.Migration):

    dependencies = [
        ("appointments", "0003_request_life"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
