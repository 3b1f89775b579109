#!/usr/bin/env python3
"""Writes the golden files of the losses: what PyTorch computes in float64.

    pip install torch==2.13.0
    python3 src/test/golden/losses.py [FOLDER]

FOLDER is src/test/resources/golden unless another one is named. A loss has a line in LOSSES for each choice of
hyperparameters: the file's name before the number of classes; the loss as Losses.parse of the library reads it; and the
mean over rows as an expression of torch, which is evaluated, and stands in the header of the file. In it x are the
scores [rows, classes], y the labels [rows], and margins(x, y) the margins of the classes that are not the label.

Each row of a file is a score, the derivative of the mean with respect to it, and, where there is a second derivative,
a direction and the Hessian times that direction.
"""

import pathlib
import sys

import torch
import torch.nn.functional as F

TORCH = "2.13.0"

# Classes, and rows of them.
SHAPES = [(2, 5), (10, 5), (33, 5), (1025, 2)]

LOSSES = [
    ("softmax_cross_entropy", "softmax", "F.cross_entropy(x, y)"),
    (
        "softmax_cross_entropy_smoothed",
        "softmax:smoothing=0.1",
        "F.cross_entropy(x, y, label_smoothing=0.1)",
    ),
    ("multiclass_hinge", "hinge", "margins(x, y).sum() / len(y)"),
    ("squared_hinge", "squared-hinge", "margins(x, y).square().sum() / len(y)"),
    ("smooth_hinge", "smooth-hinge", "smooth(margins(x, y), beta=2) / len(y)"),
    ("smooth_hinge_narrow", "smooth-hinge:width=0.7", "smooth(margins(x, y), beta=0.7) / len(y)"),
]

# Those that have no second derivative worth the name.
FIRST_ORDER = {"hinge"}


def margins(x, y):
    """max(0, x_j - x_y + 1) of the classes j that are not the label, one after the other."""
    others = F.one_hot(y, x.shape[1]) == 0
    return (x - x.gather(1, y[:, None]) + 1)[others].clamp(min=0)


def smooth(m, beta):
    """m^2 / (2*beta) below beta, m - beta/2 from there on, summed."""
    return F.smooth_l1_loss(m, torch.zeros_like(m), beta=beta, reduction="sum")


def lines(ours, recipe, classes, rows):
    random = torch.Generator().manual_seed(classes)
    draw = lambda: torch.randn(rows, classes, dtype=torch.float64, generator=random)
    x = (4 * draw()).requires_grad_()
    y = torch.randint(classes, (rows,), generator=random)
    u = draw()
    loss = eval(recipe, globals(), {"x": x, "y": y})
    second = ours.split(":")[0] not in FIRST_ORDER
    (gradient,) = torch.autograd.grad(loss, x, create_graph=second)
    columns = [x, gradient]
    if second:
        (product,) = torch.autograd.grad(gradient, x, u)
        columns += [u, product]
    yield f"# torch {torch.__version__} {recipe}; loss={loss.item()!r}; labels={y.tolist()}"
    yield f"# thalweg {ours}"
    yield "row,class,score,dloss_dscore" + (",direction,hessian_times_direction" if second else "")
    for row in range(rows):
        for j in range(classes):
            yield ",".join([str(row), str(j)] + [repr(column[row, j].item()) for column in columns])


def main():
    assert torch.__version__.split("+")[0] == TORCH, f"torch {TORCH} is needed, not {torch.__version__}"
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src/test/resources/golden")
    for name, ours, recipe in LOSSES:
        for classes, rows in SHAPES:
            text = "\n".join(lines(ours, recipe, classes, rows)) + "\n"
            (folder / f"{name}_{classes}.csv").write_text(text)


if __name__ == "__main__":
    main()
