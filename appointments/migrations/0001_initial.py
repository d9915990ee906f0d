import appointments.references
import clinic_site.crypto.fields
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('conditions', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AppointmentRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(default=appointments.references.new_reference, editable=False, max_length=13, unique=True, verbose_name='reference')),
                ('attempt', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='received')),
                ('origin', models.CharField(choices=[('web', 'the form'), ('phone', 'a call, entered by staff')], default='web', editable=False, max_length=10, verbose_name='came by')),
                ('status', models.CharField(choices=[('new', 'new'), ('contacting', 'contacting the patient'), ('scheduled', 'scheduled'), ('closed', 'closed'), ('withdrawn', 'withdrawn'), ('quarantined', 'suspected spam')], default='new', max_length=20, verbose_name='status')),
                ('status_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='since')),
                ('queue_order', models.BigIntegerField(default=0, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('suspicion', models.CharField(blank=True, choices=[('honeypot', 'a field that people do not see was filled in'), ('sender', 'many requests from one sender'), ('overall', 'many requests at once')], editable=False, max_length=20, verbose_name='looks like spam')),
                ('first_answer_at', models.DateTimeField(editable=False, null=True, verbose_name='first answer')),
                ('visit_at', models.DateTimeField(blank=True, null=True, verbose_name='visit')),
                ('visit_place', models.CharField(blank=True, max_length=200, verbose_name='place of the visit')),
                ('close_reason', models.CharField(blank=True, choices=[('visited', 'the visit took place'), ('answered', 'the question is answered'), ('not_reached', 'the patient could not be reached'), ('referred', 'referred elsewhere'), ('cancelled', 'canceled by the patient'), ('no_show', 'the patient did not come'), ('duplicate', 'asked for twice'), ('mistake', 'entered by mistake'), ('other', 'another reason, as noted'), ('spam', 'spam')], max_length=20, verbose_name='closed because')),
                ('change_wanted', clinic_site.crypto.fields.EncryptedTextField(blank=True, verbose_name='change the patient asks for')),
                ('change_wanted_at', models.DateTimeField(editable=False, null=True, verbose_name='change asked for')),
                ('kind', models.CharField(choices=[('appointment', 'An appointment'), ('question', 'An answer to a question')], max_length=20, verbose_name='asks for')),
                ('asking_for', models.CharField(choices=[('self', 'Myself'), ('someone_else', 'Someone else')], default='self', max_length=20, verbose_name='for whom')),
                ('contact_name', clinic_site.crypto.fields.EncryptedTextField(blank=True, verbose_name='name of the person asking')),
                ('patient_name', clinic_site.crypto.fields.EncryptedTextField(verbose_name="patient's name")),
                ('date_of_birth', clinic_site.crypto.fields.EncryptedDateField(blank=True, default=None, verbose_name='date of birth')),
                ('phone', clinic_site.crypto.fields.EncryptedTextField(verbose_name='phone')),
                ('phone_index', models.CharField(blank=True, editable=False, max_length=64)),
                ('email', clinic_site.crypto.fields.EncryptedTextField(blank=True, verbose_name='email')),
                ('email_index', models.CharField(blank=True, editable=False, max_length=64)),
                ('email_ok', models.BooleanField(default=False, verbose_name='agrees to a confirmation by email')),
                ('contact_by', models.CharField(choices=[('phone', 'Phone'), ('email', 'Email')], default='phone', max_length=10, verbose_name='answer by')),
                ('voicemail_ok', models.BooleanField(default=False, verbose_name='a voicemail is fine')),
                ('patient_status', models.CharField(choices=[('new', 'No, this is the first time'), ('returning', 'Yes'), ('unsure', 'Not sure')], default='unsure', max_length=10, verbose_name='been here before')),
                ('visit_days', models.JSONField(blank=True, default=list, verbose_name='days that suit')),
                ('visit_time', models.CharField(choices=[('any', 'Any time'), ('morning', 'Morning'), ('afternoon', 'Afternoon')], default='any', max_length=10, verbose_name='time that suits')),
                ('interpreter_language', clinic_site.crypto.fields.EncryptedTextField(blank=True, verbose_name='interpreter for')),
                ('access_needs', clinic_site.crypto.fields.EncryptedTextField(blank=True, verbose_name='access needs')),
                ('message', clinic_site.crypto.fields.EncryptedTextField(blank=True, verbose_name='message')),
                ('condition', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to='conditions.condition', verbose_name='condition')),
                ('taken_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='taken by')),
            ],
            options={
                'verbose_name': 'request',
                'verbose_name_plural': 'requests',
            },
        ),
        migrations.CreateModel(
            name='NameWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('index', models.CharField(max_length=64)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='name_words', to='appointments.appointmentrequest')),
            ],
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('no_answer', 'called, no answer'), ('voicemail', 'called, left a voicemail'), ('reached', 'called, spoke with them'), ('emailed', 'wrote an email'), ('note', 'note'), ('wish', 'the patient asks for a change')], default='note', max_length=20, verbose_name='what')),
                ('text', clinic_site.crypto.fields.EncryptedTextField(blank=True, verbose_name='note')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='at')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='appointments.appointmentrequest')),
            ],
            options={
                'verbose_name': 'note',
                'verbose_name_plural': 'notes',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='StatusChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_status', models.CharField(blank=True, choices=[('new', 'new'), ('contacting', 'contacting the patient'), ('scheduled', 'scheduled'), ('closed', 'closed'), ('withdrawn', 'withdrawn'), ('quarantined', 'suspected spam')], max_length=20)),
                ('to_status', models.CharField(choices=[('new', 'new'), ('contacting', 'contacting the patient'), ('scheduled', 'scheduled'), ('closed', 'closed'), ('withdrawn', 'withdrawn'), ('quarantined', 'suspected spam')], max_length=20)),
                ('by', models.CharField(blank=True, max_length=150, verbose_name='by')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='at')),
                ('visit_at', models.DateTimeField(null=True)),
                ('close_reason', models.CharField(blank=True, choices=[('visited', 'the visit took place'), ('answered', 'the question is answered'), ('not_reached', 'the patient could not be reached'), ('referred', 'referred elsewhere'), ('cancelled', 'canceled by the patient'), ('no_show', 'the patient did not come'), ('duplicate', 'asked for twice'), ('mistake', 'entered by mistake'), ('other', 'another reason, as noted'), ('spam', 'spam')], max_length=20)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='appointments.appointmentrequest')),
            ],
            options={
                'verbose_name': 'change of status',
                'verbose_name_plural': 'changes of status',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['queue_order', 'id'], name='request_queue_order'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['status', 'status_at'], name='request_status'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['status', 'queue_order', 'id'], name='request_status_order'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['received_at'], name='request_received'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(condition=models.Q(('suspicion', '')), fields=['received_at'], name='request_unsuspected'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(condition=models.Q(('change_wanted_at__isnull', False)), fields=['change_wanted_at'], name='request_to_settle'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['phone_index', 'received_at'], name='request_phone'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['email_index', 'received_at'], name='request_email'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('reference__startswith', 'VIS-')), name='request_has_reference'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('digest__length', 64)), name='request_digest_is_sha256'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['new', 'contacting', 'scheduled', 'closed', 'withdrawn', 'quarantined'])), name='request_status_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['appointment', 'question'])), name='request_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('asking_for__in', ['self', 'someone_else'])), name='request_asking_for_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('contact_by__in', ['phone', 'email'])), name='request_contact_by_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('patient_status__in', ['new', 'returning', 'unsure'])), name='request_patient_status_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('visit_time__in', ['any', 'morning', 'afternoon'])), name='request_visit_time_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('origin__in', ['web', 'phone'])), name='request_origin_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('suspicion__in', ['honeypot', 'sender', 'overall', ''])), name='request_suspicion_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('close_reason__in', ['visited', 'answered', 'not_reached', 'referred', 'cancelled', 'no_show', 'duplicate', 'mistake', 'other', 'spam', ''])), name='request_close_reason_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'scheduled'), _negated=True), ('visit_at__isnull', False), _connector='OR'), name='request_scheduled_has_visit'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'closed'), ('close_reason', ''), _connector='XOR'), name='request_closed_has_reason'),
        ),
        migrations.AddIndex(
            model_name='nameword',
            index=models.Index(fields=['index'], name='name_word_index'),
        ),
        migrations.AddConstraint(
            model_name='nameword',
            constraint=models.UniqueConstraint(fields=('request', 'index'), name='name_word_once'),
        ),
        migrations.AddConstraint(
            model_name='nameword',
            constraint=models.CheckConstraint(condition=models.Q(('index__length', 64)), name='name_word_is_sha256'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['no_answer', 'voicemail', 'reached', 'emailed', 'note', 'wish'])), name='note_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='statuschange',
            constraint=models.CheckConstraint(condition=models.Q(('to_status', ''), _negated=True), name='status_change_has_status'),
        ),
    ]
