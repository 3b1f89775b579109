"""Computes the vectors again, by src/docs/numerics.md alone: a third implementation, in Python's standard library.

    python3 src/test/python/check_vectors.py [FOLDER]

Prints one line for each file, and fails where an output differs. What needs fdlibm's log, cos or pow on the host is left
out, and counted: normal draws, some schedules, trainings. Of updates the host's numbers are taken from the file.
"""

import ctypes
import json
import math
import pathlib
import sys
from fractions import Fraction

NAN, INF = math.nan, math.inf
CHUNK, LANES, PRODUCT_CHUNK = 1024, 32, 128


class F32:
    """Operations in binary32. A result in binary64, rounded again, is right: 53 >= 2 * 24 + 2 bits; fma takes care."""

    @staticmethod
    def round(x):
        return ctypes.c_float(x).value

    @staticmethod
    def fma(a, b, c):
        if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
            return F32.round(a * b + c)
        exact = Fraction(a) * Fraction(b) + Fraction(c)
        if exact == 0:
            return F32.round(a * b + c)  # for its sign
        x = float(exact)
        if Fraction(x) != exact and int.from_bytes(ctypes.c_double(x), sys.byteorder) % 2 == 0:
            x = math.nextafter(x, INF if exact > Fraction(x) else -INF)  # to odd: rounding again does no harm
        return F32.round(x)

    @staticmethod
    def bits(x):
        return ctypes.c_int32.from_buffer(ctypes.c_float(x)).value

    @staticmethod
    def number(bits):
        return ctypes.c_float.from_buffer(ctypes.c_int32(bits)).value

    @staticmethod
    def exp(x):
        if math.isnan(x):
            return x
        r = F32.round
        y = max(min(x, 89.0), -104.0)
        shifted = F32.fma(y, h("0x1.715476p0"), h("0x1.8p23"))
        k = F32.bits(shifted) - F32.bits(h("0x1.8p23"))
        n = r(shifted - h("0x1.8p23"))
        f = F32.fma(n, h("-0x1.7f7d1cp-20"), F32.fma(n, h("-0x1.62e4p-1"), y))
        p = h("0x1.697b94p-10")
        for c in ("0x1.12398p-7", "0x1.5559fep-5", "0x1.555492p-3", "0x1.fffffap-2", "1", "1"):
            p = F32.fma(p, f, float.fromhex(c))
        half = k // 2
        return r(r(p * 2.0**half) * 2.0 ** (k - half))

    @staticmethod
    def log(x):
        if math.isnan(x) or x < 0:
            return NAN
        if x == 0 or x == INF:
            return INF if x else -INF
        k = 0
        if x < 2.0**-126:
            x, k = x * 2.0**23, -23
        e = (F32.bits(x) - 0x3F2AAAAB) >> 23
        f = F32.round(F32.number(F32.bits(x) - (e << 23)) - 1)
        s = F32.round(f * f)
        p = h("-0x1.09ee78p-3")
        for c in "1.1d7cb6p-3 -1.f24fc2p-4 1.1f096ep-3 -1.55a408p-3 1.99ccep-3 -1.fffec8p-3 1.555512p-2 -1.0p-1".split():
            p = F32.fma(p, f, h(c))
        return F32.fma(float(k + e), h("0x1.62e43p-1"), F32.fma(p, s, f))


class F64:
    """Operations in binary64."""

    @staticmethod
    def round(x):
        return x

    @staticmethod
    def fma(a, b, c):
        if math.isinf(c) and math.isfinite(a) and math.isfinite(b):
            return c
        if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
            return a * b + c
        exact = Fraction(a) * Fraction(b) + Fraction(c)
        if exact == 0:
            return a * b + c
        try:
            x = float(exact)
        except OverflowError:
            x = INF if exact > 0 else -INF
        return x if x else math.copysign(0.0, exact)

    @staticmethod
    def bits(x):
        return ctypes.c_int64.from_buffer(ctypes.c_double(x)).value

    @staticmethod
    def number(bits):
        return ctypes.c_double.from_buffer(ctypes.c_int64(bits)).value

    @staticmethod
    def exp(x):
        if math.isnan(x):
            return x
        if x > h("0x1.62e42fefa39efp9"):
            return INF
        if x < h("-0x1.74910d52d3051p9"):
            return 0.0
        if abs(x) < 2.0**-28:
            return 1 + x
        k = 0
        if abs(x) >= h("0x1.62e43p-2"):
            k = math.trunc(h("0x1.71547652b82fep0") * x + math.copysign(0.5, x))
        hi, lo = x - k * LN2_HI, k * LN2_LO
        r = hi - lo
        t = r * r
        p = h("0x1.6376972bea4dp-25")
        for c in "-1.bbd41c5d26bf1p-20 1.1566aaf25de2cp-14 -1.6c16c16bebd93p-9 1.555555555553ep-3".split():
            p = p * t + h(c)
        c = r - t * p
        y = 1 - ((lo - (r * c) / (2 - c)) - hi)
        half = k // 2
        return y * 2.0**half * 2.0 ** (k - half)

    @staticmethod
    def log(x):
        if math.isnan(x) or x < 0:
            return NAN
        if x == 0 or x == INF:
            return INF if x else -INF
        k = 0
        if x < 2.0**-1022:
            x, k = x * 2.0**54, -54
        e = (F64.bits(x) - 0x3FE6A09C00000000) >> 52
        m = F64.number(F64.bits(x) - (e << 52))
        n, f = float(k + e), m - 1
        if -(2.0**-20) <= f < 2.0**-20:
            r = f * f * (0.5 - h("0x1.5555555555555p-2") * f)
            return n * LN2_HI - ((r - n * LN2_LO) - f)
        s = f / (2 + f)
        z = s * s
        w = z * z
        even = (h("0x1.39a09d078c69fp-3") * w + h("0x1.c71c51d8e78afp-3")) * w + h("0x1.999999997fa04p-2")
        odd = (h("0x1.2f112df3e5244p-3") * w + h("0x1.7466496cb03dep-3")) * w + h("0x1.2492494229359p-2")
        odd = odd * w + h("0x1.5555555555593p-1")
        r = odd * z + even * w
        if m >= h("0x1.6147ap0") or m < h("0x1.6b852p-1"):
            q = 0.5 * f * f
            return n * LN2_HI - ((q - (s * (q + r) + n * LN2_LO)) - f)
        return n * LN2_HI - ((s * (f - r) - n * LN2_LO) - f)


TYPES = {"F32": F32, "F64": F64, "BF16": F32}


def h(text):
    return float.fromhex(text)


LN2_HI, LN2_LO = h("0x1.62e42feep-1"), h("0x1.a39ef35793c76p-33")


def numbers(texts):
    return [h(text) for text in texts]


def div(a, b):
    if b:
        return a / b
    return NAN if not a or math.isnan(a) else math.copysign(INF, a) * math.copysign(1, b)


def root(x):
    return math.sqrt(x) if x >= 0 else NAN


def sign(x):
    return 1.0 if x > 0 else -1.0 if x < 0 else x


def number_max(a, b):
    if math.isnan(a) or math.isnan(b):
        return b if math.isnan(a) else a
    return max(a, b) if a != b else (a if math.copysign(1, a) > 0 else b)


def canonical_sum(t, x):
    sums = []
    for start in range(0, max(len(x), 1), CHUNK):
        lanes = [0.0] * LANES
        for i, value in enumerate(x[start : start + CHUNK]):
            lanes[i % LANES] = t.round(lanes[i % LANES] + value)
        for d in (16, 8, 4, 2, 1):
            lanes = [t.round(lanes[i] + lanes[i ^ d]) for i in range(LANES)]
        sums.append(lanes[0])
    return sums[0] if len(sums) == 1 else canonical_sum(t, sums)


def product(t, rows, columns, depth, left, right, bias=None):
    """left(m, k) and right(k, n) are functions."""
    out = []
    for m in range(rows):
        for n in range(columns):
            total = 0.0
            for chunk in range(0, depth, PRODUCT_CHUNK):
                part = 0.0
                for k in range(chunk, min(chunk + PRODUCT_CHUNK, depth)):
                    part = t.fma(left(m, k), right(k, n), part)
                total = t.round(total + part)
            out.append(total if bias is None else t.round(total + bias[n]))
    return out


def philox(key, counter):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [p1 >> 32 ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, p0 >> 32 ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def halves(word):
    return [word & 0xFFFFFFFF, word >> 32]


class Stream:
    def __init__(self, seed, stream):
        self.seed, self.stream, self.index = seed, stream, 0

    def word(self):
        block = philox(halves(self.seed), halves(self.index // 4) + halves(self.stream))
        self.index += 1
        return block[(self.index - 1) % 4]

    def bounded(self, n):
        while True:
            p = self.word() * n
            if (p & 0xFFFFFFFF) >= 2**32 % n:
                return p >> 32

    def uniform(self):
        a = self.word()
        return ((a << 20) + (self.word() >> 12) + 0.5) * 2.0**-52

    def permutation(self, n):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.bounded(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def bf16(x, random=None):
    if math.isnan(x):
        return 0x7FC0
    bits = F32.bits(x) & 0xFFFFFFFF
    if random is None:
        return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFFFFFF) >> 16
    rounded = ((bits + (random >> 16)) & 0xFFFFFFFF) >> 16
    return rounded - 1 if math.isfinite(x) and rounded & 0x7FFF == 0x7F80 else rounded


def widen(bits):
    return F32.number(ctypes.c_int32(bits << 16).value)


def rounding_key(seed, t):
    stream = Stream(seed, t)
    a = stream.word()
    return a << 32 | stream.word() | 1


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


# ---- Update rules: (w, g, s, c) -> w, with the state s changed. R: binary arithmetic of the type.


def rules(t):
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
        "asgd": (1, asgd),
        "adamw": (2, adam),
        "radam": (2, radam),
        "nadamw": (2, nadam),
        "adabelief": (2, adabelief),
        "yogi": (2, yogi),
        "rprop": (2, rprop),
        "sgd": (0, sgd),
        "momentum": (1, momentum),
        "classical_momentum": (1, classical),
        "nesterov": (1, nesterov),
        "nesterov_look_ahead": (2, classical),
        "adagrad": (1, adagrad),
        "rmsprop": (1, rmsprop(False, False)),
        "rmsprop_momentum": (2, rmsprop(False, True)),
        "rmsprop_centred": (2, rmsprop(True, False)),
        "rmsprop_centred_momentum": (3, rmsprop(True, True)),
        "adam": (2, adam),
        "adam_uncorrected": (2, adam),
        "amsgrad": (3, amsgrad),
        "nadam": (2, nadam),
        "adamax": (2, adamax),
        "adadelta": (2, adadelta),
        "lion": (1, lion),
    }


def clip(t, gradients, largest):
    tensors = [canonical_sum(F64, [g * g for g in tensor]) for tensor in gradients]
    norm = root(canonical_sum(F64, tensors))
    largest = t.round(largest)
    return norm, largest / norm if math.isfinite(norm) and norm > largest else 1.0


def update(given, with_, out):
    t = TYPES[given["type"]]
    half = given["type"] == "BF16"
    name = with_["rule"].split(":")[0]
    states, rule = rules(t)[name]
    ahead = name == "nesterov_look_ahead"
    initial = h(out["hyperparameters"].get("initial", "0"))
    masters = [numbers(w) for w in given["parameters"]]
    begins = [t.round(initial)] * states
    if name == "rprop":
        begins = [0.0, t.round(h(out["hyperparameters"]["lr"]))]
    state = [[list(begins) for _ in w] for w in masters]
    largest = h(given["largest_norm"]) / abs(h(given["gradient_scale"]))
    steps = []
    for step, texts in enumerate(given["gradients"]):
        gradients = [numbers(g) for g in texts]
        rows = [numbers(row) for row in out["steps"][step]["numbers"]]
        seed = given.get("rounding_seed")
        key = None if seed is None else rounding_key(seed, step + 1)
        factor = clip(t, gradients, largest)[1]
        values = []
        for i, (w, g) in enumerate(zip(masters, gradients)):
            c = rows[i % len(rows)]
            scale = t.round(c[0] * t.round(factor))
            for j in range(len(w)):
                at = w[j]
                if ahead:
                    state[i][j][1] = w[j]
                    at = t.fma(c[4], state[i][j][0], t.round(c[3] * w[j]))
                slope = t.fma(c[1], sign(at), t.round(scale * g[j]))
                slope = t.fma(c[2], at, slope)
                w[j] = rule(t.round(c[3] * w[j]), slope, state[i][j], c[4:])
            values.append(rounded(w, key, i) if half else list(w))
        steps.append({"numbers": out["steps"][step]["numbers"], "parameters": values})
    kept = [([w] if half else []) + [[s[k] for s in own] for k in range(states)] for w, own in zip(masters, state)]
    return {"hyperparameters": out["hyperparameters"], "steps": steps, "state": kept}


def rounded(w, key, tensor):
    result = []
    for i, x in enumerate(w):
        random = None if key is None else philox(halves(key), halves(i // 4) + halves(tensor))[i % 4]
        result.append(widen(bf16(x, random)))
    return result


# ---- Operations.


def gathered(t, given, with_, rows, shift):
    scale, f = t.round(h(given.get("scale", "1"))), given["features"]
    values, x = numbers(given["values"]), []
    for row in rows:
        for i in range(f):
            value = values[row * f + i]
            x.append(t.round(value * scale) if shift is None else t.fma(value, scale, shift[i]))
    return x


def objective(given, with_):
    t, f, k = TYPES[with_["type"]], given["features"], given["classes"]
    n = len(given["labels"])
    shift = None
    if with_["centred"]:  # of F32 values
        values = numbers(given["values"])
        shift = [t.round(-(canonical_sum(F64, values[i::f]) / n)) for i in range(f)]
    x = gathered(t, given, with_, range(n), shift)
    w, v = numbers(given["weights"]), numbers(given["direction"])
    l1, l2, scale = h(with_["l1"]), h(with_["l2"]), t.round(1 / n)

    def scores(w):
        return product(t, n, k, f, lambda m, i: x[m * f + i], lambda i, c: w[i * k + c], w[f * k :])

    def back(d):
        gradient = product(t, f, k, n, lambda m, i: x[i * f + m], lambda i, c: d[i * k + c])
        gradient += product(t, 1, k, n, lambda m, i: 1.0, lambda i, c: d[i * k + c])
        return gradient

    def penalised(gradient, w, l1):
        for i in range(f * k):
            gradient[i] = t.fma(t.round(2 * l2), w[i], gradient[i]) if l2 else gradient[i]
            gradient[i] = t.fma(t.round(l1), sign(w[i]), gradient[i]) if l1 else gradient[i]
        return gradient

    loss, _, d, hd = losses(t, with_["loss"], scores(w), given["labels"], k, scale, scores(v))
    value = canonical_sum(F64, loss) / n
    if l2:
        value += l2 * canonical_sum(F64, [a * a for a in w[: f * k]])
    if l1:
        value += l1 * canonical_sum(F64, [abs(a) for a in w[: f * k]])
    result = {"value": [value], "gradient": penalised(back(d), w, l1)}
    if hd is not None:
        result["hessian_product"] = penalised(back(hd), v, 0)
    return result


def compute(one, given):
    """The output of a case, or None where it is left out."""
    operation, out = one["operation"], one["output"]
    t = TYPES.get(given.get("type", one.get("type")))
    stream = Stream(int(given["seed"], 16), int(given["stream"], 16)) if "stream" in given else None
    if operation in ("exp", "log"):
        return {"y": [getattr(t, operation)(x) for x in numbers(given["x"])]}
    if operation == "bf16":
        x, random = numbers(given["x"]), [int(word, 16) for word in given["random"]]
        nearest = ["%04x" % bf16(value) for value in x]
        return {"nearest": nearest, "stochastic": ["%04x" % bf16(*pair) for pair in zip(x, random)]}
    if operation == "rounding_key":
        return {"keys": ["%016x" % rounding_key(int(given["seed"], 16), t) for t in given["updates"]]}
    if operation == "philox":
        words = [[int(word, 16) for word in given[part]] for part in ("key", "counter")]
        return {"block": ["%08x" % word for word in philox(*words)]}
    if operation == "bounded":
        return {"drawn": [stream.bounded(n) for n in one["bounds"]], "index": stream.index}
    if operation == "permutation":
        return {"order": stream.permutation(one["n"])}
    if operation == "uniform":
        return {"drawn": [stream.uniform() for _ in range(one["n"])]}
    if operation == "sum":
        return {"sum": [canonical_sum(t, numbers(given["x"][: one["n"]]))]}
    if operation == "tally":
        loss, correct, n = numbers(given["row_loss"]), given["row_correct"], given["models"]
        each = len(loss) // n
        sums = [canonical_sum(t, loss[i * each : (i + 1) * each]) for i in range(n)]
        counts = [float(sum(correct[i * each : (i + 1) * each])) for i in range(n)]
        halted = 2 if min(correct) < 0 else 0 if all(map(math.isfinite, sums)) else 1
        return {"results": [x for pair in zip(sums, counts) for x in pair], "halted": halted}
    if operation == "dot_and_norms":
        x, y = numbers(given["x"][: one["n"]]), numbers(given["y"][: one["n"]])
        most = NAN if any(map(math.isnan, x)) else max(map(abs, x), default=0.0)
        return {
            "dot": [canonical_sum(F64, [a * b for a, b in zip(x, y)])],
            "norm_one": [canonical_sum(F64, [abs(a) for a in x])],
            "norm_two": [root(canonical_sum(F64, [a * a for a in x]))],
            "norm_max": [most],
        }
    if operation == "elementwise":
        x, y, a = numbers(given["x"]), numbers(given["y"]), t.round(h(one["a"]))
        return {
            "axpy": [t.fma(a, u, v) for u, v in zip(x, y)],
            "axpy_sign": [t.fma(a, sign(u), v) for u, v in zip(x, y)],
            "scale": [t.round(a * u) for u in x],
        }
    if operation.startswith("multiply"):
        rows, columns, depth = given["rows"], given["columns"], given["depth"]
        left, right_, bias = (numbers(given[part]) for part in ("left", "right", "bias"))
        result = {"out": []}
        for model in range(given["models"]):
            a = left if given["left_shared"] else left[model * rows * depth :]
            b = right_[model * depth * columns :]
            if operation == "multiply":
                own = bias[model * columns :] if one["biased"] else None
                result["out"] += product(
                    t, rows, columns, depth, lambda m, k: a[m * depth + k], lambda k, n: b[k * columns + n], own
                )
            else:
                right = lambda k, n: b[k * columns + n]
                result["out"] += product(t, rows, columns, depth, lambda m, k: a[k * rows + m], right)
                result.setdefault("ones", []).extend(product(t, 1, columns, depth, lambda m, k: 1.0, right))
        return result
    if operation == "loss":
        scores, u, scale = numbers(given["scores"]), numbers(given["direction"]), t.round(h(given["scale"]))
        parts = losses(t, one["loss"], scores, given["labels"], given["classes"], scale, u)
        names = ("loss", "correct", "gradient", "hessian_product")
        return {name: part for name, part in zip(names, parts) if part is not None}
    if operation == "clip":
        norm, factor = clip(t, [numbers(g) for g in given["gradients"]], h(one["largest_norm"]))
        skipped = 1 if one["skip_not_finite"] and not math.isfinite(norm) else 0
        return {"norm": [norm], "factor": [factor], "skipped": skipped}
    if operation == "update":
        return update(given, one, out)
    if operation == "gather":
        rows = given["order"][one["first"] : one["first"] + one["rows"]]
        shift = numbers(one["shift"]) if "shift" in one else None
        return {"x": gathered(t, given, one, rows, shift), "y": [given["labels"][row] for row in rows]}
    if operation == "objective":
        return objective(given, one)
    if operation in ("normal", "initialisation", "schedule", "training"):
        return None
    raise ValueError("unknown operation " + operation)


def same(found, expected):
    if isinstance(found, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(found, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in found)
    if isinstance(found, float):
        x = h(expected)
        return (math.isnan(found) and math.isnan(x)) or (found == x and math.copysign(1, found) == math.copysign(1, x))
    return found == expected


def main(folder):
    failed = 0
    for path in sorted(folder.glob("*.json")):
        file = json.loads(path.read_text())
        agree = left_out = 0
        for one in file["cases"]:
            found = compute(one, file["inputs"][one["input"]])
            own = {key: value for key, value in one.items() if key != "output"}
            wrong = [part for part in one["output"] if found and not same(found[part], one["output"][part])]
            if wrong:
                failed += 1
                print(f"{path.name}: {', '.join(wrong)} of {own}: differs", file=sys.stderr)
            elif found:
                agree += 1
            else:
                left_out += 1
        print(f"{path.name}: {agree} cases agree, {left_out} left out")
    return 1 if failed else 0


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parent
    sys.exit(main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "resources" / "vectors"))
