from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0006_mail_given_up_and_set_aside'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('action', 'refused'), ('actor', 'patient')), fields=['references', 'at'], name='audit_wrong_tries'),
        ),
    ]
