#!/usr/bin/env python3
"""Writes the optima of linear probes: what scikit-learn computes in float64.

    pip install scikit-learn==1.9.1
    python3 src/test/golden/probes.py [FILE]

FILE is src/test/resources/probes/optima.csv unless another one is named. Each line is the optimum of
LogisticRegression on all rows of a data set for one C: the mean of the losses, and the objective
C * (sum of losses) + 1/2 |w|^2, divided by C * rows. The data sets are those in the jar, digits divided by 16, and
sparse.svm beside FILE, which is written too: 300 rows of 200 features, of which 3 % are not 0, and 3 classes. Of
two classes: versicolor and virginica. Standardised rows are those of StandardScaler, which leaves constant features
undivided. A weighted row counts (1 + s mod 3) * (1 + its class) / mean, where s is 160 times the sum of its features.
"""

import csv
import gzip
import pathlib
import sys

import numpy
import sklearn
from sklearn.datasets import dump_svmlight_file, load_svmlight_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

SKLEARN = "1.9.1"
ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "src/main/resources/org/thalweg/data"
STANDARDISED = " standardised"
WEIGHTED = " weighted"
CS = {
    "iris": [1e-3, 1.0, 100.0],
    "digits": [1e-3, 1.0, 100.0],
    "two irises": [1e-2, 1.0, 10.0],
    "digits" + STANDARDISED: [1e-3, 1e-2, 1.0],
    "two irises" + STANDARDISED: [1e-2, 1.0, 10.0],
    "digits" + WEIGHTED: [1e-3, 1e-2, 1.0],
    "two irises" + WEIGHTED: [1e-2, 1.0, 10.0],
    "sparse": [0.1, 1.0, 10.0],
}


def write_sparse(file):
    random = numpy.random.RandomState(1)
    x = numpy.where(random.rand(300, 200) < 0.03, random.randn(300, 200).round(3), 0)
    scores = 3 * x @ random.randn(200, 3) + random.gumbel(size=(300, 3))
    x[:, 199] = 0  # the last feature is 0 in all rows, and written in one
    dump_svmlight_file(x, scores.argmax(axis=1), str(file), zero_based=False)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0] + " 200:0"] + lines[1:]) + "\n")


def rows(name, folder):
    name = name.removesuffix(WEIGHTED)
    if name.endswith(STANDARDISED):
        x, y = rows(name.removesuffix(STANDARDISED), folder)
        return StandardScaler().fit_transform(x), y
    if name == "sparse":
        x, y = load_svmlight_file(str(folder / "sparse.svm"), zero_based=False)
        return x.toarray(), y.astype(int)
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


def weights(name, x, y):
    if not name.endswith(WEIGHTED):
        return None
    counts = (1 + numpy.rint(160 * x.sum(axis=1)) % 3) * (1 + y)
    return counts / counts.mean()


def optimum(x, y, c, weight):
    best = None
    for solver in ["newton-cg", "lbfgs"]:
        model = LogisticRegression(C=c, solver=solver, tol=1e-12, max_iter=100_000).fit(x, y, sample_weight=weight)
        loss = log_loss(y, model.predict_proba(x), sample_weight=weight)
        objective = loss + (model.coef_**2).sum() / (2 * c * len(y))
        if best is None or objective < best[1]:
            best = loss, objective
    return best


def main():
    if sklearn.__version__ != SKLEARN:
        sys.exit(f"needs scikit-learn {SKLEARN}, not {sklearn.__version__}")
    file = pathlib.Path(sys.argv[1]) if sys.argv[1:] else ROOT / "src/test/resources/probes/optima.csv"
    file.parent.mkdir(exist_ok=True)
    write_sparse(file.parent / "sparse.svm")
    lines = [f"# scikit-learn {SKLEARN}, LogisticRegression, by src/test/golden/probes.py", "data,c,loss,objective"]
    for name, cs in CS.items():
        for c in cs:
            x, y = rows(name, file.parent)
            loss, objective = optimum(x, y, c, weights(name, x, y))
            lines.append(f"{name},{c},{loss!r},{objective!r}".replace("np.float64(", "").replace(")", ""))
    file.write_text("\n".join(lines) + "\n")


main()
