"""Who the named people of the demo are and what everybody signs in with; plain values, which the simulator shares."""

PASSWORD = "qipan-demo-2026"  # noqa: S105 (a demo account's, shown on the sign-in page)
SECRET = "QIPANDEMOQIPANDEMOQIPANDEMOQIPAN"  # noqa: S105
"""The TOTP secret (base32) of every demo account: one entry in an authenticator serves for all of them."""

NAMES = {
    "renew": ("深圳市福田区弈香园酒家", "INDIVIDUAL", "6210", "餐饮服务（正餐）；酒水零售"),
    "new": ("深圳市福田区新枰小馆", "INDIVIDUAL", "6210", "餐饮服务（正餐）"),
    "filing": ("深圳市福田区楸邻便利店", "INDIVIDUAL", "5213", "便利店零售；食品销售；日用百货销售"),
    "risky": ("深圳市福田区罫火烧烤店", "INDIVIDUAL", "6291", "餐饮服务（小吃）"),
    "chain": ("深圳市弈海餐饮管理有限公司", "COMPANY", "6210", "餐饮服务；餐饮管理"),
}
"""The businesses of the named accounts (name, kind, industry, scope): the simulator leaves them to the visitor."""


def applicant(number: int) -> str:
    """The user name of one who acts for businesses of the city, counted from 1."""
    return f"biz-{number:03d}"


def officer(unit: str, post: str, number: int = 1) -> str:
    """The user name of one who holds a standard post of a unit, counted from 1."""
    return f"{unit}-{post}-{number}".lower()
