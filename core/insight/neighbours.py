"""Which rows of an embedding lie near each other, and the plane in which most of their spread can be seen.

The rows are those of `wte` (what a token is) or of `wpe` (where it stands); C numbers each. A picture has two
dimensions, so it says how much of the spread it shows, and who is near whom is told in all C (`nearest`).

One plane serves a whole run: then only the points move. It is that of its last snapshot, not of all snapshots together:
what was learned is spread along its axes, so one sees it come to be; of the random start, which is alike in all
directions, any plane shows about 2 / C. Fitted to all, the plane would depend on how many snapshots were made when.
Each snapshot is centred on its own mean, so that a drift which all rows share moves no point.

Left out on purpose: pictures that bend space (t-SNE, UMAP), where distances between groups mean nothing; any drawing.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Plane:
    """The first two principal components of an embedding's rows."""

    axes: Tensor  # (2, C), in fp64: orthonormal; zero where there is no second direction, or none at all
    explained: tuple[float, float]  # the share of the rows' variance along each

    def show(self, rows: Tensor) -> tuple[Tensor, float]:
        """Return where rows (N, C) stand in the plane, (N, 2), and the share of their variance that is seen there."""
        centred = _centred(rows)
        points = centred @ self.axes.T
        whole = float(centred.square().sum())
        return points, float(points.square().sum()) / whole if whole else 0.0


def plane_of(rows: Tensor) -> Plane:
    """Find the plane that shows most of the variance of rows (N, C): principal components (Pearson, 1901), by SVD.

    An axis could as well point the other way; here its largest number is positive, so that the same rows always give
    the same picture.
    """
    _, spread, directions = torch.linalg.svd(_centred(rows), full_matrices=False)  # (min(N, C),), (min(N, C), C)
    axes, shares = rows.new_zeros(2, rows.shape[1], dtype=torch.float64), [0.0, 0.0]
    whole = float(spread.square().sum())
    for i in range(min(2, len(spread))):
        if spread[i] > 1e-12 * max(1.0, float(spread[0])):  # else rows all alike, or on one line
            axes[i] = directions[i] * directions[i][directions[i].abs().argmax()].sign()
            shares[i] = float(spread[i].square()) / whole
    return Plane(axes, (shares[0], shares[1]))


def nearest(rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return for each of rows (N, C) the places (N, k) of those that point most nearly its way, and their cosines.

    Not itself, so k is at most N - 1. A row of zeros points nowhere: its cosines are 0.
    """
    directions = F.normalize(rows.double(), dim=1)
    cosines = directions @ directions.T
    cosines.fill_diagonal_(-torch.inf)
    best = cosines.topk(min(k, len(rows) - 1))
    return best.indices, best.values


def kept_company(first: Tensor, alike: Tensor) -> tuple[float, float]:
    """Return how many rows have one of their own kind as nearest, as a share, and what chance would give.

    first: (N,), the place of each one's nearest row; alike: (N, N), whether two rows are of a kind.
    """
    N = len(first)
    others = alike.sum() - alike.diagonal().sum()
    found = alike[torch.arange(N), first].double().mean()
    return float(found), float(others) / (N * (N - 1))


def _centred(rows: Tensor) -> Tensor:
    rows = rows.double()
    return rows - rows.mean(0)
