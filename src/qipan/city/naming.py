"""Names and addresses that look like the city's and are nobody's.

Every trade name carries a sign of the board (弈 枰 楸 罫), which real trade names practically never do, and every road
is made of words of the game of Go. Sub-districts are real, roads, buildings and numbers are not. People get a name
and nothing else: no number of identity, no telephone.
"""

from collections.abc import Sequence

import numpy as np

BOARD = "弈枰楸罫"
FIRST = tuple(
    "瑞恒鼎盛宏嘉华启晟博德信联泰荣福安达康宁诚远合众卓越景明兴隆裕丰润泽凯锦旭川海云天和美新佳悦雅怡清源润禾谷田"
)
SECOND = tuple(
    "达丰昌隆源泰和兴盛辉腾飞翔宇通顺利润泽华美佳怡然清风雅居园香味满堂春夏秋林海山川河江湖石木火土金银铜玉"
)
SURNAMES = tuple(
    "陈李黄张林王吴刘郑蔡杨曾罗周叶许谢徐何邓钟赖朱梁郭胡廖卢冯邱肖温彭唐苏余江潘吕程魏方沈曹袁丁韩姚范傅戴"
    "高马孙"
) + ("欧阳", "司徒", "上官")
GIVEN = tuple(
    "志强伟明建华文军丽敏芳燕晓红春梅秀兰国平海波俊杰嘉欣思远雨晨子轩佳怡婷雪峰永康小宁浩然家豪美玲淑贤德胜启航"
    "锦程泽楷钰堃喆心怡立新"
)
ROAD_FIRST = "天地元星角边手目局势劫眼先中位飞尖镇跨压托断长立关跳挖接"
ROAD_SECOND = "元位势角边局目先中关连环和平远望阳明清风泉林岭湾洲源渡桥谷"
ROAD_ENDS = ("路", "街", "路", "大道", "巷", "一路", "二路")
BUILDING_ENDS = ("大厦", "广场", "中心", "工业园", "科技园", "商务楼", "花园")
ROADS = 24
"""Roads in a sub-district."""
NUMBERS = 199
"""House numbers of a road."""
_ROAD_NAMES = len(ROAD_FIRST) * len(ROAD_SECOND)


def trade_name(dice: Sequence[int]) -> str:
    """A trade name (字号) of three signs from three numbers."""
    sign = BOARD[dice[0] % len(BOARD)]
    first, second = FIRST[dice[1] % len(FIRST)], SECOND[dice[2] % len(SECOND)]
    place = dice[0] // len(BOARD) % 3
    return (
        f"{sign}{first}{second}"
        if place == 0
        else f"{first}{sign}{second}"
        if place == 1
        else f"{first}{second}{sign}"
    )


def person(dice: Sequence[int]) -> str:
    """A person's name from three numbers; common surnames come more often."""
    pick = min(dice[0] % len(SURNAMES), dice[0] // 97 % len(SURNAMES))
    given = GIVEN[dice[1] % len(GIVEN)]
    return SURNAMES[pick] + given + (GIVEN[dice[2] % len(GIVEN)] if dice[2] % 5 else "")


def road(street: int, number: int) -> str:
    """The name of a road of a sub-district; different numbers below ROADS give different names."""
    index = (number * 37 + street * 101) % _ROAD_NAMES
    first, second = divmod(index, len(ROAD_SECOND))
    return ROAD_FIRST[first] + ROAD_SECOND[second] + ROAD_ENDS[index % len(ROAD_ENDS)]


def road_tables(streets: int) -> list[list[str]]:
    """Every road of every sub-district."""
    return [[road(street, number) for number in range(ROADS)] for street in range(streets)]


def doors(first: int, count: int, total: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Road, house number and door of the subjects `first`…: no two of `total` get the same three (a permutation)."""
    per_door = ROADS * NUMBERS
    size = per_door * (total // per_door + 2)
    step = 2_654_435_761 % size
    while np.gcd(step, size) != 1:
        step += 1
    places = (np.arange(first, first + count, dtype=np.int64) * step + seed * 7919) % size
    return places % ROADS, places // ROADS % NUMBERS + 1, places // per_door


def door(road_name: str, number: int, unit: int, shop: bool) -> str:
    """The end of an address: `星位路88号3号铺`, `元角街16号锦枰大厦1203`."""
    if shop:
        return f"{road_name}{number}号{unit + 1}号铺"
    end = BUILDING_ENDS[(number + len(road_name)) % len(BUILDING_ENDS)]
    name = FIRST[(number * 7) % len(FIRST)] + BOARD[number % len(BOARD)]
    return f"{road_name}{number}号{name}{end}{unit // 16 + 1}{unit % 16 + 1:02d}"
