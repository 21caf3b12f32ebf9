"""Who may see which document, as SQL conditions: own + granted, grants inherited down the project tree (DESIGN §11)."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased

from storage.tables.documents import DocumentRow, TreeNodeRow
from storage.tables.users import GrantRow


def visible_to(
    user_id: UUID | ColumnElement[UUID], document: Any = DocumentRow, *, access: str = "read"
) -> ColumnElement[bool]:
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
    """True for documents that no readable newer one of those that the user may see supersedes. One whose pages are
    still recognised is not yet in the place of the former."""
    newer = aliased(DocumentRow)
    return ~exists().where(
        newer.supersedes_id == DocumentRow.id,
        newer.deleted_at.is_(None),
        newer.status == "ready",
        newer.recognition_state != "pending",
        visible_to(user_id, newer),
    )


def nodes_visible_to(user_id: UUID, *, access: str = "read") -> ColumnElement[bool]:
    """True for tree nodes that were granted to the user or everyone, all below them, and nodes of visible documents.

    The granted nodes are walked downwards, once for a statement.
    """
    granted_to = [or_(GrantRow.user_id == user_id, GrantRow.user_id.is_(None)), GrantRow.node_id.is_not(None)]
    if access == "write":
        granted_to.append(GrantRow.access == "write")
    below = select(GrantRow.node_id.label("id")).where(*granted_to).cte("below", recursive=True, nesting=True)
    child = aliased(TreeNodeRow)
    below = below.union(select(child.id).where(child.parent_id == below.c.id))
    document = aliased(DocumentRow)
    own = select(document.node_id).where(
        document.node_id.is_not(None), document.deleted_at.is_(None), visible_to(user_id, document, access=access)
    )
    return or_(TreeNodeRow.id.in_(select(below.c.id)), TreeNodeRow.id.in_(own))
