"""Which blobs are pictures that may be shown by a signed address: uploaded files never are."""

from storage.direct import Direct

SHOWN_TYPES = ["image/png", "image/jpeg", "image/webp"]
"""What browsers show and what cannot carry a script, as SVG can."""


async def picture_type(database: Direct, digest: str) -> str | None:
    """The mime type of a render, a piece of evidence or a crop; null when the digest is none of them (any more)."""
    row = await database.first(_TYPE, digest, SHOWN_TYPES)
    return None if row is None else row["mime_type"]


_TYPE = """
select mime_type from renders where digest = $1 and state = 'ready' and mime_type = any($2)
union all
select mime_type from evidence where digest = $1 and mime_type = any($2)
union all
select mime_type from document_files where sha256 = $1 and file_type = 'crop' and mime_type = any($2)
limit 1
"""
