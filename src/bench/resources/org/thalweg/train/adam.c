// One step of Adam for each line of input, as optim/Adam.java does it; prints the nanoseconds that it took.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void update(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, long n,
                   const float *c) {
  const float scale = c[0], l2 = c[1], keep = c[2];
  const float b1 = c[3], o1 = c[4], b2 = c[5], o2 = c[6], step = c[7], eps = c[8];
  for (long i = 0; i < n; i++) {
    const float gi = fmaf(l2, w[i], scale * g[i]);
    const float mi = fmaf(b1, m[i], o1 * gi);
    const float vi = fmaf(b2, v[i], o2 * gi * gi);
    m[i] = mi;
    v[i] = vi;
    w[i] = fmaf(-step, mi / (sqrtf(vi) + eps), keep * w[i]);
  }
}

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

int main(int argc, char **argv) {
  const long n = argc > 1 ? atol(argv[1]) : 0;
  float *a[4];
  for (int k = 0; k < 4; k++) {
    a[k] = aligned_alloc(64, n * sizeof(float));
    if (!a[k]) return 1;
    for (long i = 0; i < n; i++) a[k][i] = k == 1 ? rand() / (0.5f * RAND_MAX) - 1 : 0;
  }
  const float c[] = {1, 0, 1, 0.9f, 0.1f, 0.999f, 0.001f, 0.001f * 0.3162278f, 1e-8f * 0.03162278f};
  while (getchar() != EOF) {
    const long start = now();
    update(a[0], a[1], a[2], a[3], n, c);
    printf("%ld\n", now() - start);
    fflush(stdout);
  }
  return 0;
}
