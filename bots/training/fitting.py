"""Softmax regression over TF-IDF features, fitted with numpy alone: mini-batches, Adam, weight decay."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bots.features import masked, pieces
from bots.model import Model, weighed

MOST_FEATURES = 14_000
RARER_THAN = 3  # a piece in fewer sentences than this teaches nothing
ROUNDS = 8
BATCH = 256
SPEED = 0.02
DECAY = 1e-5
SMOOTHING = 0.05

Row = tuple[NDArray[np.intp], NDArray[np.float32]]


def fit(examples: Sequence[tuple[str, str]], *, seed: int, sources: str = "") -> Model:
    """Learn from (plain text, intent); the same examples and seed give the same model on one machine."""
    intents = tuple(sorted({intent for _, intent in examples}))
    texts = [masked(text) for text, _ in examples]
    vocabulary, rarity = _features(texts)
    rows = [weighed(text, vocabulary, rarity) for text in texts]
    truth = np.array([intents.index(intent) for _, intent in examples])
    weights, bias = _descend(rows, truth, (len(vocabulary), len(intents)), np.random.default_rng(seed))
    return Model(intents, vocabulary, rarity, weights, bias, sources)


def _features(texts: Sequence[str]) -> tuple[dict[str, int], NDArray[np.float32]]:
    """The commonest pieces and their rarity: the logarithm of one over the share of texts that hold them."""
    holding = Counter(piece for text in texts for piece in set(pieces(text)))
    kept = [(piece, count) for piece, count in holding.most_common(MOST_FEATURES) if count >= RARER_THAN]
    counts = np.array([count for _, count in kept], dtype=np.float32)
    rarity = np.log((1 + len(texts)) / (1 + counts)) + 1
    return {piece: row for row, (piece, _) in enumerate(kept)}, rarity.astype(np.float32)


def _descend(
    rows: Sequence[Row], truth: NDArray[np.intp], shape: tuple[int, int], chance: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Adam on the cross-entropy, its step falling to nothing; targets are smoothed, so that doubt stays possible."""
    weights, bias = np.zeros(shape, np.float32), np.zeros(shape[1], np.float32)
    mean, square = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    dense = np.zeros((BATCH, shape[0]), np.float32)
    batches = -(-len(rows) // BATCH)
    step, steps = 0, ROUNDS * batches
    for _ in range(ROUNDS):
        order = chance.permutation(len(rows))
        for chosen in np.array_split(order, batches):
            step += 1
            held = dense[: len(chosen)]
            held.fill(0)
            for line, row in enumerate(chosen):
                held[line, rows[row][0]] = rows[row][1]
            error = _error(held @ weights + bias, truth[chosen])
            slope = held.T @ error + DECAY * weights
            mean += 0.1 * (slope - mean)
            square += 0.01 * (slope * slope - square)
            speed = SPEED * (1 - (step - 1) / steps)
            weights -= speed / (1 - 0.9**step) * mean / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
            bias -= 0.1 * speed * error.sum(axis=0)
    return weights, bias


def _error(scores: NDArray[np.float32], truth: NDArray[np.intp]) -> NDArray[np.float32]:
    """Probabilities minus what should have been said, averaged over the batch."""
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    likely -= SMOOTHING / scores.shape[1]
    likely[np.arange(len(truth)), truth] -= 1 - SMOOTHING
    error: NDArray[np.float32] = (likely / len(truth)).astype(np.float32)
    return error
