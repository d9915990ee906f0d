import clinic_site.crypto.fields
import clinic_site.mail.models
import clinic_site.models
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import phonenumber_field.modelfields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('key', models.CharField(max_length=150, primary_key=True, serialize=False)),
                ('since', models.BigIntegerField()),
                ('number', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='DailyRun',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('day', models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, db_index=True, verbose_name='at')),
                ('actor', models.CharField(max_length=150, verbose_name='who')),
                ('action', models.CharField(max_length=20, verbose_name='what')),
                ('subject_kind', models.CharField(blank=True, max_length=20, verbose_name='kind')),
                ('references', models.TextField(blank=True, verbose_name='references')),
                ('detail', models.CharField(blank=True, max_length=100, verbose_name='detail')),
                ('source', models.CharField(blank=True, max_length=64, verbose_name='from')),
            ],
            options={
                'verbose_name': 'audit event',
                'verbose_name_plural': 'audit events',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['actor', 'at'], name='audit_actor')],
                'constraints': [models.CheckConstraint(condition=models.Q(('actor', ''), _negated=True), name='audit_has_actor')],
            },
        ),
        migrations.CreateModel(
            name='Clinic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(default='Vascular & Interventional Specialists', max_length=120, verbose_name='name')),
                ('short_name', models.CharField(blank=True, default='VIS', max_length=20, verbose_name='short name')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(default='+16052175617', help_text='The number on every page. Patients tap it to call.', max_length=128, region=None, verbose_name='phone')),
                ('street', models.CharField(blank=True, max_length=120, verbose_name='street')),
                ('city', models.CharField(blank=True, max_length=80, verbose_name='city')),
                ('state', models.CharField(blank=True, max_length=2, validators=[django.core.validators.RegexValidator('^[A-Z]{2}\\Z', 'Use the two capital letters, such as SD.')], verbose_name='state')),
                ('postal_code', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{5}(-\\d{4})?\\Z', 'Use five digits, or nine: 57104-1234.')], verbose_name='ZIP code')),
                ('email', models.EmailField(blank=True, help_text='Shown on the contact page. Leave empty to show none.', max_length=254, verbose_name='email')),
                ('time_zone', models.CharField(blank=True, help_text='Such as America/Chicago. Times in the admin and on pages are shown in it.', max_length=60, validators=[clinic_site.models.validate_time_zone], verbose_name='time zone')),
                ('introduction', models.TextField(blank=True, help_text='One to three plain sentences at the top of the first page.', verbose_name='introduction')),
                ('emergency_wording', models.CharField(default='In an emergency, call 911.', help_text='Stands at the foot of every page and above the request form.', max_length=200, verbose_name='emergency wording')),
                ('answer_within_hours', models.PositiveSmallIntegerField(blank=True, help_text='What you promise patients; where opening hours are set, only those count. Leave empty to promise nothing.', null=True, verbose_name='answer within hours')),
                ('keep_requests_days', models.PositiveSmallIntegerField(blank=True, help_text='Requests that were closed or withdrawn this many days ago are erased for good. Ask counsel how long you must keep them. Leave empty to erase nothing.', null=True, verbose_name='erase requests after days')),
            ],
            options={
                'verbose_name': 'clinic',
                'verbose_name_plural': 'clinic',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='clinic_is_one_row'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='clinic_has_name'), models.CheckConstraint(condition=models.Q(('phone', ''), _negated=True), name='clinic_has_phone'), models.CheckConstraint(condition=models.Q(('answer_within_hours', None), ('answer_within_hours__gte', 1), _connector='OR'), name='clinic_answer_within_hours_positive', violation_error_message='Promise an hour or more, or leave it empty.'), models.CheckConstraint(condition=models.Q(('keep_requests_days', None), ('keep_requests_days__gte', 1), _connector='OR'), name='clinic_keep_requests_days_positive', violation_error_message='Keep them a day or more, or leave it empty.')],
            },
        ),
        migrations.CreateModel(
            name='KeyCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', clinic_site.crypto.fields.EncryptedTextField()),
                ('blind', models.CharField(max_length=64)),
            ],
            options={
                'verbose_name': 'check of the keys',
                'verbose_name_plural': 'check of the keys',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='key_check_is_one_row'), models.CheckConstraint(condition=models.Q(('blind__length', 64)), name='key_check_blind_is_sha256')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=60, unique=True, verbose_name='address')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('body', models.TextField(blank=True, help_text='Markdown: paragraphs, lists, ## headings, links.', verbose_name='text')),
                ('required', models.BooleanField(default=False, help_text='The law asks for it: an empty one is a task.', verbose_name='required')),
                ('confirmed', models.BooleanField(default=False, help_text="The clinic's counsel has confirmed this text.", verbose_name='confirmed')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='order')),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
                'ordering': ['position', 'title'],
                'constraints': [models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='notice_has_title')],
            },
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('alt', models.CharField(help_text="What the picture shows, in a sentence. Not 'photo of'.", max_length=300, verbose_name='text for people who cannot see it')),
                ('content', models.BinaryField()),
                ('width', models.PositiveSmallIntegerField(editable=False)),
                ('height', models.PositiveSmallIntegerField(editable=False)),
                ('added_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
            ],
            options={
                'verbose_name': 'picture',
                'verbose_name_plural': 'pictures',
                'ordering': ['-added_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('hash__length', 64)), name='picture_hash_is_sha256'), models.CheckConstraint(condition=models.Q(('alt', ''), _negated=True), name='picture_has_alt'), models.CheckConstraint(condition=models.Q(('height__range', (1, 1200)), ('width__range', (1, 1200))), name='picture_size_in_range')],
            },
        ),
        migrations.CreateModel(
            name='WorkerBeat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='worker_beat_is_one_row')],
            },
        ),
        migrations.CreateModel(
            name='ClosedDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='closed_days', to='clinic_site.clinic')),
            ],
            options={
                'verbose_name': 'closed day',
                'verbose_name_plural': 'closed days',
                'ordering': ['day'],
                'constraints': [models.UniqueConstraint(fields=('clinic', 'day'), name='closed_day_once', violation_error_message='This day stands here already.')],
            },
        ),
        migrations.CreateModel(
            name='MailChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20, verbose_name='what')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
            ],
            options={
                'verbose_name': 'choice of mail',
                'verbose_name_plural': 'who gets mail',
                'constraints': [models.UniqueConstraint(fields=('user', 'kind'), name='mail_choice_once')],
            },
        ),
        migrations.CreateModel(
            name='LanguageLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(help_text='Its tag: es for Spanish, ar for Arabic, zh-Hant for traditional Chinese.', max_length=20, validators=[django.core.validators.RegexValidator('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\\Z', 'Use a tag such as es or zh-Hant.')], verbose_name='language')),
                ('text', models.TextField(help_text='In that language, from the clinic.', verbose_name='line')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='order')),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='clinic_site.notice')),
            ],
            options={
                'verbose_name': 'line in another language',
                'verbose_name_plural': 'lines in other languages',
                'ordering': ['position', 'language'],
                'constraints': [models.UniqueConstraint(fields=('notice', 'language'), name='language_line_once', violation_error_message='This language has a line already.'), models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='language_line_has_text')],
            },
        ),
        migrations.CreateModel(
            name='OpeningHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], verbose_name='day')),
                ('opens', models.TimeField(verbose_name='opens')),
                ('closes', models.TimeField(verbose_name='closes')),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='opening_hours', to='clinic_site.clinic')),
            ],
            options={
                'verbose_name': 'opening hours',
                'verbose_name_plural': 'opening hours',
                'ordering': ['weekday', 'opens'],
                'constraints': [models.CheckConstraint(condition=models.Q(('weekday__range', (0, 6))), name='opening_hours_weekday_known'), models.CheckConstraint(condition=models.Q(('opens__lt', models.F('closes'))), name='opening_hours_open_before_close', violation_error_message='The clinic must open before it closes.'), models.UniqueConstraint(fields=('clinic', 'weekday', 'opens'), name='opening_hours_once', violation_error_message='These hours stand here already.')],
            },
        ),
        migrations.CreateModel(
            name='OutboxMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20, verbose_name='what')),
                ('subject_kind', models.CharField(blank=True, editable=False, max_length=20)),
                ('reference', models.CharField(blank=True, max_length=50, verbose_name='about')),
                ('message_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('sent', 'sent'), ('dead', 'given up'), ('set_aside', 'not to be sent')], default='waiting', max_length=10, verbose_name='state')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written')),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='to be sent')),
                ('give_up_at', models.DateTimeField(default=clinic_site.mail.models.given_up_at, verbose_name='given up at')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('lease', models.UUIDField(editable=False, null=True)),
                ('leased_until', models.DateTimeField(editable=False, null=True)),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
                ('fault', models.CharField(blank=True, max_length=100, verbose_name='last fault')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to')),
            ],
            options={
                'verbose_name': 'mail',
                'verbose_name_plural': 'mails',
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['state', 'due_at'], name='mail_due'), models.Index(fields=['reference'], name='mail_reference')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sent', 'dead', 'set_aside'])), name='mail_state_known'), models.CheckConstraint(condition=models.Q(('state', 'sent'), ('sent_at', None), _connector='XOR'), name='mail_sent_has_time'), models.CheckConstraint(condition=models.Q(('user__isnull', False), models.Q(('reference', ''), _negated=True), _connector='OR'), name='mail_is_for_someone')],
            },
        ),
        migrations.CreateModel(
            name='Physician',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=80, unique=True, verbose_name='address')),
                ('name', models.CharField(help_text='As patients read it: Dr. Jane Doe', max_length=120, verbose_name='name')),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='title')),
                ('specialty', models.CharField(max_length=120, verbose_name='specialty')),
                ('certifications', models.CharField(blank=True, max_length=300, verbose_name='certifications')),
                ('interests', models.CharField(blank=True, max_length=300, verbose_name='special interests')),
                ('bio', models.TextField(help_text='Markdown: a few short paragraphs, an empty line between.', verbose_name='bio')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='order')),
                ('active', models.BooleanField(default=True, help_text='Shown on the site.', verbose_name='active')),
                ('photo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic_site.picture', verbose_name='photo')),
            ],
            options={
                'verbose_name': 'physician',
                'verbose_name_plural': 'physicians',
                'ordering': ['position', 'name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='physician_has_name')],
            },
        ),
    ]
