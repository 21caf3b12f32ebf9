"""Who may see which document, as SQL conditions: own + granted, grants inherited down the project tree (DESIGN §11)."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased

from storage.tables.documents import DocumentRow, TreeNodeRow
from storage.tables.users import GrantRow


def visible_to(user_id: UUID, document: Any = DocumentRow, *, access: str = "read") -> ColumnElement[bool]:
    """True for documents that the user owns or that were granted to the user or everyone, directly or by a node above.

    `document` is the entity or an alias of it. `access` write is needed to change or delete.
    """
    granted_to = [or_(GrantRow.user_id == user_id, GrantRow.user_id.is_(None))]
    if access == "write":
        granted_to.append(GrantRow.access == "write")
    above = (
        select(TreeNodeRow.id, TreeNodeRow.parent_id)
        .where(TreeNodeRow.id == document.node_id)
        .correlate(document)
        .cte("above", recursive=True, nesting=True)
    )
    parent = aliased(TreeNodeRow)
    above = above.union(select(parent.id, parent.parent_id).where(parent.id == above.c.parent_id))
    return or_(
        document.owner_id == user_id,
        exists().where(GrantRow.document_id == document.id, *granted_to).correlate(document),
        exists(select(1).select_from(above).join(GrantRow, GrantRow.node_id == above.c.id).where(*granted_to)),
    )


def newest_for(user_id: UUID) -> ColumnElement[bool]:
    """True for documents that no readable newer one of those that the user may see supersedes."""
    newer = aliased(DocumentRow)
    return ~exists().where(
        newer.supersedes_id == DocumentRow.id,
        newer.deleted_at.is_(None),
        newer.status == "ready",
        visible_to(user_id, newer),
    )
