#!/usr/bin/env python3
"""Writes the optima of linear probes: what scikit-learn computes in float64.

    pip install scikit-learn==1.9.1
    python3 src/test/golden/probes.py [FILE]

FILE is src/test/resources/probes/optima.csv unless another one is named. Each line is the optimum of
LogisticRegression on all rows of a data set in the jar, digits divided by 16, for one C: the mean of the losses, and
the objective C * (sum of losses) + 1/2 |w|^2, divided by C * rows. Of two classes: versicolor and virginica.
Standardised rows are those of StandardScaler, which leaves constant features undivided.
"""

import csv
import gzip
import pathlib
import sys

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

SKLEARN = "1.9.1"
ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "src/main/resources/org/thalweg/data"
STANDARDISED = " standardised"
CS = {
    "iris": [1e-3, 1.0, 100.0],
    "digits": [1e-3, 1.0, 100.0],
    "two irises": [1e-2, 1.0, 10.0],
    "digits" + STANDARDISED: [1e-3, 1e-2, 1.0],
    "two irises" + STANDARDISED: [1e-2, 1.0, 10.0],
}


def rows(name):
    if name.endswith(STANDARDISED):
        x, y = rows(name.removesuffix(STANDARDISED))
        return StandardScaler().fit_transform(x), y
    if name == "digits":
        with gzip.open(DATA / "digits.csv.gz", "rt") as file:
            table = numpy.loadtxt(file, delimiter=",")
        return table[:, :-1] / 16, table[:, -1].astype(int)
    with open(DATA / "iris.csv") as file:
        table = list(csv.reader(file))[1:]
    x = numpy.array([[float(cell) for cell in row[:-1]] for row in table])
    names = [row[-1] for row in table]
    y = numpy.array([sorted(set(names)).index(one) for one in names])
    return (x[y > 0], y[y > 0] - 1) if name == "two irises" else (x, y)


def optimum(x, y, c):
    best = None
    for solver in ["newton-cg", "lbfgs"]:
        model = LogisticRegression(C=c, solver=solver, tol=1e-12, max_iter=100_000).fit(x, y)
        loss = log_loss(y, model.predict_proba(x))
        objective = loss + (model.coef_**2).sum() / (2 * c * len(y))
        if best is None or objective < best[1]:
            best = loss, objective
    return best


def main():
    if sklearn.__version__ != SKLEARN:
        sys.exit(f"needs scikit-learn {SKLEARN}, not {sklearn.__version__}")
    file = pathlib.Path(sys.argv[1]) if sys.argv[1:] else ROOT / "src/test/resources/probes/optima.csv"
    file.parent.mkdir(exist_ok=True)
    lines = [f"# scikit-learn {SKLEARN}, LogisticRegression, by src/test/golden/probes.py", "data,c,loss,objective"]
    for name, cs in CS.items():
        for c in cs:
            loss, objective = optimum(*rows(name), c)
            lines.append(f"{name},{c},{loss!r},{objective!r}".replace("np.float64(", "").replace(")", ""))
    file.write_text("\n".join(lines) + "\n")


main()
