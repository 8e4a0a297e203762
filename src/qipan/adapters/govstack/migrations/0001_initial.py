from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Alias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('service', '事项'), ('form', '表单'), ('application', '申请'), ('task', '工单'), ('document', '材料'), ('person', '人员'), ('role', '角色')], max_length=20, verbose_name='种类')),
                ('external', models.CharField(db_collation='C', max_length=100, verbose_name='外部标识')),
                ('code', models.CharField(blank=True, max_length=60, verbose_name='代码')),
                ('record_id', models.BigIntegerField(blank=True, null=True, verbose_name='记录')),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='对方名称')),
                ('client', models.CharField(blank=True, max_length=200, verbose_name='客户')),
                ('applicant', models.CharField(blank=True, db_collation='C', max_length=100, verbose_name='对方的申请人标识')),
            ],
            options={
                'verbose_name': '外部标识',
                'verbose_name_plural': '外部标识',
                'indexes': [models.Index(fields=['kind', 'record_id'], name='govstack_alias_record'), models.Index(fields=['kind', 'code'], name='govstack_alias_code'), models.Index(condition=models.Q(('applicant', ''), _negated=True), fields=['client', 'applicant'], name='govstack_alias_applicant')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'external'), name='govstack_alias_once')],
            },
        ),
    ]
