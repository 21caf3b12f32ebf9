"""The ventilation of the floor: where every duct, terminal and fire damper of the five systems is.

This model is the only source: the plan, the section, the air balance and the quantities of the specification read it.
"""

from ductwork import Branch, FireDamper, Run, Size, Terminal, branch, main_line, parse_size, terminal

# Bottom of the ducts above the floor, m: П1 lies lowest in the corridors, П2 crosses above all.
BOTTOM_M = {"П1": 2.75, "В1": 3.15, "П2": 3.5, "В2": 3.15, "В21": 3.15}
LAYERS = ("П1", "В2", "В21", "В1", "П2")

SOUTH_SUPPLY_Y, SOUTH_EXHAUST_Y = 7.75, 6.65
NORTH_SUPPLY_Y, NORTH_EXHAUST_Y = 15.05, 16.15
SUPPLY_RISE_X, EXHAUST_RISE_X, HALL_SUPPLY_X = 42.6, 35.5, 40.9


def _south_supply(room: str, x: float, flow: int, count: int = 1, spread: float = 0) -> Branch:
    return branch("П1", room, (x, SOUTH_SUPPLY_Y), 3.0, flow, count=count, spread_m=spread)


def _core_supply(room: str, x: float, flow: int, end_y: float) -> Branch:
    return branch("П1", room, (x, SOUTH_SUPPLY_Y), end_y, flow)


def _north_supply(room: str, x: float, flow: int, count: int = 1, spread: float = 0) -> Branch:
    return branch("П1", room, (x, NORTH_SUPPLY_Y), 19.8, flow, count=count, spread_m=spread)


def _south_exhaust(room: str, x: float, flow: int) -> Branch:
    return branch("В1", room, (x, SOUTH_EXHAUST_Y), 4.75, flow)


def _north_exhaust(room: str, x: float, flow: int) -> Branch:
    return branch("В1", room, (x, NORTH_EXHAUST_Y), 17.95, flow)


def _end_diffuser(x: float) -> Branch:
    """The terminal that closes a corridor main."""
    return Branch(x, (), (terminal("П1", "209", (x, SOUTH_SUPPLY_Y), 175),))


SOUTH_SUPPLY = (
    _south_supply("201", 3.0, 180),
    _south_supply("202", 7.1, 120),
    _south_supply("203", 10.7, 120),
    _south_supply("204", 16.8, 480, 2, 1.8),
    _south_supply("205", 24.6, 480, 2, 1.8),
    _south_supply("208", 45.6, 360, 2, 1.2),
    _core_supply("215", 18.9, 250, 10.9),
    _core_supply("216", 23.3, 300, 10.9),
    _core_supply("217", 27.0, 100, 10.9),
    _core_supply("218", 31.2, 160, 11.2),
    _end_diffuser(0.9),
    _end_diffuser(47.1),
)
NORTH_SUPPLY = (
    _north_supply("222", 3.0, 240),
    _north_supply("223", 9.6, 480, 2, 1.8),
    _north_supply("224", 16.8, 480, 2, 1.8),
    _north_supply("225", 25.8, 720, 3, 3.4),
    _north_supply("226", 32.2, 300),
    _north_supply("227", 38.8, 360, 2, 1.8),
    _north_supply("228", 45.0, 180),
)
SOUTH_EXHAUST = (
    _south_exhaust("201", 4.7, 180),
    _south_exhaust("202", 9.0, 120),
    _south_exhaust("203", 12.6, 120),
    _south_exhaust("204", 19.4, 480),
    _south_exhaust("205", 21.4, 480),
    _south_exhaust("206", 28.6, 300),
    branch("В1", "218", (29.6, SOUTH_EXHAUST_Y), 12.4, 160),
    _south_exhaust("207", 32.6, 600),
    _south_exhaust("207", 36.5, 600),
    _south_exhaust("207", 39.6, 600),
    _south_exhaust("208", 42.7, 360),
)
NORTH_EXHAUST = (
    _north_exhaust("222", 4.7, 240),
    _north_exhaust("223", 12.2, 480),
    _north_exhaust("224", 19.4, 480),
    _north_exhaust("225", 21.8, 360),
    _north_exhaust("225", 30.0, 360),
    _north_exhaust("226", 34.0, 300),
    _north_exhaust("227", 36.0, 360),
    _north_exhaust("228", 43.4, 180),
)

PLANT_ROOM_SUPPLY = Branch(
    0,
    (Run("П1", (SUPPLY_RISE_X, 11.3), (43.95, 11.3), Size(160), 140),),
    (Terminal("П1", "219", "РП 300×150", (43.95, 11.3), 140),),
)
PLANT_ROOM_EXHAUST = Terminal("В1", "219", "РВ 300×150", (36.32, 13.7), 140)

_HALL_STATIONS = (40.9, 38.0, 35.8, 33.5, 31.0, 29.4)
_HALL_SIZES = ("400×300", "400×250", "300×250", "250×200", "200×150")
HALL_TERMINALS = (
    *(Terminal("П2", "207", "ДП-600", (x, 3.0), 450) for x in (39.2, 36.9, 34.6, 32.3)),
    Terminal("П2", "206", "ДП-450", (29.4, 3.0), 300),
)
_HALL_BRANCHES = tuple(Branch(t.at[0], (), (t,)) for t in HALL_TERMINALS)


def _toilet_terminals() -> tuple[Terminal, ...]:
    upper = [(x, 13.6) for x in (6.55, 7.5, 8.45, 9.5, 10.43, 11.3)]
    lower = [(x, 11.5) for x in (6.9, 8.1, 9.85, 11.0, 12.3)]
    places = [(4.5, TOILET_Y), *upper, *lower]
    return tuple(Terminal("В2", _toilet_room(x), "АД-100", (x, y), 50) for x, y in places)


def _toilet_room(x: float) -> str:
    return next(room for limit, room in ((6, "211"), (9, "212"), (11.8, "213"), (13.2, "214")) if x < limit)


TOILET_Y = 12.4
TOILET_TERMINALS = _toilet_terminals()
_TOILET_STATIONS = (12.75, 9.0, 6.2, 4.5)
_TOILET_BRANCHES = tuple(Branch(t.at[0], (), (t,)) for t in TOILET_TERMINALS)

SERVER_Y = 13.2
SERVER_TERMINALS = (
    Terminal("В21", "216", "РВ 400×200", (22.8, SERVER_Y), 300),
    Terminal("В21", "217", "РВ 200×100", (26.3, SERVER_Y), 100),
)
_SERVER_BRANCHES = tuple(Branch(t.at[0] + 0.01, (), (t,)) for t in SERVER_TERMINALS)


def _supply_runs() -> list[Run]:
    south = sum(b.flow_m3h for b in SOUTH_SUPPLY)
    north = sum(b.flow_m3h for b in NORTH_SUPPLY)
    size = parse_size("500×300")
    x = SUPPLY_RISE_X
    return [
        Run("П1", (41.3, 12.4), (x - 0.25, 12.4), parse_size("800×400"), south + north + 140, is_main=True),
        Run("П1", (x, 12.4), (x, SOUTH_SUPPLY_Y + 0.25), size, south + 140, is_main=True),
        Run("П1", (x, 12.4), (x, NORTH_SUPPLY_Y - 0.25), size, north, is_main=True),
        *main_line(
            "П1",
            SOUTH_SUPPLY_Y,
            (42.85, 30.6, 24.0, 16.2, 6.6, 0.9),
            ("500×300", "400×300", "400×250", "250×200", "200×150"),
            SOUTH_SUPPLY,
        ),
        *main_line("П1", SOUTH_SUPPLY_Y, (42.85, 47.1), ("250×150",), SOUTH_SUPPLY),
        *main_line(
            "П1",
            NORTH_SUPPLY_Y,
            (42.85, 31.6, 25.2, 16.2, 9.0, 2.9),
            ("500×300", "400×300", "400×250", "250×200", "200×150"),
            NORTH_SUPPLY,
        ),
        *main_line("П1", NORTH_SUPPLY_Y, (42.85, 45.1), ("200×150",), NORTH_SUPPLY),
    ]


def _exhaust_runs() -> list[Run]:
    south = sum(b.flow_m3h for b in SOUTH_EXHAUST)
    north = sum(b.flow_m3h for b in NORTH_EXHAUST)
    x = EXHAUST_RISE_X
    return [
        Run("В1", (x, 8.9), (x, SOUTH_EXHAUST_Y + 0.25), parse_size("600×400"), south, is_main=True),
        Run("В1", (x, 13.9), (x, NORTH_EXHAUST_Y - 0.2), parse_size("500×300"), north, is_main=True),
        *main_line(
            "В1",
            SOUTH_EXHAUST_Y,
            (35.8, 32.0, 28.0, 20.8, 18.8, 12.0, 4.6),
            ("500×300", "400×300", "400×250", "300×250", "250×200", "200×150"),
            SOUTH_EXHAUST,
        ),
        *main_line("В1", SOUTH_EXHAUST_Y, (35.8, 39.0, 42.85), ("400×250", "300×250"), SOUTH_EXHAUST),
        *main_line(
            "В1",
            NORTH_EXHAUST_Y,
            (35.8, 29.4, 21.2, 18.8, 11.6, 4.6),
            ("400×300", "400×250", "300×250", "250×200", "200×150"),
            NORTH_EXHAUST,
        ),
        *main_line("В1", NORTH_EXHAUST_Y, (35.8, 43.5), ("250×200",), NORTH_EXHAUST),
    ]


def _hall_runs() -> list[Run]:
    total = sum(t.flow_m3h for t in HALL_TERMINALS)
    size = parse_size("400×300")
    x = HALL_SUPPLY_X
    return [
        Run("П2", (40.3, 10.45), (x - 0.4, 10.45), size, total, is_main=True),
        Run("П2", (x, 10.05), (x, 3.4), size, total, is_main=True),
        *main_line("П2", 3.0, (x - 0.4, *_HALL_STATIONS[1:]), _HALL_SIZES, _HALL_BRANCHES),
    ]


def _toilet_runs() -> list[Run]:
    sizes = ("Ø200", "Ø160", "Ø100")
    stubs = [Run("В2", (t.at[0], TOILET_Y), t.at, Size(100), 50) for t in TOILET_TERMINALS[1:]]
    riser = Run("В2", (12.75, 13.8), (12.75, TOILET_Y + 0.2), Size(200), 600, is_main=True)
    return [*stubs, riser, *main_line("В2", TOILET_Y, (12.55, *_TOILET_STATIONS[1:]), sizes, _TOILET_BRANCHES)]


def _server_runs() -> list[Run]:
    riser = Run("В21", (20.95, 14.0), (20.95, SERVER_Y + 0.2), Size(200), 400, is_main=True)
    return [riser, *main_line("В21", SERVER_Y, (21.15, 23.2, 26.3), ("Ø200", "Ø125"), _SERVER_BRANCHES)]


_BRANCHES = (*SOUTH_SUPPLY, *NORTH_SUPPLY, PLANT_ROOM_SUPPLY, *SOUTH_EXHAUST, *NORTH_EXHAUST)

RUNS: tuple[Run, ...] = (
    *(run for b in _BRANCHES for run in b.runs),
    *_supply_runs(),
    *_exhaust_runs(),
    *_hall_runs(),
    *_toilet_runs(),
    *_server_runs(),
)
# Each branch that leaves a corridor main has a balancing damper.
BALANCED_STEMS: tuple[Run, ...] = tuple(
    b.runs[0] for b in (*SOUTH_SUPPLY, *NORTH_SUPPLY, *SOUTH_EXHAUST, *NORTH_EXHAUST) if b.runs
)
TERMINALS: tuple[Terminal, ...] = (
    *(t for b in _BRANCHES for t in b.terminals),
    PLANT_ROOM_EXHAUST,
    *HALL_TERMINALS,
    *TOILET_TERMINALS,
    *SERVER_TERMINALS,
)
FIRE_DAMPERS: tuple[FireDamper, ...] = (
    FireDamper("П1", (SUPPLY_RISE_X, 8.4), Size(500, 300)),
    FireDamper("П1", (SUPPLY_RISE_X, 14.4), Size(500, 300)),
    FireDamper("П1", (18.9, 8.4), Size(200)),
    FireDamper("П1", (23.3, 8.4), Size(200)),
    FireDamper("П1", (27.0, 8.4), Size(125)),
    FireDamper("П1", (31.2, 8.4), Size(160)),
    FireDamper("П2", (HALL_SUPPLY_X, 8.4), Size(400, 300)),
    FireDamper("В1", (EXHAUST_RISE_X, 8.4), Size(600, 400)),
    FireDamper("В1", (EXHAUST_RISE_X, 14.4), Size(500, 300)),
    FireDamper("В1", (29.6, 8.4), Size(160)),
    FireDamper("В21", (24.0, SERVER_Y), Size(125), is_horizontal=True),
)


def room_flow(system_prefix: str, room: str) -> dict[str, int]:
    """Flow per system in m³/h for one room, of the systems whose name starts with П or В."""
    flows: dict[str, int] = {}
    for t in TERMINALS:
        if t.room == room and t.system.startswith(system_prefix):
            flows[t.system] = flows.get(t.system, 0) + t.flow_m3h
    return flows


def system_flow(system: str) -> int:
    return sum(t.flow_m3h for t in TERMINALS if t.system == system)
