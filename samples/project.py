"""Facts of the invented project that several documents share: names, dates, systems, title blocks."""

from dataclasses import dataclass

from stamp import Signature, TitleBlock

DESIGNATION = "24-118-ОВ"
PROJECT = "Административный корпус научно-производственного комплекса. г. Энск, ул. Проектная, 12"
BUILDING = "Административный корпус. Вентиляция"
ORGANISATION = "ООО «ПБ «Образец»"
STAGE = "Р"

SIGNATURES = (
    Signature("Разраб.", "Ветров А.И.", "14.03.25"),
    Signature("Проверил", "Соколова М.П.", "17.03.25"),
    Signature("Нач. отд.", "Ильин К.Д.", "18.03.25"),
    Signature("ГИП", "Громов С.В.", "20.03.25"),
    Signature("Н. контр.", "Лапина Е.Ю.", "19.03.25"),
    Signature("", "", ""),
)

OUTDOOR_WINTER_C = -27
SUPPLY_WINTER_C = 18


@dataclass(frozen=True)
class Ventilation:
    """One system: air flow in m³/h, outside pressure in Pa, shaft power in kW, speed in rpm."""

    name: str
    serves: str
    unit: str
    flow_m3h: int
    pressure_pa: int
    power_kw: str
    speed_rpm: int
    cooling_w: int = 0

    @property
    def heat_w(self) -> int:
        """Heat for the supply air in W, to 100 W: 0.335 W·h/(m³·K) × flow × temperature rise."""
        return round(0.335 * self.flow_m3h * (SUPPLY_WINTER_C - OUTDOOR_WINTER_C) / 100) * 100


SYSTEMS = (
    Ventilation("П1", "Кабинеты, отделы, коридоры, помещения ядра здания", "AX-58-W", 5800, 400, "3,0", 2140, 24500),
    Ventilation("П2", "Конференц-зал, переговорная", "AX-22-W", 2100, 350, "1,1", 2460),
    Ventilation("В1", "Кабинеты, отделы, конференц-зал, архив", "RF-69", 6900, 320, "2,2", 1430),
    Ventilation("В2", "Санузлы, ПУИ, кладовая", "RF-06", 600, 250, "0,25", 2680),
    Ventilation("В21", "Серверная, электрощитовая", "DF-04", 400, 220, "0,15", 2720),
)


def title_block(title: str, sheet: str, sheets: str, *, suffix: str = "") -> TitleBlock:
    """The title block of a sheet; `suffix` goes to the designation, e.g. `.С` for the specification."""
    return TitleBlock(
        designation=DESIGNATION + suffix,
        project=PROJECT,
        building=BUILDING,
        title=title,
        stage=STAGE,
        sheet=sheet,
        sheets=sheets,
        organisation=ORGANISATION,
        signatures=SIGNATURES,
    )
