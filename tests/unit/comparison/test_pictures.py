"""Two pictures of one sheet laid on each other."""

import cv2
import numpy as np
import pytest

from domain.errors import DocumentDamaged
from domain.revisions.types import ChangeKind
from workers.rendering.comparing import compare_pictures

PX_PER_MM = 6.0


def sheet(*, circle: bool = False, cross: bool = False, turn: float = 0.0, shift: tuple[int, int] = (0, 0)) -> bytes:
    picture = np.full((900, 1300), 255, np.uint8)
    cv2.rectangle(picture, (60, 60), (1240, 840), 0, 3)
    for x in range(150, 1200, 130):
        cv2.line(picture, (x, 60), (x, 840), 90, 2)
    cv2.putText(picture, "PLAN 1200", (300, 700), cv2.FONT_HERSHEY_SIMPLEX, 2, 0, 3)
    if circle:
        cv2.circle(picture, (500, 300), 30, 0, 3)
    if cross:
        cv2.line(picture, (950, 400), (1000, 450), 0, 3)
    matrix = cv2.getRotationMatrix2D((650, 450), turn, 1)
    matrix[:, 2] += shift
    picture = cv2.warpAffine(picture, matrix, (1300, 900), borderValue=255)
    return cv2.imencode(".png", picture)[1].tobytes()


def test_equal_pictures_do_not_differ() -> None:
    assert compare_pictures(sheet(), sheet(), PX_PER_MM).regions == ()


def test_what_went_and_what_came_are_found_at_their_places() -> None:
    compared = compare_pictures(sheet(circle=True), sheet(cross=True), PX_PER_MM)

    by_kind = {region.kind: region for region in compared.regions}
    assert set(by_kind) == {ChangeKind.REMOVED, ChangeKind.ADDED}
    assert by_kind[ChangeKind.REMOVED].box_a == pytest.approx((468 / 1300, 268 / 900, 532 / 1300, 332 / 900), abs=0.006)
    assert by_kind[ChangeKind.ADDED].box_b == pytest.approx((950 / 1300, 400 / 900, 1000 / 1300, 450 / 900), abs=0.006)


def test_a_turn_and_a_shift_of_the_whole_sheet_are_no_change() -> None:
    compared = compare_pictures(sheet(), sheet(turn=0.6, shift=(14, -9)), PX_PER_MM)

    assert compared.regions == ()


def test_a_change_is_found_on_a_turned_sheet() -> None:
    (region,) = compare_pictures(sheet(), sheet(cross=True, turn=0.6, shift=(14, -9)), PX_PER_MM).regions

    assert region.kind is ChangeKind.ADDED


def test_the_overlay_is_a_picture_of_the_later_sheet_in_colours() -> None:
    compared = compare_pictures(sheet(circle=True), sheet(cross=True), PX_PER_MM)

    overlay = cv2.imdecode(np.frombuffer(compared.overlay, np.uint8), cv2.IMREAD_COLOR)
    assert overlay.shape == (900, 1300, 3)
    blue, _, red = (int(value) for value in overlay[425, 975])
    assert blue > red
    blue, _, red = (int(value) for value in overlay[270, 500])
    assert red > blue


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(DocumentDamaged):
        compare_pictures(b"no picture", sheet(), PX_PER_MM)


def test_the_overlay_of_drawn_pages_shows_changes_too_small_for_a_scan() -> None:
    later = cv2.imdecode(np.frombuffer(sheet(), np.uint8), cv2.IMREAD_GRAYSCALE)
    cv2.rectangle(later, (1000, 500), (1002, 502), 0, -1)

    compared = compare_pictures(sheet(), cv2.imencode(".png", later)[1].tobytes(), PX_PER_MM)

    blue, _, red = (
        int(value) for value in cv2.imdecode(np.frombuffer(compared.overlay, np.uint8), cv2.IMREAD_COLOR)[501, 1001]
    )
    assert compared.regions == ()
    assert blue > red + 100
