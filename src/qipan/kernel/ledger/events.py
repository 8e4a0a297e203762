"""The ledger's own events: what people do to its subscriptions and deliveries."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

SUBSCRIBED = declare(
    "ledger.subscription.saved", _("设定订阅"), code=str, pattern=str, url=str, org_path=str, active=bool
)
ENDED = declare("ledger.subscription.ended", _("停止推送"), code=str, cause=str)
TESTED = declare("ledger.subscription.tested", _("测试推送"), code=str)
RESENT = declare("ledger.delivery.resent", _("重新投递"), receiver=str, event=str)
JOBS_RETRIED = declare("jobs.job.retried", _("重新执行失败的后台任务"), count=int, digest=str)
RESENT_MANY = declare(
    "ledger.delivery.resent_together", _("成批重新投递"), receiver=str, count=int, digest=str
)
