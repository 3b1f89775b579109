"""The losses and update rules of src/docs/numerics.md, of one row and of one element."""

import math

from arithmetic import CHUNK, INF, NAN, canonical_sum, div, number_max, root, sign


# ---- Losses: (loss, gradient, Hessian product or None) of a row.


def softmax(t, x, y, scale, u, smoothing=0.0):
    e = t.round(smoothing)
    keep, share = t.round(1 - e), t.round(e / len(x))
    m, s, b, n = [], [], [], []
    for start in range(0, len(x), CHUNK):
        chunk = x[start : start + CHUNK]
        largest = -INF
        for value in chunk:
            largest = number_max(largest, value)
        shift = largest if largest > -INF else 0.0
        n.append(len(chunk))
        m.append(largest)
        s.append(canonical_sum(t, [t.exp(t.round(value - shift)) for value in chunk]))
        b.append(canonical_sum(t, [t.round(value - shift) for value in chunk]) if share > 0 else 0.0)
    largest, total, below = m[0], s[0], b[0]
    if len(m) > 1:
        for value in m:
            largest = number_max(largest, value)
        total = canonical_sum(t, [t.round(sum * t.exp(t.round(a - largest))) for a, sum in zip(m, s)])
        if share > 0:
            parts = zip(n, m, b)
            below = canonical_sum(t, [t.fma(float(k), t.round(a - largest), of) for k, a, of in parts])
    p = [t.round(div(t.exp(t.round(value - largest)), total)) for value in x]
    own = x[y] if 0 <= y < len(x) else NAN
    loss = t.round(t.log(total) - t.fma(keep, t.round(own - largest), t.round(share * below)))
    target = t.round(keep + share)
    d = [t.round(t.round(q - (target if j == y else share)) * scale) for j, q in enumerate(p)]
    mean = canonical_sum(t, [t.round(q * v) for q, v in zip(p, u)])
    return loss, d, [t.round(t.round(q * t.round(v - mean)) * scale) for q, v in zip(p, u)]


def hinge(t, x, y, scale, u, penalty):
    valid = 0 <= y < len(x)
    own, towards = (x[y], u[y]) if valid else (NAN, NAN)
    margins = [t.round(t.round(value - own) + 1) for value in x]
    q = [0.0 if j == y or margin <= 0 else margin for j, margin in enumerate(margins)]
    spoiled = own if math.isnan(own) else 0.0
    cost, slope, curve = penalty
    loss = t.round(canonical_sum(t, [cost(v) for v in q]) + spoiled)

    def scaled(values):
        others = t.round(canonical_sum(t, values) + spoiled)
        return [t.round((-others if j == y else v) * scale) for j, v in enumerate(values)]

    curves = curve and [curve(v, t.round(u[j] - towards)) if v > 0 else v for j, v in enumerate(q)]
    return loss, scaled([slope(v) for v in q]), curves and scaled(curves)


def plain(t):
    return lambda v: v, lambda v: 1.0 if v > 0 else v, None


def squared(t):
    return lambda v: t.round(v * v), lambda v: t.round(2 * v), lambda v, u: t.round(2 * u)


def smooth(t, width):
    d = t.round(width)
    return (
        lambda v: t.round(t.round(v * t.round(v / d)) / 2) if v < d else t.round(v - t.round(d / 2)),
        lambda v: t.round(v / d) if v < d else 1.0 if v > 0 else v,
        lambda v, u: t.round(u / d) if v < d else 0.0,
    )


def loss_row(text):
    """What computes a row of the loss that a text describes: "softmax:smoothing=0.1"."""
    name, _, given = text.partition(":")
    numbers = dict(part.split("=") for part in given.split(",") if part)
    if name == "softmax":
        smoothing = float(numbers.get("smoothing", 0))
        return lambda *row: softmax(*row, smoothing=smoothing)
    if name == "hinge":
        return lambda t, *row: hinge(t, *row, plain(t))
    if name == "squared-hinge":
        return lambda t, *row: hinge(t, *row, squared(t))
    if name == "smooth-hinge":
        width = float(numbers.get("width", 2))
        return lambda t, *row: hinge(t, *row, smooth(t, width))
    raise ValueError("unknown loss " + text)


def right(x, y):
    if not 0 <= y < len(x):
        return -1
    beaten = math.isnan(x[y]) or any(v >= x[y] if j < y else v > x[y] for j, v in enumerate(x))
    return 0 if beaten else 1


def losses(t, name, x, labels, classes, scale, u):
    rows = range(0, len(x), classes)
    row_of = loss_row(name)
    results = [
        row_of(t, x[at : at + classes], labels[i % len(labels)], scale, u[at : at + classes])
        for i, at in enumerate(rows)
    ]
    loss = [row[0] for row in results]
    d = [value for row in results for value in row[1]]
    product = None if results[0][2] is None else [value for row in results for value in row[2]]
    correct = [right(x[at : at + classes], labels[i % len(labels)]) for i, at in enumerate(rows)]
    return loss, correct, d, product


# ---- Update rules: (w, g, s, c) -> w, with the state s changed.

# These take their gradient at w + mu*v and keep w in their second state array.
LOOKS_AHEAD = {"nesterov_look_ahead"}


def zeros(states):
    return lambda hyperparameters: [0.0] * states


def rules(t):
    """For each rule what its state arrays begin with, a function of its hyperparameters, and the rule."""
    r, fma = t.round, t.fma

    def over_root(g, v, eps):
        return r(div(g, r(r(root(v)) + eps)))

    def square(s, k, decay, o, g):
        s[k] = fma(decay, s[k], r(r(o * g) * g))
        return s[k]

    def mean(s, k, decay, o, g):
        s[k] = fma(decay, s[k], r(o * g))
        return s[k]

    def sgd(w, g, s, c):
        return fma(-c[0], g, w)

    def momentum(w, g, s, c):
        return fma(-c[2], mean(s, 0, c[0], c[1], g), w)

    def classical(w, g, s, c):
        s[0] = fma(c[0], s[0], -r(c[1] * g))
        return r(w + s[0])

    def nesterov(w, g, s, c):
        s[0] = fma(c[0], s[0], g)
        return fma(-c[1], fma(c[0], s[0], g), w)

    def adagrad(w, g, s, c):
        s[0] = fma(g, g, s[0])
        return fma(-c[0], over_root(g, s[0], c[1]), w)

    def rmsprop(centred, heavy):
        def rule(w, g, s, c):
            v = square(s, 0, c[0], c[1], g)
            if centred:
                average = mean(s, 1, c[0], c[1], g)
                v = fma(-average, average, v)
                v = 0.0 if v < 0 else v
            q = over_root(g, v, c[3])
            if heavy:
                q = s[-1] = fma(c[4], s[-1], q)
            return fma(-c[2], q, w)

        return rule

    def adam(w, g, s, c):
        m, v = mean(s, 0, c[0], c[1], g), square(s, 1, c[2], c[3], g)
        return fma(-c[4], over_root(m, v, c[5]), w)

    def amsgrad(w, g, s, c):
        m, v = mean(s, 0, c[0], c[1], g), square(s, 1, c[2], c[3], g)
        s[2] = number_max(s[2], v)
        return fma(-c[4], over_root(m, s[2], c[5]), w)

    def nadam(w, g, s, c):
        m, v = mean(s, 0, c[0], c[1], g), square(s, 1, c[2], c[3], g)
        return r(w - over_root(fma(c[5], m, r(c[4] * g)), v, c[6]))

    def adamax(w, g, s, c):
        m = mean(s, 0, c[0], c[1], g)
        s[1] = number_max(r(c[2] * s[1]), r(abs(g) + c[4]))
        return fma(-c[3], r(div(m, s[1])), w)

    def adadelta(w, g, s, c):
        v = square(s, 0, c[0], c[1], g)
        delta = r(r(root(r(div(r(s[1] + c[3]), r(v + c[3]))))) * g)
        square(s, 1, c[0], c[1], delta)
        return fma(-c[2], delta, w)

    def lion(w, g, s, c):
        direction = fma(c[0], s[0], r(c[1] * g))
        mean(s, 0, c[2], c[3], g)
        return fma(-c[4], sign(direction), w)

    def asgd(w, g, s, c):
        w = fma(-c[0], g, r(c[1] * w))
        s[0] = fma(c[2], w, r(c[3] * s[0]))
        return w

    def radam(w, g, s, c):
        m, v = mean(s, 0, c[0], c[1], g), square(s, 1, c[2], c[3], g)
        return fma(-c[4], r(div(m, fma(c[5], r(root(v)), c[6]))), w)

    def adabelief(w, g, s, c):
        m = mean(s, 0, c[0], c[1], g)
        s[1] = r(square(s, 1, c[2], c[3], r(g - m)) + c[5])
        return fma(-c[4], over_root(m, s[1], c[6]), w)

    def yogi(w, g, s, c):
        m, q = mean(s, 0, c[0], c[1], g), r(g * g)
        s[1] = fma(-r(c[2] * sign(r(s[1] - q))), q, s[1])
        return fma(-c[3], over_root(m, s[1], c[4]), w)

    def rprop(w, g, s, c):
        p = r(g * s[0])
        h = r(s[1] * (c[1] if p > 0 else c[0] if p < 0 else 1.0))
        s[1] = min(number_max(h, c[2]), c[3])
        s[0] = 0.0 if p < 0 else g
        return fma(-r(c[4] * s[1]), sign(s[0]), w)

    return {
        "asgd": (zeros(1), asgd),
        "adamw": (zeros(2), adam),
        "radam": (zeros(2), radam),
        "nadamw": (zeros(2), nadam),
        "adabelief": (zeros(2), adabelief),
        "yogi": (lambda p: [p["initial"]] * 2, yogi),
        "rprop": (lambda p: [0.0, p["lr"]], rprop),
        "sgd": (zeros(0), sgd),
        "momentum": (zeros(1), momentum),
        "classical_momentum": (zeros(1), classical),
        "nesterov": (zeros(1), nesterov),
        "nesterov_look_ahead": (zeros(2), classical),
        "adagrad": (lambda p: [p["initial"]], adagrad),
        "rmsprop": (zeros(1), rmsprop(False, False)),
        "rmsprop_momentum": (zeros(2), rmsprop(False, True)),
        "rmsprop_centred": (zeros(2), rmsprop(True, False)),
        "rmsprop_centred_momentum": (zeros(3), rmsprop(True, True)),
        "adam": (zeros(2), adam),
        "adam_uncorrected": (zeros(2), adam),
        "amsgrad": (zeros(3), amsgrad),
        "nadam": (zeros(2), nadam),
        "adamax": (zeros(2), adamax),
        "adadelta": (zeros(2), adadelta),
        "lion": (zeros(1), lion),
    }
