from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from qipan.kernel.orgs.reader import Reader


def _unread(reader: Reader) -> int:
    from qipan.kernel.accounts import letters

    return letters.unread_notices(reader.user_id)


class PortalConfig(AppConfig):
    name = "qipan.portal"
    label = "portal"
    verbose_name = _("门户")

    def ready(self) -> None:
        """Put the menus together, and say who may open the files of a case."""
        from qipan.kernel.evidence import queries as evidence
        from qipan.kernel.flow.models import Case
        from qipan.kernel.flow.permissions import DISPATCHERS
        from qipan.kernel.orgs.roles import Role
        from qipan.ui.navigation import Entry, register

        licensing = (
            Role.LIC_RECEIVER,
            Role.LIC_REVIEWER,
            Role.LIC_DECIDER,
            Role.BUREAU_LEADER,
            Role.OFFICE_HEAD,
        )
        tables = (
            Role.CATALOGUE_EDITOR,
            Role.CATALOGUE_RELEASER,
            Role.LIC_REVIEWER,
            Role.LIC_DECIDER,
            Role.BUREAU_LEADER,
        )
        evidence.provide_reach(
            "flow.case", lambda pk, reader: Case.objects.visible_to(reader).filter(pk=pk).exists()
        )
        register(
            Entry("public", _("首页"), "home", "home"),
            Entry("public", _("办事"), "items", "license"),
            Entry("public", _("查询"), "businesses", "building-store"),
            Entry("public", _("核验"), "verify_form", "shield-check"),
            Entry("public", _("公示"), "publications", "speakerphone"),
            Entry("public", _("我的办件"), "my_cases", "route", signed_in=True),
            Entry("public", _("我的证照"), "my_licences", "certificate", signed_in=True),
            Entry("public", _("我的印章"), "my_seals", "rubber-stamp", signed_in=True),
            Entry("public", _("消息"), "notices", "bell", signed_in=True, count=_unread, live=True),
            Entry("desk", _("收件箱"), "desk", "inbox"),
            Entry("desk", _("办件查询"), "desk_cases", "search"),
            Entry(
                "desk",
                _("批量办理"),
                "batch",
                "list-check",
                roles=(Role.LIC_RECEIVER, Role.LIC_REVIEWER, Role.LIC_DECIDER),
            ),
            Entry(
                "desk",
                _("监督检查"),
                "inspection_list",
                "clipboard-check",
                roles=(Role.INSPECTOR, Role.OFFICE_HEAD, Role.BUREAU_LEADER),
            ),
            Entry(
                "desk",
                _("延续提示"),
                "renewal_offers",
                "refresh",
                roles=(Role.LIC_DECIDER, Role.LIC_REVIEWER, Role.OFFICE_HEAD, Role.BUREAU_LEADER),
            ),
            Entry("desk", _("工作量"), "workload", "users", roles=DISPATCHERS),
            Entry(
                "desk",
                _("态势大屏"),
                "wall",
                "chart-bar",
                roles=(Role.OFFICE_HEAD, Role.BUREAU_LEADER, Role.DUTY_OFFICER),
            ),
            Entry(
                "desk",
                _("服务评价"),
                "evaluations",
                "message",
                roles=(Role.OFFICE_HEAD, Role.BUREAU_LEADER),
            ),
            Entry("desk", _("主体查询"), "desk_businesses", "building-store"),
            Entry(
                "desk",
                _("印章登记"),
                "seal_register",
                "rubber-stamp",
                roles=licensing,
            ),
            Entry(
                "desk",
                _("秒办复核"),
                "guard",
                "shield-check",
                roles=(Role.LIC_REVIEWER, Role.LIC_DECIDER, Role.BUREAU_LEADER, Role.OFFICE_HEAD),
            ),
            Entry("desk", _("事项目录"), "desk_items", "license", roles=tables),
            Entry("desk", _("表单"), "desk_forms", "file-text", roles=tables),
            Entry(
                "desk",
                _("证照调用"),
                "licence_figures",
                "certificate",
                roles=licensing,
            ),
            Entry("desk", _("决策表"), "tables", "route", roles=tables),
            Entry("desk", _("主题服务"), "theme_table", "checklist", roles=tables),
            Entry(
                "desk",
                _("目录草稿"),
                "drafts",
                "edit",
                roles=(Role.CATALOGUE_EDITOR, Role.CATALOGUE_RELEASER),
            ),
            Entry("desk", _("移动办公"), "phone_home", "device-mobile"),
            Entry("desk", _("消息"), "notices", "bell", count=_unread, live=True),
            Entry("desk", _("我的"), "own", "user"),
            Entry("desk", _("法规库"), "laws", "books", group=_("公共")),
            Entry("desk", _("公示信息"), "publications", "speakerphone", group=_("公共")),
            Entry("desk", _("文书核验"), "verify_form", "shield-check", group=_("公共")),
        )
