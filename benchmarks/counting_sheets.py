"""Real vector sheets whose symbols were counted by hand, by looking at the rendered sheet part by part (2026-11-20)."""

import msgspec

Box = tuple[float, float, float, float]


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """`box` holds one of the symbols, in points of the page as seen; `count` is what a person counted."""

    file: str
    symbol: str
    box: Box
    count: int


_HEAT = "ru/Development-of-a-pressurized-water-modul__Тепловая схема.pdf"
_SIMULATOR = "ru/simulator__Схема электрическая принципиальная.pdf"
_CABINET = "ru/Skruber_Tehnoplast__2.Принципиальная схема.pdf"
_TERMINALS = "ru/Skruber_Tehnoplast__3.Клеммная колодка.pdf"
_MODULATOR = "ru/Impulse_Modulator__МГТУ.436421.001Э3.PDF"
_BOARD = "ru/Agro_robot_project__Схема Э3 А3x2.pdf"
_PLAN = "en/Lake_Kegonsa_Home__Lake_Kegonsa_Home_3 - Sheet_ A-102 - Second & Third Floor Plan.pdf"
_PROCESS = "en/Energy-efficient-water-control__P&ID.pdf"

COUNTED = (
    Counted(file=_HEAT, symbol="regenerative heater", box=(788, 1100, 872, 1250), count=6),
    Counted(file=_HEAT, symbol="pump", box=(1215, 1157, 1279, 1221), count=2),
    Counted(file=_SIMULATOR, symbol="light-emitting side of an optocoupler", box=(819, 520, 847, 558), count=7),
    Counted(file=_SIMULATOR, symbol="transistor with resistors in a frame", box=(744, 545, 793, 585), count=6),
    Counted(file=_SIMULATOR, symbol="switching side of an optocoupler", box=(936, 94, 963, 111), count=7),
    Counted(file=_SIMULATOR, symbol="operational amplifier", box=(721, 210, 763, 252), count=3),
    Counted(file=_CABINET, symbol="signal lamp", box=(313, 101, 325, 113), count=5),
    Counted(file=_CABINET, symbol="motor", box=(395, 132, 426, 162), count=3),
    Counted(file=_CABINET, symbol="coil", box=(731, 146, 744, 167), count=5),
    Counted(file=_CABINET, symbol="thermal relay, three poles", box=(174, 119, 185, 176), count=3),
    Counted(file=_TERMINALS, symbol="screw of a terminal", box=(79, 215, 91, 228), count=78),
    Counted(file=_TERMINALS, symbol="signal lamp", box=(404, 403, 417, 416), count=5),
    Counted(file=_MODULATOR, symbol="resistor with two slashes", box=(683, 270, 698, 302), count=4),
    Counted(file=_MODULATOR, symbol="resistor with two bars", box=(825, 341, 839, 372), count=2),
    Counted(file=_BOARD, symbol="connector of two pins", box=(156, 423, 173, 453), count=8),
    Counted(file=_PLAN, symbol="bubble of a grid line", box=(329, 19, 346, 35), count=36),
    Counted(file=_PROCESS, symbol="stream number in a diamond", box=(373, 165, 384, 175), count=9),
)
