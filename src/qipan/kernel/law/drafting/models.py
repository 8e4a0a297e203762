"""Drafts of catalogue rows, and what came of trying them on what is recorded."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import ScopedManager, ScopedQuerySet, within


class DraftQuerySet(ScopedQuerySet):
    """Drafts that a reader may see, and those that are still open."""

    def open(self) -> "DraftQuerySet":
        """Neither released nor withdrawn."""
        return self.filter(state=Draft.State.OPEN)


@tracked
class Draft(models.Model):
    """A row of a catalogue that nobody has released yet (目录草稿): a new version of one that exists, or a new one.

    `body` is the row as a file would have it, without its code and date. `based_on` is the version it started from,
    None for a new code. `editors` are all who had a hand in it: none of them may release it. `revision` counts the
    changes, so that two people who change it at once are told. `digest` is that of the body.
    """

    class State(models.TextChoices):
        """What became of it (状态)."""

        OPEN = "OPEN", _("待发布")
        RELEASED = "RELEASED", _("已发布")
        WITHDRAWN = "WITHDRAWN", _("已撤回")

    kind = models.CharField(_("类型"), max_length=30)
    code = models.CharField(_("代码"), max_length=60)
    valid_from = models.DateField(_("生效日期"))
    title = models.CharField(_("名称"), max_length=120)
    body = models.JSONField(_("内容"))
    based_on = models.DateField(_("所依版本"), null=True)
    file_name = models.CharField(_("文件名"), max_length=200, blank=True)
    file_digest = models.CharField(_("文件摘要"), max_length=64, blank=True)
    digest = models.CharField(_("内容摘要"), max_length=64)
    revision = models.PositiveIntegerField(_("修改次数"), default=0)
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    drafted_by = models.BigIntegerField(_("起草人"), null=True)
    editors = models.JSONField(_("参与修改的人"), default=list)
    at = models.DateTimeField(_("时间"))
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    closed_by = models.BigIntegerField(_("发布或撤回人"), null=True)
    closed_at = models.DateTimeField(_("发布或撤回时间"), null=True)

    objects = models.Manager.from_queryset(DraftQuerySet)()

    class Meta:
        verbose_name = _("目录草稿")
        verbose_name_plural = _("目录草稿")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "code", "valid_from"], condition=Q(state="OPEN"), name="law_draft_once"
            )
        ]
        indexes = [models.Index(fields=["org_path", "kind", "code"], name="law_draft_org")]

    def __str__(self) -> str:
        return f"{self.title} {self.valid_from}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Those who edit and release the catalogues of the unit."""
        return within(reader, Role.CATALOGUE_EDITOR, Role.CATALOGUE_RELEASER)


class Trial(models.Model):
    """A draft tried on what is recorded (试算): how many records, what would come out otherwise, and where.

    `effects` are [{kind, place, count}], `lines` the first records that something changes for:
    [{record_kind, record_id, effects: [[kind, place, text]]}]; both hold nothing personal. `digest` is that of the body
    that was tried, `valid_from` the day from which it would hold: with it other rows stand beside it.
    """

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="trials", verbose_name=_("草稿"))
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    digest = models.CharField(_("内容摘要"), max_length=64)
    valid_from = models.DateField(_("试算的生效日期"), null=True)
    most = models.PositiveIntegerField(_("最多试算"))
    total = models.PositiveIntegerField(_("共"), default=0)
    tried = models.PositiveIntegerField(_("已试算"), default=0)
    affected = models.PositiveIntegerField(_("结果不同"), default=0)
    effects = models.JSONField(_("影响"), default=list)
    lines = models.JSONField(_("明细"), default=list)
    problem = models.CharField(_("没有完成的原因"), max_length=500, blank=True)
    asked_by = models.BigIntegerField(_("试算人"), null=True)
    at = models.DateTimeField(_("时间"))
    ended_at = models.DateTimeField(_("完成时间"), null=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("草稿试算")
        verbose_name_plural = _("草稿试算")
        indexes = [models.Index(fields=["draft", "-at"], name="law_trial_draft")]

    def __str__(self) -> str:
        return f"{self.draft} {self.at}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Those who see the draft."""
        return within(reader, Role.CATALOGUE_EDITOR, Role.CATALOGUE_RELEASER)
