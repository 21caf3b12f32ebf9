"""Which files of an import belong together."""

import pytest

from domain.imports import Parts, group_parts, part_of, path_of_field, path_of_title


def grouped(*paths: str) -> tuple[list[Parts], list[str]]:
    parts = [part_of(path) for path in paths]
    return group_parts([part for part in parts if part is not None])


def test_parts_of_several_documents_are_told_apart_by_their_names():
    documents, left = grouped("A_document.md", "B_document.md", "A_blocks.json", "B_blocks.json", "B_ocr.html", "A.pdf")

    assert left == []
    assert [(document.name, sorted(document.files)) for document in documents] == [
        ("A", ["blocks", "document", "pdf"]),
        ("B", ["blocks", "document", "html"]),
    ]


def test_a_folder_of_one_document_holds_its_parts_of_any_name():
    documents, left = grouped(
        "tree_docs/1/План_document.md",
        "tree_docs/1/ocr.html",
        "tree_docs/1/annotation.json",
        "tree_docs/1/Исходник изм.1.pdf",
        "tree_docs/1/crops/AAAA-BBBB-CCC.pdf",
        "tree_docs/2/Разрез_document.md",
        "tree_docs/2/crops/AAAA-BBBB-CCC.png",
    )

    assert left == []
    first, second = documents
    assert sorted(first.files) == ["annotation", "document", "html", "pdf"]
    assert first.crops == {"AAAA-BBBB-CCC": "tree_docs/1/crops/AAAA-BBBB-CCC.pdf"}
    assert (second.name, second.crops) == ("Разрез", {"AAAA-BBBB-CCC": "tree_docs/2/crops/AAAA-BBBB-CCC.png"})


def test_what_belongs_to_no_document_is_named():
    documents, left = grouped("A_document.md", "B_document.md", "C_blocks.json", "crops/AAAA-BBBB-CCC.pdf")

    assert [document.name for document in documents] == ["A", "B"]
    assert left == ["C_blocks.json", "crops/AAAA-BBBB-CCC.pdf"]


def test_fields_of_a_form_tell_what_a_file_is_whatever_its_name():
    parts = [part_of("План.md", "document"), part_of("b.json", "blocks"), part_of("x.pdf", "crop")]

    (document,), left = group_parts([part for part in parts if part is not None])

    assert (document.name, sorted(document.files), document.crops) == (
        "План",
        ["blocks", "document"],
        {"X": "crop:x.pdf"},
    )
    assert left == []


@pytest.mark.parametrize(
    "path", ["__MACOSX/A_document.md", ".DS_Store", "a/.git/A_document.md", "readme.txt", "A_result.zip"]
)
def test_other_files_are_no_parts(path: str):
    assert part_of(path) is None


def test_a_path_may_hold_slashes_inside_of_names():
    assert path_of_field("КИНГ / АР / 133/23-ГК-АР4") == ["КИНГ", "АР", "133/23-ГК-АР4"]
    assert path_of_field("КИНГ/АР//") == ["КИНГ", "АР"]
    assert path_of_title("# КИНГ / АР / 133/23-ГК-АР4 / a.pdf") == ["КИНГ", "АР", "133/23-ГК-АР4"]
    assert path_of_title("Сгенерировано: 2026 / 01") == []
