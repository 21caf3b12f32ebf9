"""What the offline reader quotes."""

import msgspec


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a block in its own words. `order` counts within the block. A row has `cells` under `headers`, and in
    `carried`, for its empty cells, what a merged cell above says for them too. `clause` is the number a clause begins
    with, such as 5.3.2 or V.1.1, `under` the number of the clause it belongs to. `means` are words that it stands for.

    A label (heading, lead-in of a list, title or headers of a table) says what others are about; `around` are the
    labels that a passage stands under. `is_stamp`: a label of a title block with its value, in `cells`;
    `is_pair`: a line that says all there is."""

    text: str
    order: int
    cells: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    around: str = ""
    means: str = ""
    clause: str | None = None
    is_label: bool = False
    is_item: bool = False
    is_pair: bool = False
    is_stamp: bool = False
    under: str | None = None

    @property
    def shown(self) -> tuple[str, ...]:
        """The cells, with what is carried into the empty ones."""
        return (
            tuple(cell or over for cell, over in zip(self.cells, self.carried, strict=True))
            if self.carried
            else self.cells
        )
