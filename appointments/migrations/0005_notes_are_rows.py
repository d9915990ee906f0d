from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0004_fill_request_life'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='appointmentrequest',
            name='staff_notes',
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'scheduled'), _negated=True), ('visit_at__isnull', False), _connector='OR'), name='request_scheduled_has_visit'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'closed'), ('close_reason', ''), _connector='XOR'), name='request_closed_has_reason'),
        ),
    ]
