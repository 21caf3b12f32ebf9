"""The second floor of the invented building: axes, walls, doors, windows and rooms, in metres from axes 1 and А.

x grows to the east, y to the north. Data and areas only; `plan_walls` draws them.
"""

import itertools
from dataclasses import dataclass

from sheet import Point

Box = tuple[float, float, float, float]

AXES_X = (("1", 0.0), ("2", 6.0), ("3", 13.2), ("4", 20.4), ("5", 27.6), ("6", 34.8), ("7", 42.0), ("8", 48.0))
AXES_Y = (("А", 0.0), ("Б", 6.0), ("В", 8.4), ("Г", 14.4), ("Д", 16.8), ("Е", 22.8))

SOUTH_PARTITIONS = (6.0, 9.6, 13.2, 20.4, 27.6, 31.2, 42.0)
CORE_PARTITIONS = (6.0, 9.0, 11.8, 24.0, 27.6)
CORE_WALLS = (3.0, 13.2, 20.4, 34.8, 45.0)
NORTH_PARTITIONS = (6.0, 13.2, 20.4, 31.2, 34.8, 42.0)


@dataclass(frozen=True)
class Door:
    """A leaf turning about `hinge`, closed at `latch`; `swing` is +1 to the left of hinge→latch, -1 to the right."""

    hinge: Point
    latch: Point
    swing: int


@dataclass(frozen=True)
class Window:
    """An opening in an outer wall: the wall's side and the span along it."""

    side: str
    start: float
    end: float


@dataclass(frozen=True)
class Room:
    """`box` is clear of walls; `cuts` are shafts and lifts inside it; `label` is the middle of its inscription.

    `inscription` replaces the name on the plan; `is_flat` sets the number beside the name, for corridors.
    """

    number: str
    name: str
    box: Box
    label: Point
    category: str = ""
    cuts: tuple[Box, ...] = ()
    inscription: str = ""
    is_flat: bool = False

    @property
    def area_m2(self) -> float:
        return round(_area(self.box) - sum(_area(cut) for cut in self.cuts), 1)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _vertical(x: float, y0: float, y1: float, thickness: float) -> Box:
    return (x - thickness / 2, y0, x + thickness / 2, y1)


def _horizontal(y: float, x0: float, x1: float, thickness: float) -> Box:
    return (x0, y - thickness / 2, x1, y + thickness / 2)


OUTER_WALLS: tuple[Box, ...] = (
    (-0.2, -0.2, 48.2, 0.2),
    (-0.2, 22.6, 48.2, 23.0),
    (-0.2, -0.2, 0.2, 23.0),
    (47.8, -0.2, 48.2, 23.0),
)
INNER_WALLS: tuple[Box, ...] = (
    *(_horizontal(y, 0.0, 48.0, 0.2) for y in (6.0, 8.4, 14.4, 16.8)),
    *(_vertical(x, 0.0, 6.0, 0.12) for x in SOUTH_PARTITIONS),
    *(_vertical(x, 8.4, 14.4, 0.12) for x in CORE_PARTITIONS),
    *(_vertical(x, 8.4, 14.4, 0.2) for x in CORE_WALLS),
    *(_vertical(x, 16.8, 22.8, 0.12) for x in NORTH_PARTITIONS),
)
SHAFT_WALLS: tuple[Box, ...] = (
    _vertical(15.8, 8.4, 14.4, 0.2),
    _horizontal(11.4, 13.2, 15.8, 0.2),
    _vertical(36.2, 8.4, 14.4, 0.12),
    _horizontal(9.4, 34.8, 36.2, 0.12),
    _horizontal(13.0, 34.8, 36.2, 0.12),
    _vertical(21.36, 13.54, 14.4, 0.12),
    _horizontal(13.6, 20.4, 21.42, 0.12),
    _vertical(12.34, 13.24, 14.4, 0.12),
    _horizontal(13.3, 12.28, 13.2, 0.12),
)
CUBICLES: tuple[Box, ...] = tuple(_vertical(x, 12.9, 14.3, 0.04) for x in (7.03, 7.98, 9.98, 10.88))
COLUMNS: tuple[Point, ...] = tuple((x, y) for _, x in AXES_X for y in (0.0, 6.0, 16.8, 22.8))

LIFT_DOORS: tuple[Box, ...] = ((15.7, 9.4, 15.9, 10.4), (15.7, 12.4, 15.9, 13.4))

DOORS: tuple[Door, ...] = (
    Door((0.8, 6.0), (1.7, 6.0), -1),
    Door((6.0, 1.0), (6.0, 1.9), 1),
    Door((7.6, 6.0), (8.5, 6.0), -1),
    Door((11.2, 6.0), (12.1, 6.0), -1),
    Door((13.7, 6.0), (14.6, 6.0), -1),
    Door((27.3, 6.0), (26.4, 6.0), 1),
    Door((30.9, 6.0), (30.0, 6.0), 1),
    Door((33.4, 6.0), (34.15, 6.0), 1),
    Door((34.9, 6.0), (34.15, 6.0), -1),
    Door((37.3, 6.0), (38.05, 6.0), 1),
    Door((38.8, 6.0), (38.05, 6.0), -1),
    Door((47.5, 6.0), (46.6, 6.0), 1),
    Door((1.0, 8.4), (2.1, 8.4), 1),
    Door((4.9, 8.4), (4.0, 8.4), -1),
    Door((7.1, 8.4), (8.0, 8.4), 1),
    Door((9.9, 8.4), (10.8, 8.4), 1),
    Door((12.1, 8.4), (12.9, 8.4), 1),
    Door((16.5, 8.4), (17.25, 8.4), 1),
    Door((18.0, 8.4), (17.25, 8.4), -1),
    Door((20.8, 8.4), (21.7, 8.4), 1),
    Door((24.3, 8.4), (25.2, 8.4), 1),
    Door((33.9, 8.4), (33.0, 8.4), -1),
    Door((46.0, 8.4), (47.1, 8.4), 1),
    Door((1.0, 14.4), (2.1, 14.4), -1),
    Door((16.5, 14.4), (17.25, 14.4), -1),
    Door((18.0, 14.4), (17.25, 14.4), 1),
    Door((38.9, 14.4), (39.65, 14.4), -1),
    Door((40.4, 14.4), (39.65, 14.4), 1),
    Door((46.0, 14.4), (47.1, 14.4), -1),
    Door((0.8, 16.8), (1.7, 16.8), 1),
    Door((6.5, 16.8), (7.4, 16.8), 1),
    Door((13.7, 16.8), (14.6, 16.8), 1),
    Door((23.3, 16.8), (24.2, 16.8), 1),
    Door((28.3, 16.8), (27.4, 16.8), -1),
    Door((32.7, 16.8), (33.6, 16.8), 1),
    Door((41.5, 16.8), (40.6, 16.8), -1),
    Door((47.5, 16.8), (46.6, 16.8), -1),
)


def _facade_windows(side: str) -> tuple[Window, ...]:
    windows = []
    for (_, start), (_, end) in itertools.pairwise(AXES_X):
        width = 1.6 if end - start < 7 else 2.0
        for share in (0.27, 0.73) if width < 2 else (0.25, 0.75):
            middle = start + share * (end - start)
            windows.append(Window(side, round(middle - width / 2, 2), round(middle + width / 2, 2)))
    return tuple(windows)


WINDOWS: tuple[Window, ...] = (
    *_facade_windows("south"),
    *_facade_windows("north"),
    *(Window(side, y, y + 1.6) for side in ("west", "east") for y in (6.4, 10.6, 14.8)),
)

ROOMS: tuple[Room, ...] = (
    Room("201", "Кабинет директора", (0.2, 0.2, 5.94, 5.9), (2.2, 1.1)),
    Room("202", "Приёмная", (6.06, 0.2, 9.54, 5.9), (7.8, 1.1)),
    Room("203", "Кабинет главного инженера", (9.66, 0.2, 13.14, 5.9), (11.4, 1.3)),
    Room("204", "Проектный отдел", (13.26, 0.2, 20.34, 5.9), (16.8, 1.1)),
    Room("205", "Отдел снабжения", (20.46, 0.2, 27.54, 5.9), (24.6, 1.1)),
    Room("206", "Переговорная", (27.66, 0.2, 31.14, 5.9), (29.4, 1.0)),
    Room("207", "Конференц-зал", (31.26, 0.2, 41.94, 5.9), (35.75, 1.0)),
    Room("208", "Бухгалтерия", (42.06, 0.2, 47.8, 5.9), (45.6, 1.1)),
    Room("209", "Коридор", (0.2, 6.1, 47.8, 8.3), (44.1, 6.75), is_flat=True),
    Room("210", "Лестничная клетка ЛК-1", (0.2, 8.5, 2.9, 14.3), (1.55, 9.9), inscription="ЛК-1"),
    Room("211", "Кладовая", (3.1, 8.5, 5.94, 14.3), (4.5, 10.3), "В4"),
    Room("212", "Санузел мужской", (6.06, 8.5, 8.94, 14.3), (7.5, 9.75)),
    Room("213", "Санузел женский", (9.06, 8.5, 11.74, 14.3), (10.4, 9.75)),
    Room("214", "ПУИ", (11.86, 8.5, 13.1, 14.3), (12.48, 9.75), "Д", ((12.28, 13.24, 13.1, 14.3),)),
    Room("215", "Лифтовой холл", (15.9, 8.5, 20.3, 14.3), (18.1, 12.9)),
    Room("216", "Серверная", (20.5, 8.5, 23.94, 14.3), (21.9, 10.4), "В4", ((20.5, 13.54, 21.42, 14.3),)),
    Room("217", "Электрощитовая", (24.06, 8.5, 27.54, 14.3), (25.2, 10.3), "В4"),
    Room("218", "Архив", (27.66, 8.5, 34.7, 14.3), (33.3, 12.1), "В2"),
    Room("219", "Венткамера", (36.26, 8.5, 44.9, 14.3), (37.6, 9.05), "Д"),
    Room("220", "Лестничная клетка ЛК-2", (45.1, 8.5, 47.8, 14.3), (46.45, 9.9), inscription="ЛК-2"),
    Room("221", "Коридор", (0.2, 14.5, 47.8, 16.7), (46.5, 15.6), is_flat=True),
    Room("222", "Отдел отопления и вентиляции", (0.2, 16.9, 5.94, 22.6), (3.0, 21.5)),
    Room("223", "Отдел водоснабжения и канализации", (6.06, 16.9, 13.14, 22.6), (9.6, 21.5)),
    Room("224", "Отдел электроснабжения", (13.26, 16.9, 20.34, 22.6), (16.8, 21.5)),
    Room("225", "Архитектурный отдел", (20.46, 16.9, 31.14, 22.6), (25.8, 21.5)),
    Room("226", "Комната приёма пищи", (31.26, 16.9, 34.74, 22.6), (33.0, 21.5)),
    Room("227", "Сметный отдел", (34.86, 16.9, 41.94, 22.6), (38.8, 21.5)),
    Room("228", "Кабинет ГИПа", (42.06, 16.9, 47.8, 22.6), (45.0, 21.5)),
)
