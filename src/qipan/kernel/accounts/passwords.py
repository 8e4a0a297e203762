"""Passwords that are too easy to guess: common ones, words of this house, and those that were leaked elsewhere."""

import hashlib
import logging
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)
OWN_WORDS = (
    "qipan", "棋盘", "qipai", "shenzhen", "深圳", "shichangjianguan", "市场监管", "jianguan", "监管", "shijianju",
    "scjg", "scjgj", "samr", "food", "shipin", "食品", "anquan", "安全", "licence", "license", "xuke", "许可",
    "admin", "administrator", "guanliyuan", "管理员", "inspector", "jianchayuan", "zhifa", "执法", "password", "mima",
    "密码", "futian", "福田", "nanshan", "南山", "luohu", "罗湖", "baoan", "宝安", "longgang", "龙岗", "yantian", "盐田",
    "longhua", "龙华", "pingshan", "坪山", "guangming", "光明", "dapeng", "大鹏", "welcome", "huanying",
)  # fmt: skip
"""Names of the product, the city, its bureaus and its trade: nothing that a password may mainly be made of."""
LEAST_LEFT = 6
MOST_AROUND = 6
SHORTEST_NAME = 4


class GuessablePasswordValidator(CommonPasswordValidator):
    """Refuses what is common, and what is little more than a common word, one of OWN_WORDS or the user's own name.

    From the password in small letters own words and signs are taken away; at least LEAST_LEFT characters must be left,
    which are not common themselves, with up to MOST_AROUND digits before and behind taken away too.
    """

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(password, user)
        left = self._left(password, user)
        core = left.strip("0123456789")
        if len(left) < LEAST_LEFT or left in self.passwords:
            raise self._refusal()
        if len(left) - len(core) <= MOST_AROUND and (core in self.passwords or not core):
            raise self._refusal()

    @staticmethod
    def _left(password: str, user: Any) -> str:
        left = password.lower()
        name = str(getattr(user, "username", "") or "").lower()
        words = {*OWN_WORDS, name} if len(name) >= SHORTEST_NAME else OWN_WORDS
        for word in sorted(words, key=len, reverse=True):
            left = left.replace(word, "")
        return re.sub(r"[\W_]+", "", left)

    @staticmethod
    def _refusal() -> ValidationError:
        return ValidationError(
            _("这个密码太容易猜到：去掉常用词、机构和地方的名称、用户名、符号以后所剩无几。请换一个。"),
            code="password_guessable",
        )


class LeakedPasswordValidator:
    """Refuses what stands in the operator's file of leaked passwords (`QIPAN_LEAKED_PASSWORDS`), if there is one.

    The file is a sorted text of SHA-1 digests in hex, a line each, with or without `:count` behind, as the public list
    of leaked passwords is handed out. It is searched by halves on disk; nothing is sent anywhere.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError for a leaked one, and where the file that the operator named cannot be read."""
        name = settings.QIPAN_LEAKED_PASSWORDS
        try:
            leaked = bool(name) and is_listed(Path(name), password)
        except OSError as error:
            log.error("QIPAN_LEAKED_PASSWORDS cannot be read: %s", error)
            raise ValidationError(_("暂时不能检查密码，请稍后再试。"), code="password_unchecked") from None
        if leaked:
            raise ValidationError(
                _("这个密码出现在已泄露的密码中，任何人都可能试到它。请换一个。"), code="password_leaked"
            )

    def get_help_text(self) -> str:
        return ""


def is_listed(file: Path, password: str) -> bool:
    """Whether the password's SHA-1 stands in a sorted file of digests; a few dozen reads whatever its size."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as stream:
        low, high = 0, stream.seek(0, 2)
        while low < high:  # the line lies in what begins from low on and before high
            middle = (low + high) // 2
            stream.seek(max(middle - 1, 0))
            if middle:
                stream.readline()
            start = stream.tell()
            line = stream.readline()
            digest = line[:40].upper()
            if digest == wanted:
                return True
            if line and start < high and digest < wanted:
                low = start + len(line)
            else:
                high = middle
    return False
