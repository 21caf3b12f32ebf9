"""The trained static word vectors of wordllama (MIT), which stand in its wheel: no network, no accelerator.

A text is the mean of its tokens' vectors, as `WordLlama.embed` has it. Its own loader is not used: it looks for the
tokenizer under a name that the wheel lacks and then asks the network (0.4.0.post1), and it would bring ten packages
more. Trained on English, on a vocabulary that spells Russian in pieces: it says something of what a trained model
gains in English, little in Russian, and nothing across languages.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

try:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer
except ImportError:
    load_file = Tokenizer = None

NAME = "wordllama"
DIMENSIONS = 256
_WEIGHTS, _TOKENS = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"


def trained_folder() -> Path | None:
    """Where the wheel is installed; null when it or what reads its files is not (`make bench` installs them)."""
    spec = find_spec(NAME)
    if spec is None or not spec.submodule_search_locations or Tokenizer is None:
        return None
    return Path(spec.submodule_search_locations[0])


class TrainedVectors:
    """`embed` is what `tests.loopback.embedding_server` serves."""

    def __init__(self, folder: Path) -> None:
        (self._vectors,) = load_file(folder / _WEIGHTS).values()
        self._tokenizer = Tokenizer.from_file(str(folder / _TOKENS))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return self.rows(texts).tolist()

    def rows(self, texts: Sequence[str]) -> np.ndarray:
        """One row of length 1 for each text; of a text without tokens a direction of no meaning."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        rows = np.stack([self._mean(one.ids) for one in encoded])
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def _mean(self, tokens: Sequence[int]) -> np.ndarray:
        return self._vectors[tokens].mean(axis=0, dtype=np.float32) if tokens else _EMPTY


_EMPTY = np.full(DIMENSIONS, 1.0, dtype=np.float32)
