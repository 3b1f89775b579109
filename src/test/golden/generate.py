#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.13.0", "optax==0.2.8", "jax==0.10.2"]
# ///
"""Computes the golden files of update rules, in binary64.

    pip install torch==2.13.0 optax==0.2.8 jax==0.10.2
    src/test/golden/generate.py src/test/resources/golden/adam.csv ..     writes them anew
    src/test/golden/generate.py --check src/test/resources/golden/*.csv   fails where a file would change

A file is its own recipe. Its first line says what computes it, one of

    # torch VERSION Adam {'lr': 0.01, 'betas': (0.8, 0.99)}       torch.optim.Adam(..)
    # optax VERSION lion {'learning_rate': 0.01, 'b1': 0.9}       optax.lion(..)
    # python v = mu*v + g; w -= lr*v {'lr': 0.01, 'mu': 0.9}      the formula itself, for a rule that neither has

In a formula w is the parameter, g its gradient, t the number of the update from 1; what else it assigns is state and
begins at 0; sqrt, abs, max, min, sign are known. The second line says the same rule in our words, the third names the
columns:

    # thalweg adam:lr=0.01,beta1=0.8,beta2=0.99
    step,index,gradient,parameter_after

More columns hold the rule's states after the update, in our order; each is named as the source names it (torch: the
key in the optimizer's state; python: the variable). Then come the rows: at step 0 the first parameters, at the others
a gradient and what the update makes of the parameter. A file that has no rows yet gets 17 parameters and 24 updates,
drawn by a generator whose seed is the file's name; where there are rows, their gradients and first parameters stay.
Files of losses, whose third line begins with "row,", are left alone: losses.py makes those.
"""

import ast
import math
import random
import re
import sys
from importlib.metadata import version
from pathlib import Path

VERSIONS = {"torch": "2.13.0", "optax": "0.2.8"}
ELEMENTS = 17
UPDATES = 24


def torch_steps(name, hyperparameters, states, first, gradients):
    """Yields [parameters, state, ..] after each update."""
    import torch

    torch.set_default_dtype(torch.float64)  # of what an optimizer keeps by itself, too: NAdam's product
    w = torch.tensor(first, requires_grad=True)
    optimizer = getattr(torch.optim, name)([w], **hyperparameters)
    for g in gradients:
        w.grad = torch.tensor(g)
        optimizer.step()
        yield [w.tolist()] + [optimizer.state[w][state].tolist() for state in states]


def optax_steps(name, hyperparameters, states, first, gradients):
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    assert not states, "optax names no states"
    optimizer = getattr(optax, name)(**hyperparameters)
    w = jax.numpy.array(first)
    state = optimizer.init(w)
    for g in gradients:
        updates, state = optimizer.update(jax.numpy.array(g), state, w)
        w = optax.apply_updates(w, updates)
        yield [w.tolist()]


def python_steps(formula, hyperparameters, states, first, gradients):
    code = compile(formula, "formula", "exec")
    names = {node.id for node in ast.walk(ast.parse(formula)) if isinstance(node, ast.Name)}
    known = {
        "__builtins__": {},
        "sqrt": math.sqrt,
        "abs": abs,
        "max": max,
        "min": min,
        "sign": lambda x: (x > 0) - (x < 0),
    }
    begins = dict.fromkeys(names - known.keys(), 0.0) | hyperparameters
    elements = [begins | {"w": w} for w in first]
    for t, g in enumerate(gradients, 1):
        for element, gradient in zip(elements, g):
            element.update(g=gradient, t=t)
            exec(code, known, element)
        yield [[element[name] for element in elements] for name in ["w", *states]]


def parse(line):
    """What computes the file, and with which hyperparameters."""
    source, _, rest = line.removeprefix("# ").partition(" ")
    call, brace, dictionary = rest.partition(" {")
    hyperparameters = ast.literal_eval(brace.strip() + dictionary)
    if source == "python":
        return python_steps, call, hyperparameters
    said, name = call.split()
    for found in (said.split("+")[0], version(source).split("+")[0]):
        assert found == VERSIONS[source], f"{source} {found}, not {VERSIONS[source]}"
    return {"torch": torch_steps, "optax": optax_steps}[source], name, hyperparameters


def drawn(seed):
    """First parameters and gradients."""
    draw = random.Random(seed)
    first = [draw.gauss(0, 1) for _ in range(ELEMENTS)]
    return first, [[draw.gauss(0, 1) for _ in range(ELEMENTS)] for _ in range(UPDATES)]


def kept(rows):
    table = {}
    for row in rows:
        step, _, gradient, parameter, *_ = row.split(",")
        table.setdefault(int(step), []).append(float(gradient if gradient else parameter))
    return table[0], [table[t] for t in range(1, len(table))]


def generate(path, text):
    source, ours, columns, *rows = text.splitlines()
    assert re.match("# thalweg [a-z]", ours), f"{path}: no rule in line 2"
    assert columns.startswith("step,index,gradient,parameter_after"), f"{path}: no columns in line 3"
    states = columns.split(",")[4:]
    steps, name, hyperparameters = parse(source)
    first, gradients = kept(rows) if rows else drawn(path.stem)
    lines = [source, ours, columns]
    lines += [f"0,{i},,{w!r}" + "," * len(states) for i, w in enumerate(first)]
    for t, after in enumerate(steps(name, hyperparameters, states, first, gradients), 1):
        for i, cells in enumerate(zip(gradients[t - 1], *after)):
            lines.append(",".join([str(t), str(i), *map(repr, cells)]))
    return "\n".join(lines) + "\n"


def main(arguments):
    check = arguments[:1] == ["--check"]
    paths = [Path(name) for name in arguments[check:]]
    if not paths:
        sys.exit(__doc__)
    changed = []
    for path in paths:
        text = path.read_text()
        if text.splitlines()[2].startswith("row,"):
            continue
        new = generate(path, text)
        if new != text:
            changed.append(str(path))
            if not check:
                path.write_text(new)
    if check and changed:
        sys.exit("would change: " + " ".join(changed))


if __name__ == "__main__":
    main(sys.argv[1:])
