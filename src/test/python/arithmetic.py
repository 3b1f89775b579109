"""The arithmetic of src/docs/numerics.md: numbers of both types, sums, products, Philox, bf16."""

import ctypes
import math
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
        rest = "1.1d7cb6p-3 -1.f24fc2p-4 1.1f096ep-3 -1.55a408p-3 1.99ccep-3 -1.fffec8p-3 1.555512p-2 -1.0p-1"
        for c in rest.split():
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
    """left(m, k) and right(k, n) are functions; where left is None, the element is left out."""
    out = []
    for m in range(rows):
        for n in range(columns):
            total = 0.0
            for chunk in range(0, depth, PRODUCT_CHUNK):
                part = 0.0
                for k in range(chunk, min(chunk + PRODUCT_CHUNK, depth)):
                    if left(m, k) is not None:
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
