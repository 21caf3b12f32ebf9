"""The project tree: nodes that a user may see, paths made on import, and the files of prepared documents."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import DocumentFile, TreeNode
from domain.errors import NotFound
from domain.ids import new_id
from storage.tables.documents import DocumentFileRow, DocumentRow, TreeNodeRow
from storage.visibility import nodes_visible_to

NODE_TYPES = ("project", "section", "stage", "task")
"""Of a path from its first name on; deeper ones are `task_folder`."""

DOCUMENT = "document"


class NodeRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, node_id: UUID, *, user_id: UUID, access: str = "read") -> TreeNode:
        """Raises NotFound for missing and invisible nodes alike."""
        visible = nodes_visible_to(user_id, access=access)
        row = await self._session.scalar(select(TreeNodeRow).where(TreeNodeRow.id == node_id, visible))
        if row is None:
            raise NotFound(f"node {node_id}")
        return _node_of(row)

    async def tree(
        self,
        user_id: UUID,
        *,
        parent_id: UUID | None = None,
        all_nodes: bool = False,
        node_type: str | None = None,
        client_id: str | None = None,
    ) -> list[TreeNode]:
        """Nodes below `parent_id`, or those whose parent the user may not see; all with `all_nodes`. Nodes without a
        client belong to every client."""
        visible = nodes_visible_to(user_id)
        query = select(TreeNodeRow).where(visible)
        if node_type is not None:
            query = query.where(TreeNodeRow.node_type == node_type)
        if client_id is not None:
            query = query.where(or_(TreeNodeRow.client_id == client_id, TreeNodeRow.client_id.is_(None)))
        if parent_id is not None:
            query = query.where(TreeNodeRow.parent_id == parent_id)
        rows = list(
            await self._session.scalars(query.order_by(TreeNodeRow.sort_order, TreeNodeRow.name, TreeNodeRow.id))
        )
        if parent_id is None and not all_nodes and node_type is None:
            parents = select(TreeNodeRow.id).where(
                TreeNodeRow.id.in_({row.parent_id for row in rows if row.parent_id}), visible
            )
            seen = set(await self._session.scalars(parents))
            rows = [row for row in rows if row.parent_id not in seen]
        return [_node_of(row) for row in rows]

    async def search(self, user_id: UUID, words: str, *, client_id: str | None, limit: int) -> list[TreeNode]:
        """Nodes whose name or code has the text in any case, shorter names first."""
        matches = or_(
            TreeNodeRow.name.icontains(words, autoescape=True), TreeNodeRow.code.icontains(words, autoescape=True)
        )
        query = select(TreeNodeRow).where(nodes_visible_to(user_id), matches)
        if client_id is not None:
            query = query.where(or_(TreeNodeRow.client_id == client_id, TreeNodeRow.client_id.is_(None)))
        order = (func.length(TreeNodeRow.name), TreeNodeRow.name, TreeNodeRow.id)
        return [_node_of(row) for row in await self._session.scalars(query.order_by(*order).limit(limit))]

    async def ensure_path(
        self, user_id: UUID, names: Sequence[str], *, parent_id: UUID | None = None, client_id: str | None = None
    ) -> tuple[UUID, UUID | None]:
        """The last node of the path and the root if it was made now: its grants are the caller's to give.

        Nodes that the user may not change are not used; another one of the same name is made beside them.
        """
        await self._session.execute(text("select pg_advisory_xact_lock(hashtext('tree'))"))
        made_root: UUID | None = None
        for depth, name in enumerate(names):
            query = select(TreeNodeRow.id).where(TreeNodeRow.name == name, TreeNodeRow.node_type != DOCUMENT)
            if parent_id is None:
                query = query.where(TreeNodeRow.parent_id.is_(None), nodes_visible_to(user_id, access="write"))
            else:
                query = query.where(TreeNodeRow.parent_id == parent_id)
            node_id = await self._session.scalar(query.order_by(TreeNodeRow.id).limit(1))
            if node_id is None:
                node_id = new_id()
                kind = NODE_TYPES[depth] if depth < len(NODE_TYPES) else "task_folder"
                self._session.add(
                    TreeNodeRow(id=node_id, parent_id=parent_id, client_id=client_id, node_type=kind, name=name)
                )
                await self._session.flush()
                made_root = node_id if parent_id is None else made_root
            parent_id = node_id
        assert parent_id is not None, "a path has at least one name"
        return parent_id, made_root

    async def newest_documents(self, parent_ids: Sequence[UUID]) -> dict[tuple[UUID, str], tuple[UUID, int]]:
        """The newest document and its version below these nodes, by node and name."""
        query = (
            select(TreeNodeRow)
            .where(TreeNodeRow.parent_id.in_(parent_ids), TreeNodeRow.node_type == DOCUMENT)
            .order_by(TreeNodeRow.version)
        )
        rows = await self._session.scalars(query)
        return {(row.parent_id, row.name): (row.id, row.version) for row in rows if row.parent_id}

    async def add(self, nodes: Sequence[TreeNode]) -> None:
        self._session.add_all(
            TreeNodeRow(
                id=node.id,
                parent_id=node.parent_id,
                client_id=node.client_id,
                node_type=node.node_type,
                name=node.name,
                code=node.code,
                version=node.version,
                status=node.status,
                attributes=node.attributes,
                sort_order=node.sort_order,
            )
            for node in nodes
        )
        await self._session.flush()

    async def add_files(self, files: Sequence[DocumentFile]) -> None:
        self._session.add_all(
            DocumentFileRow(
                id=file.id,
                document_id=file.document_id,
                file_type=file.file_type,
                file_name=file.file_name,
                mime_type=file.mime_type,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
            )
            for file in files
        )
        await self._session.flush()

    async def files_of(self, document_ids: Sequence[UUID]) -> dict[UUID, list[DocumentFile]]:
        """By document, in the order of their types and names. The caller has checked that they may be seen."""
        query = select(DocumentFileRow).where(DocumentFileRow.document_id.in_(document_ids))
        query = query.order_by(
            DocumentFileRow.file_type == "crop", DocumentFileRow.file_type, DocumentFileRow.file_name
        )
        found: dict[UUID, list[DocumentFile]] = {}
        for row in await self._session.scalars(query):
            found.setdefault(row.document_id, []).append(file_of(row))
        return found

    async def retire(self, node_id: UUID) -> None:
        """A newer document stands in its place."""
        await self._session.execute(update(TreeNodeRow).where(TreeNodeRow.id == node_id).values(status="superseded"))

    async def jobs_of(self, document_ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
        """The jobs that read these documents."""
        rows = await self._session.execute(
            select(DocumentRow.id, DocumentRow.job_id).where(DocumentRow.id.in_(document_ids))
        )
        return {row.id: row.job_id for row in rows}


def file_of(row: DocumentFileRow) -> DocumentFile:
    return DocumentFile(
        id=row.id,
        document_id=row.document_id,
        file_type=row.file_type,
        file_name=row.file_name,
        mime_type=row.mime_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
    )


def _node_of(row: TreeNodeRow) -> TreeNode:
    return TreeNode(
        id=row.id,
        name=row.name,
        node_type=row.node_type,
        parent_id=row.parent_id,
        client_id=row.client_id,
        code=row.code,
        version=row.version,
        status=row.status,
        attributes=row.attributes,
        sort_order=row.sort_order,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
