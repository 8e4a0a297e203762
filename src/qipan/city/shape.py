"""The proportions of the demo city. They are plausible values of ours, not statistics; change them here."""

import datetime
from dataclasses import dataclass

SUBJECTS = 3_690_000
"""How many subjects scale 1 has."""
HISTORY_DAYS = 3 * 365
BLOCK = 20_000
"""Subjects that are made and written at a time: what bounds the memory."""
CITY_CODE = "440300"

KINDS = {
    "COMPANY": 0.6000,
    "INDIVIDUAL": 0.3830,
    "SOLE_PROP": 0.0060,
    "PARTNERSHIP": 0.0080,
    "FARMER_COOP": 0.0004,
    "NONCORP_LEGAL": 0.0010,
    "FOREIGN_BRANCH": 0.0006,
    "INSTITUTION": 0.0010,
}
#: The first two characters of the credit code (GB 32100).
CODE_HEADS = {"INDIVIDUAL": "92", "FARMER_COOP": "93", "INSTITUTION": "12"}
DISTRICTS = {
    "FT": 0.130, "LH": 0.090, "YT": 0.015, "NS": 0.165, "BA": 0.200, "LG": 0.200,
    "LHU": 0.120, "PS": 0.025, "GM": 0.040, "DP": 0.007, "SS": 0.008,
}  # fmt: skip
CENTRES = {
    "福田区": (114.055, 22.541), "罗湖区": (114.131, 22.558), "盐田区": (114.237, 22.567), "南山区": (113.945, 22.545),
    "宝安区": (113.870, 22.650), "龙岗区": (114.240, 22.720), "龙华区": (114.040, 22.690), "坪山区": (114.340, 22.690),
    "光明区": (113.930, 22.760), "大鹏新区": (114.470, 22.600), "深汕特别合作区": (115.000, 22.880),
}  # fmt: skip
STATUSES = {
    "ACTIVE": 0.9300,
    "SUSPENDED": 0.0040,
    "CANCELLING": 0.0060,
    "CANCELLED": 0.0300,
    "REVOKED": 0.0200,
    "STRUCK_OFF": 0.0090,
    "EX_OFFICIO": 0.0010,
}
CREDIT = {"A": 0.55, "B": 0.38, "C": 0.06, "D": 0.01}
RISK = {"A": 0.30, "B": 0.50, "C": 0.15, "D": 0.05}
#: What catering businesses make and sell, with shares; RAW, COLD and CAKE count as high risk.
CATERING_ITEMS = {("HOT",): 0.66, ("HOT", "DRINK"): 0.16, ("HOT", "COLD"): 0.11, ("HOT", "COLD", "RAW"): 0.03, ("HOT", "CAKE"): 0.04}  # fmt: skip
CONCLUSIONS = {"符合": 0.62, "基本符合": 0.33, "不符合": 0.05}
#: Shares of yes: old registration numbers kept, codes wrong on the old licence, abnormal list, ended listings, …
HAS_OLD_NUMBER = 0.35
ONLY_OLD_NUMBER = 0.004
WRONG_CODE = 0.0002
LISTED_COMPANY = 0.075
MARKED_INDIVIDUAL = 0.05
LISTING_ENDED = 0.35
SERIOUS = 0.0005
FROZEN = 0.002
PLEDGED = 0.003
#: Licences given out in a wave five years ago, which end in the next four months.
ENDING_SOON = 0.08
BRANCH = 0.04
LICENSED = {"CATERING": 0.86, "SALES": 0.80, "FILING": 0.70, "CANTEEN": 0.92}


@dataclass(frozen=True)
class Plan:
    """What city to build: the same plan gives the same rows."""

    scale: float
    seed: int
    as_of: datetime.date

    @property
    def subjects(self) -> int:
        """How many subjects the city has."""
        return max(1, round(SUBJECTS * self.scale))

    @property
    def applicants(self) -> int:
        """How many accounts act for businesses, besides the named ones."""
        return min(600, 80 + int(2000 * self.scale))

    @property
    def inspectors(self) -> int:
        """How many inspectors an office has."""
        return min(12, 4 + round(8 * self.scale))
