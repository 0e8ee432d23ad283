"""Fits the iris model that the servers serve: `make_iris.py FILE`, in the server's environment.

The measures are those that scikit-learn brings; setosa is 0, versicolor 1, virginica 2.
"""

import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

STEPS_MAX = 500


def make(path: str) -> None:
    measures, classes = load_iris(return_X_y=True)
    joblib.dump(LogisticRegression(max_iter=STEPS_MAX).fit(measures, classes), path)


if __name__ == "__main__":
    make(sys.argv[1])
