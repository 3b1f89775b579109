"""Computes the vectors again, by src/docs/numerics.md alone: a third implementation, in Python's standard library.

    python3 src/test/python/check_vectors.py [FOLDER]

Prints one line for each file, and fails where an output differs. What needs fdlibm's log, cos or pow on the host is
left out, and counted: normal draws, some schedules, trainings. Of updates the host's numbers are taken from the file.
"""

import json
import math
import pathlib
import sys

from arithmetic import (
    bf16,
    canonical_sum,
    F32,
    F64,
    h,
    halves,
    NAN,
    numbers,
    philox,
    product,
    root,
    rounding_key,
    sign,
    Stream,
    TYPES,
    widen,
)
from rules import LOOKS_AHEAD, losses, rules


def clip(t, gradients, largest):
    tensors = [canonical_sum(F64, [g * g for g in tensor]) for tensor in gradients]
    norm = root(canonical_sum(F64, tensors))
    largest = t.round(largest)
    return norm, largest / norm if math.isfinite(norm) and norm > largest else 1.0


def update(given, with_, out):
    t = TYPES[given["type"]]
    half = given["type"] == "BF16"
    name = with_["rule"].split(":")[0]
    if name not in rules(t):
        sys.exit(f"rules.py does not know the rule {name}: see src/docs/extending.md")
    begin, rule = rules(t)[name]
    begins = [t.round(x) for x in begin({key: h(x) for key, x in out["hyperparameters"].items()})]
    states = len(begins)
    masters = [numbers(w) for w in given["parameters"]]
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
            own = given["groups"][i % len(rows)]
            shrinks = any("proximal" in group for group in given["groups"])
            c = rows[i % len(rows)]
            threshold = c.pop() if shrinks else 0.0
            scale = t.round(c[0] * t.round(factor))
            for j in range(len(w)):
                at = w[j]
                if name in LOOKS_AHEAD:
                    state[i][j][1] = w[j]
                    at = t.fma(c[4], state[i][j][0], t.round(c[3] * w[j]))
                slope = t.fma(c[1], sign(at), t.round(scale * g[j]))
                slope = t.fma(c[2], at, slope)
                w[j] = rule(t.round(c[3] * w[j]), slope, state[i][j], c[4:])
                if "proximal" in own:
                    w[j] = sign(w[j]) * max(t.round(abs(w[j]) - threshold), 0.0)
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
            "scale_rows": [t.round(v * u) for u, v in zip(x, y)],
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
            elif operation == "multiply_by_transposed":
                result["out"] += product(
                    t, rows, columns, depth, lambda m, k: a[m * depth + k], lambda k, n: b[n * depth + k]
                )
            else:
                right = lambda k, n: b[k * columns + n]
                result["out"] += product(t, rows, columns, depth, lambda m, k: a[k * rows + m], right)
                result.setdefault("ones", []).extend(product(t, 1, columns, depth, lambda m, k: 1.0, right))
        return result
    if operation.startswith("sparse_multiply"):
        rows, columns, depth = given["rows"], given["columns"], given["depth"]
        left, right_ = numbers(given["left"]), numbers(given["right"])
        starts, stored = given["row_starts"], {}
        for row in range(rows):
            for at in range(starts[row], starts[row + 1]):
                stored[row, given["left_columns"][at]] = left[at]
        right = lambda k, n: right_[k * columns + n]
        if operation == "sparse_multiply":
            bias = numbers(given["bias"])
            return {"out": product(t, rows, columns, depth, lambda m, k: stored.get((m, k)), right, bias)}
        return {
            "out": product(t, depth, columns, rows, lambda m, k: stored.get((k, m)), right),
            "ones": product(t, 1, columns, rows, lambda m, k: 1.0, right),
        }
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
    paths = sorted(folder.glob("*.json"))
    if not paths:
        sys.exit(f"{folder} has no vectors")
    for path in paths:
        file = json.loads(path.read_text())
        agree = left_out = 0
        for one in file["cases"]:
            found = compute(one, file["inputs"][one["input"]])
            own = {key: value for key, value in one.items() if key != "output"}
            outputs = {} if found is None else one["output"]
            wrong = [part for part in outputs if not same(found.get(part), outputs[part])]
            if wrong:
                failed += 1
                print(f"{path.name}: {', '.join(wrong)} of {own}: differs", file=sys.stderr)
            elif found is not None:
                agree += 1
            else:
                left_out += 1
        print(f"{path.name}: {agree} cases agree, {left_out} left out")
    return 1 if failed else 0


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parent
    sys.exit(main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "resources" / "vectors"))
