"""Latent semantic analysis (Deerwester 1990) as an embedding model: the best that numpy gives without downloads.

It learns from the texts it is to embed, knows no word that they lack and no other language, so it is a floor: it tells
what vectors must not spoil, not what a trained model gains. EMBEDDINGS in the environment measures a real one instead.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from storage.terms import count_terms

DIMENSIONS = 256
ROUNDS = 2
"""Of the randomised decomposition (Halko 2011): enough for a spectrum that falls off."""


class PlainVectors:
    """`embed` is what `tests.loopback.embedding_server` serves."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [count_terms(text) for text in texts]
        frequency = Counter(term for one in counts for term in one)
        known = [term for term, count in frequency.items() if 2 <= count <= len(texts) / 2]
        self._numbers = {term: number for number, term in enumerate(known)}
        self._weights = np.array([math.log(len(texts) / frequency[term]) for term in known], dtype=np.float32)
        rows = np.stack([self._row(one) for one in counts])
        self._axes = _axes(rows, min(DIMENSIONS, *rows.shape))

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        vectors = np.stack([self._row(count_terms(text)) for text in texts]) @ self._axes
        padded = np.full((len(texts), DIMENSIONS), 1e-6, dtype=np.float32)
        padded[:, : vectors.shape[1]] += vectors
        return padded.tolist()

    def _row(self, counts: Counter[str]) -> np.ndarray:
        row = np.zeros(len(self._numbers), dtype=np.float32)
        for term, count in counts.items():
            if (number := self._numbers.get(term)) is not None:
                row[number] = (1 + math.log(count)) * self._weights[number]
        return row / max(float(np.linalg.norm(row)), 1e-9)


def _axes(rows: np.ndarray, count: int) -> np.ndarray:
    """The first right singular vectors as columns."""
    drawn = np.random.default_rng(1).standard_normal((rows.shape[1], min(count + 10, *rows.shape)), dtype=np.float32)
    basis = np.linalg.qr(rows.T @ (rows @ drawn))[0]
    for _ in range(ROUNDS):
        basis = np.linalg.qr(rows.T @ (rows @ basis))[0]
    _, _, turned = np.linalg.svd(rows @ basis, full_matrices=False)
    return (basis @ turned.T)[:, :count]
