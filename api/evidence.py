"""Evidence pictures as clients get them: with an address that an `<img>` can follow."""

from typing import TypeVar

import msgspec

from api.pictures import picture_path
from api.settings import ApiSettings
from domain.events import Event, EventType

T = TypeVar("T")


def addressed(settings: ApiSettings, item: T) -> T:
    """An event that tells of a picture with the picture's `url`, made when it is sent: the log keeps no signature."""
    if not isinstance(item, Event) or item.type is not EventType.EVIDENCE_PICTURE:
        return item
    payload = {**item.payload, "url": picture_path(settings, str(item.payload.get("digest", "")))}
    return msgspec.structs.replace(item, payload=payload)
