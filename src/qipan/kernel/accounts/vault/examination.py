"""What the doctor looks at in the vault: whether the master keys at hand open it."""

from django.conf import settings

from qipan.conf.doctor import Finding, check, error, ok
from qipan.kernel.accounts.models import Person
from qipan.kernel.accounts.vault import keys, sealing

MEND = "请从备份恢复 keys/vault.keys(或 QIPAN_VAULT_KEY);没有它,保险库中的个人信息再也读不出来。不要新建。"


@check("vault", "个人信息保险库")
def vault_opens() -> Finding:
    known = Person.objects.filter(forgotten_at__isnull=True, key__isnull=False).order_by("pk")
    ends = [person for person in (known.first(), known.last()) if person is not None]
    if not ends:
        return ok("还没有人员")
    try:
        for person in ends:
            sealing.data_key_of(person.uuid, person.key)
    except (keys.VaultLocked, OSError, ValueError) as problem:
        lost = not settings.QIPAN_VAULT_KEY and not keys.path().exists()
        return error("vault.keys 不见了" if lost else f"打不开({problem})", MEND)
    return ok("主密钥能够打开")
