"""Units of measurement as documents write them, Russian and English, and their one canonical name.

Case and script matter here (мВт is not МВт, Н is not h), so nothing is folded but superscripts, points and signs of
multiplication.
"""

import re
from collections.abc import Mapping

_VARIANTS: Mapping[str, str] = {
    # length
    "mm": "мм mm миллиметр миллиметра миллиметров миллиметры millimeter millimeters millimetres",
    "cm": "см cm сантиметр сантиметра сантиметров",
    "dm": "дм dm",
    "m": "м m метр метра метров метры meter meters metre metres",
    "km": "км km километр километра километров",
    "um": "мкм µm μm um микрон микрона",
    "nm": "нм nm",
    "in": "дюйм дюйма дюймов inch inches ″ in",
    "ft": "фут фута футов ft feet foot",
    "mile": "mile miles миля мили миль",
    # area, volume
    "mm2": "мм2 mm2 кв.мм",
    "cm2": "см2 cm2 кв.см",
    "m2": "м2 m2 кв.м кв.метров sqm sq.m squaremeters squaremetres",
    "km2": "км2 km2 кв.км",
    "ha": "га ha",
    "ft2": "ft2 sqft sq.ft squarefeet",
    "sqmi": "sqmi squaremiles",
    "mm3": "мм3 mm3",
    "cm3": "см3 cm3 cc",
    "m3": "м3 m3 куб.м куб.метров cubicmeters cubicmetres",
    "l": "л l L литр литра литров litre litres liter liters",
    "ml": "мл ml mL",
    "gal": "gal gallon gallons галлон галлона галлонов",
    # flow, speed
    "m3/h": "м3/ч м3/час m3/h m3/hr cmh куб.м/ч",
    "m3/s": "м3/с м3/сек m3/s",
    "m3/d": "м3/сут m3/d m3/day",
    "m3/min": "м3/мин m3/min",
    "l/s": "л/с л/сек l/s L/s",
    "l/min": "л/мин l/min L/min lpm",
    "l/h": "л/ч л/час l/h L/h",
    "cfm": "cfm CFM",
    "gpm": "gpm GPM",
    "kg/h": "кг/ч кг/час kg/h",
    "kg/s": "кг/с kg/s",
    "t/h": "т/ч т/час t/h",
    "m/s": "м/с м/сек m/s",
    "km/h": "км/ч км/час km/h kph",
    "mph": "mph",
    "mm/s": "мм/с mm/s",
    "m/min": "м/мин m/min",
    "rpm": "об/мин rpm RPM об./мин min-1 мин-1",
    "m/s2": "м/с2 m/s2",
    # mass, force, pressure
    "mg": "мг mg",
    "gram": "г гр g грамм грамма граммов gram grams",
    "kg": "кг kg килограмм килограмма килограммов",
    "t": "т t тонн тонна тонны ton tons tonne tonnes",
    "lb": "lb lbs",
    "N": "Н N ньютон",
    "kN": "кН kN килоньютон килоньютона",
    "MN": "МН MN",
    "N*m": "Нм Н*м Nm N*m",
    "kN*m": "кНм кН*м kNm kN*m",
    "kN/m": "кН/м kN/m",
    "kN/m2": "кН/м2 kN/m2",
    "kgf": "кгс kgf",
    "kgf/cm2": "кгс/см2 kgf/cm2",
    "kgf/m2": "кгс/м2 kgf/m2",
    "Pa": "Па Pa паскаль паскаля паскалей pascal pascals",
    "kPa": "кПа kPa килопаскаль килопаскаля килопаскалей kilopascal kilopascals",
    "MPa": "МПа MPa Мпа мегапаскаль мегапаскаля мегапаскалей megapascal megapascals",
    "hPa": "гПа hPa",
    "bar": "бар bar бара",
    "mbar": "мбар mbar",
    "atm": "атм atm атмосфер атмосферы",
    "psi": "psi PSI",
    "mmHg": "мм.рт.ст ммрт.ст ммртст mmHg",
    "mH2O": "м.вод.ст мвод.ст мводст",
    "mmH2O": "мм.вод.ст ммвод.ст ммводст",
    # density and heat
    "kg/m3": "кг/м3 kg/m3",
    "kg/m2": "кг/м2 kg/m2",
    "kg/m": "кг/м kg/m",
    "kg/kWh": "кг/кВтч",
    "W/m2": "Вт/м2 W/m2",
    "W/mK": "Вт/(мК) Вт/мК Вт/(м*К) Вт/(м°С) Вт/(м*°С) W/(mK) W/mK W/(m*K)",
    "W/m2K": "Вт/(м2К) Вт/(м2*К) Вт/м2К Вт/(м2*°С) Вт/(м2°С) W/(m2K) W/m2K W/(m2*K)",
    "m2K/W": "м2К/Вт м2*К/Вт м2*°С/Вт м2°С/Вт (м2К)/Вт (м2*К)/Вт (м2*°С)/Вт m2K/W",
    "degC": "°C °С оС оC ℃ град.С градусовЦельсия градусаЦельсия degreesCelsius degreesC °",
    "K": "К K",
    "degF": "°F ℉",
    "J": "Дж J джоуль джоуля джоулей joule joules",
    "kJ": "кДж kJ",
    "MJ": "МДж MJ",
    "kcal": "ккал kcal",
    "kcal/h": "ккал/ч ккал/час kcal/h",
    "Gcal": "Гкал Gcal",
    "Gcal/h": "Гкал/ч Гкал/час Gcal/h",
    "BTU": "BTU Btu",
    "BTU/h": "BTU/h Btu/h",
    # electricity
    "uW": "мкВт µW μW",
    "mW": "мВт mW",
    "W": "Вт W Ватт ватт ватта watt watts",
    "kW": "кВт kW киловатт киловатта kilowatt kilowatts",
    "MW": "МВт MW мегаватт мегаватта megawatt megawatts",
    "GW": "ГВт GW",
    "VA": "ВА В*А VA",
    "kVA": "кВА кВ*А kVA",
    "MVA": "МВА МВ*А MVA",
    "kvar": "квар кВАр kvar",
    "Wh": "Втч Вт*ч Wh",
    "kWh": "кВтч кВт*ч kWh",
    "MWh": "МВтч МВт*ч MWh",
    "uV": "мкВ µV μV",
    "mV": "мВ mV милливольт милливольта millivolt millivolts",
    "V": "В V Вольт вольт вольта volt volts",
    "kV": "кВ kV киловольт киловольта kilovolt kilovolts",
    "uA": "мкА µA μA",
    "mA": "мА mA миллиампер милиампера milliamp milliamps",
    "A": "А A Ампер ампер ампера amp amps ampere amperes",
    "kA": "кА kA",
    "Ah": "Ач А*ч Ah",
    "mAh": "мАч мА*ч mAh",
    "Ohm": "Ом ом ома Ω Ohm ohm ohms",
    "kOhm": "кОм kΩ kOhm килоом kiloohm kiloohms",
    "MOhm": "МОм MΩ MOhm",
    "mOhm": "мОм mΩ",
    "pF": "пФ pF",
    "nF": "нФ nF",
    "uF": "мкФ µF μF",
    "mH": "мГн mH",
    "uH": "мкГн µH μH",
    "Hz": "Гц Hz Герц герц hertz",
    "kHz": "кГц kHz килогерц kilohertz",
    "MHz": "МГц MHz мегагерц megahertz",
    "GHz": "ГГц GHz",
    "dB": "дБ dB",
    "dBA": "дБА дБ(А) dBA dB(A)",
    "dBm": "дБм dBm",
    "lm": "лм lm",
    "lx": "лк lx",
    "cd": "кд cd",
    # time
    "ns": "нс ns",
    "us": "мкс µs μs us микросекунд микросекунды microsecond microseconds",
    "ms": "мс ms миллисекунд миллисекунды msec millisecond milliseconds",
    "s": "с s сек sec секунд секунды секунда секунду second seconds",
    "min": "мин min минут минуты минута минуту minute minutes",
    "h": "ч h час часа часов hr hrs hour hours",
    "day": "сут сутки суток день дня дней d day days",
    "week": "нед неделя недели недель week weeks",
    "month": "мес месяц месяца месяцев month months",
    "year": "год года лет годы year years yr yrs",
    # data
    "bit": "бит бита bit bits",
    "byte": "байт байта байтов байты byte bytes",
    "kB": "кБ Кб КБ Кбайт кбайт kB KB Kbyte Kbytes",
    "MB": "МБ Мбайт MB Mbyte",
    "GB": "ГБ Гбайт GB",
    "bit/s": "бит/с бит/сек bit/s bps bits/s",
    "kbit/s": "кбит/с Кбит/с kbit/s kbps Kbps",
    "Mbit/s": "Мбит/с Mbit/s Mbps",
    "baud": "бод бода baud",
    # shares, pieces, money
    "%": "% процент процента процентов percent",
    "‰": "‰ промилле",
    "ppm": "ppm ррм",
    "pcs": "шт штук штука штуки pcs pc piece pieces",
    "set": "компл комплект комплекта комплектов",
    "rub": "руб ₽ рубль рубля рублей RUB rub",
    "usd": "$ US$ USD dollars dollar доллар доллара долларов",
    "eur": "€ EUR евро euro euros",
    "gbp": "£ GBP",
    "thousand": "тыс thousand thousands",
    "million": "млн million millions mn mln M$ миллион миллиона миллионов",
    "billion": "млрд billion billions bn миллиард миллиарда миллиардов",
    "times": "раз раза times",
    "degree": "град градус градуса градусов degree degrees",
    "person": "чел человек человека persons people",
}
_BY_NAME: Mapping[str, str] = {
    variant.replace(".", ""): name for name, variants in _VARIANTS.items() for variant in variants.split()
}
_BY_LOWER: Mapping[str, str] = {
    variant.lower(): name for variant, name in _BY_NAME.items() if len(variant) > 3 and variant.isalpha()
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", "\u00ad\u200b\u2060")
_TIMES = re.compile(r"[·⋅∙×•]")

CURRENCIES = frozenset({"usd", "eur", "gbp", "rub"})
MULTIPLIERS = frozenset({"thousand", "million", "billion"})


def unit_of(text: str) -> str | None:
    """The canonical name of what is written in `text` as a whole, null when it is no unit."""
    key = _TIMES.sub("*", text.translate(_SUPERSCRIPTS)).replace("^", "").replace(".", "").replace(" ", "")
    key = key.strip(",;:") if len(key) > 1 else key
    found = _BY_NAME.get(key)
    if found is None and "*" in key:
        found = _BY_NAME.get(key.replace("*", ""))
    return found or _BY_LOWER.get(key.lower())
