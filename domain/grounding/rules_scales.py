"""How large units are: what one quantity told in two of them is compared by. Pure."""

from collections.abc import Mapping
from decimal import Decimal

_SCALES: Mapping[str, Mapping[str, str]] = {
    "length": {"um": "1e-6", "mm": "1e-3", "cm": "1e-2", "dm": "0.1", "m": "1", "km": "1e3", "in": "0.0254",
               "ft": "0.3048"},
    "area": {"mm2": "1e-6", "cm2": "1e-4", "m2": "1", "ha": "1e4", "km2": "1e6"},
    "volume": {"ml": "1e-6", "l": "1e-3", "m3": "1"},
    "flow": {"l/s": "3.6", "l/min": "0.06", "l/h": "0.001", "m3/h": "1", "m3/s": "3600"},
    "mass": {"mg": "1e-6", "gram": "1e-3", "kg": "1", "t": "1e3"},
    "force": {"N": "1", "kN": "1e3", "MN": "1e6"},
    "pressure": {"Pa": "1", "hPa": "1e2", "kPa": "1e3", "MPa": "1e6", "bar": "1e5", "mbar": "1e2"},
    "power": {"uW": "1e-6", "mW": "1e-3", "W": "1", "kW": "1e3", "MW": "1e6", "GW": "1e9"},
    "energy": {"Wh": "1", "kWh": "1e3", "MWh": "1e6"},
    "voltage": {"uV": "1e-6", "mV": "1e-3", "V": "1", "kV": "1e3"},
    "current": {"uA": "1e-6", "mA": "1e-3", "A": "1", "kA": "1e3"},
    "charge": {"mAh": "1e-3", "Ah": "1"},
    "resistance": {"mOhm": "1e-3", "Ohm": "1", "kOhm": "1e3", "MOhm": "1e6"},
    "capacity": {"pF": "1e-12", "nF": "1e-9", "uF": "1e-6"},
    "frequency": {"Hz": "1", "kHz": "1e3", "MHz": "1e6", "GHz": "1e9"},
    "time": {"ns": "1e-9", "us": "1e-6", "ms": "1e-3", "s": "1", "min": "60", "h": "3600", "day": "86400"},
}  # fmt: skip
_SCALE_OF = {unit: (name, Decimal(size)) for name, units in _SCALES.items() for unit, size in units.items()}


def scale_of(units: frozenset[str]) -> tuple[str, Decimal] | None:
    """The quantity that one unit measures and the unit's size in it: ("length", 0.001) for mm; null for others."""
    return _SCALE_OF.get(next(iter(units))) if len(units) == 1 else None
