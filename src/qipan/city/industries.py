"""What the subjects of the demo city do: GB/T 4754 classes with their shares. Shares are ours, no statistic fixes them."""

from dataclasses import dataclass
from typing import Literal

Food = Literal["", "CATERING", "SALES", "FILING", "CANTEEN"]


@dataclass(frozen=True)
class Industry:
    """One class of GB/T 4754-2017: its weight among companies and among individual businesses, words for names.

    `shop`: it has a place that customers visit; `food`: which licence or filing its business needs.
    """

    code: str
    scope: str
    words: tuple[str, ...]
    companies: float
    individuals: float
    shop: bool = False
    food: Food = ""


INDUSTRIES = (
    Industry(
        "6210",
        "餐饮服务（正餐）；酒水零售",
        ("酒家", "餐厅", "饭店", "酒楼", "菜馆"),
        6,
        25.84,
        True,
        "CATERING",
    ),
    Industry(
        "6220", "餐饮服务（快餐）", ("快餐店", "简餐店", "汤粉店", "面馆"), 3.75, 21.76, True, "CATERING"
    ),
    Industry(
        "6291", "餐饮服务（小吃）", ("小吃店", "肠粉店", "烧腊店", "糖水店"), 0.75, 12.24, True, "CATERING"
    ),
    Industry("6232", "餐饮服务（咖啡）；预包装食品销售", ("咖啡店", "咖啡馆"), 1.5, 3.4, True, "CATERING"),
    Industry("6239", "餐饮服务（饮品）", ("茶饮店", "奶茶店", "饮品店"), 1.5, 7.48, True, "CATERING"),
    Industry("6241", "集体用餐配送；餐饮管理", ("餐饮配送", "膳食管理"), 1.12, 0, True, "CATERING"),
    Industry("5222", "糕点、面包零售；食品销售", ("饼店", "西饼店", "烘焙店"), 0.75, 3.4, True, "CATERING"),
    Industry("5213", "便利店零售；食品销售；日用百货销售", ("便利店", "士多店"), 1.5, 13.6, True, "FILING"),
    Industry("5212", "超级市场零售；食品销售", ("超市", "生活超市"), 1.5, 4.08, True, "SALES"),
    Industry(
        "5221", "粮油、水产、肉类等食品零售", ("粮油店", "食品商行", "冻品店"), 0.75, 4.76, True, "SALES"
    ),
    Industry(
        "5225", "酒、饮料及茶叶零售；预包装食品销售", ("酒行", "茶行", "烟酒商行"), 1.5, 5.44, True, "FILING"
    ),
    Industry("5129", "食品批发；食品互联网销售", ("食品", "食品贸易", "供应链"), 6.75, 0.68, False, "FILING"),
    Industry("5223", "水果、蔬菜零售", ("水果店", "鲜果店", "蔬菜店"), 1, 20, True),
    Industry("5251", "药品零售；医疗器械销售", ("大药房", "药店"), 4, 2, True),
    Industry("5232", "服装零售", ("服装店", "服饰店", "童装店"), 6, 70, True),
    Industry("5274", "通讯器材、电子产品零售", ("通讯店", "数码店", "手机店"), 14, 48, True),
    Industry("5292", "互联网零售；日用百货销售", ("电子商务", "网络科技"), 55, 62),
    Industry("5211", "百货零售", ("百货店", "日用品店", "精品店"), 8, 66, True),
    Industry("5283", "五金、建材零售", ("五金店", "建材店", "水暖店"), 10, 44, True),
    Industry("5179", "机械设备、电子产品批发；货物进出口", ("贸易", "商贸", "实业", "进出口"), 150, 22),
    Industry("5175", "电子元器件批发", ("电子", "微电子", "半导体"), 58, 20),
    Industry("6510", "软件开发；信息技术咨询服务", ("软件", "信息技术", "科技", "智能科技"), 120, 2),
    Industry("6450", "互联网信息服务；数据处理", ("网络", "数据", "云计算"), 34, 1),
    Industry("3990", "电子元器件制造", ("电子科技", "光电", "精密电子"), 46, 8, True),
    Industry("3525", "模具制造；五金加工", ("模具", "精密五金", "塑胶制品"), 20, 14, True),
    Industry("1830", "服装加工", ("制衣", "服饰加工"), 6, 10, True),
    Industry("4712", "建筑装饰工程设计与施工", ("建筑工程", "装饰工程", "建设工程"), 40, 6),
    Industry("5430", "道路货物运输；国际货运代理", ("物流", "货运", "国际货运代理"), 34, 14),
    Industry("6820", "物业管理", ("物业管理", "物业服务"), 14, 1),
    Industry("7010", "房地产经纪", ("地产顾问", "房地产经纪"), 12, 5, True),
    Industry("7212", "投资咨询；企业管理", ("投资", "控股", "企业管理"), 70, 1),
    Industry("7243", "商务信息咨询；财税代理", ("企业服务", "财税代理", "咨询"), 62, 4),
    Industry("7251", "广告设计、制作、代理", ("广告", "文化传媒", "品牌策划"), 42, 10),
    Industry("8010", "家政服务；养老服务", ("家政服务", "养老服务"), 6, 6),
    Industry("8040", "理发及美容服务", ("美发店", "美容店", "造型店"), 5, 42, True),
    Industry("8111", "汽车修理与维护", ("汽车维修", "汽车美容店"), 5, 16, True),
    Industry("8121", "电器维修；废旧回收", ("电器维修店", "回收站"), 2, 14, True),
    Industry("8391", "职业技能培训；教育咨询", ("教育科技", "教育咨询"), 16, 4, True),
    Industry("8890", "体育健身服务", ("健身", "体育"), 6, 4, True),
    Industry("6110", "住宿服务", ("酒店", "公寓", "宾馆"), 4, 10, True),
    Industry("0141", "蔬菜、水果种植", ("种植", "果蔬"), 0.5, 0.3),
)
COOP = Industry("0141", "组织成员开展蔬菜、水果的种植和销售", ("种植", "养殖", "果蔬"), 0, 0)
SCHOOL = Industry(
    "8331", "教育教学；食堂经营（餐饮服务）", ("小学", "学校", "实验学校", "幼儿园"), 0, 0, True, "CANTEEN"
)
FOREIGN = Industry("7299", "从事隶属企业业务范围内的联络业务", ("国际", "环球"), 0, 0)
EVERY = (*INDUSTRIES, COOP, SCHOOL, FOREIGN)
