/* Hinge loss of a perceptron 2-16-16-1 and its gradient, summed over samples, by hand: blocks of samples in vectors,
   and within a block tiles of two vectors by four neurons, whose sums stay in registers. */
#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX__)
#define LANES 4
#else
#define LANES 2
#endif
#define VECTORS 8
#define BLOCK (LANES * VECTORS)
#define WIDTH 16
typedef double vector __attribute__((vector_size(8 * LANES)));
typedef long long lanes __attribute__((vector_size(8 * LANES)));
typedef vector column[VECTORS];

static inline vector where(lanes mask, vector x) { return (vector)(mask & (lanes)x); }

/* out = in · weights + bias, or its positive part; a neuron's weights come before its bias. */
static inline __attribute__((always_inline)) void forward(
    const column *in, int nin, const double *p, int nout, column *out, int positive)
{
    for (int n = 0; n < nout; n += 4)
        for (int v = 0; v < VECTORS; v += 2) {
            vector sum[4][2];
            for (int j = 0; j < 4; j++)
                sum[j][0] = sum[j][1] = p[(n + j) * (nin + 1) + nin] + (vector){0};
            for (int k = 0; k < nin; k++)
                for (int j = 0; j < 4; j++) {
                    double w = p[(n + j) * (nin + 1) + k];
                    sum[j][0] += w * in[k][v];
                    sum[j][1] += w * in[k][v + 1];
                }
            for (int j = 0; j < 4; j++)
                for (int i = 0; i < 2; i++)
                    out[n + j][v + i] = positive ? where(sum[j][i] > 0.0, sum[j][i]) : sum[j][i];
        }
}

/* The slopes of a layer's inputs, where these are positive, from those of its outputs. */
static inline __attribute__((always_inline)) void backward(
    const column *slope, int nout, const double *p, int nin, const column *in, column *out)
{
    for (int k = 0; k < nin; k += 4)
        for (int v = 0; v < VECTORS; v += 2) {
            vector sum[4][2] = {0};
            for (int n = 0; n < nout; n++)
                for (int j = 0; j < 4; j++) {
                    double w = p[n * (nin + 1) + k + j];
                    sum[j][0] += w * slope[n][v];
                    sum[j][1] += w * slope[n][v + 1];
                }
            for (int j = 0; j < 4; j++)
                for (int i = 0; i < 2; i++)
                    out[k + j][v + i] = where(in[k + j][v + i] > 0.0, sum[j][i]);
        }
}

/* Add the slopes of a layer's weights and biases. */
static inline __attribute__((always_inline)) void weights(
    const column *slope, int nout, const column *in, int nin, vector *total)
{
    int tile = nin % 4 ? 2 : 4;
    for (int n = 0; n < nout; n++) {
        for (int k = 0; k < nin; k += tile) {
            vector sum[4];
            for (int j = 0; j < tile; j++)
                sum[j] = total[n * (nin + 1) + k + j];
            for (int v = 0; v < VECTORS; v++)
                for (int j = 0; j < tile; j++)
                    sum[j] += slope[n][v] * in[k + j][v];
            for (int j = 0; j < tile; j++)
                total[n * (nin + 1) + k + j] = sum[j];
        }
        for (int v = 0; v < VECTORS; v++)
            total[n * (nin + 1) + nin] += slope[n][v];
    }
}

/* sums: the loss, then the gradient; points are pairs. */
void moons(long samples, const double *points, const double *labels, const double *p, double *sums)
{
    enum { FIRST = WIDTH * 3, SECOND = WIDTH * (WIDTH + 1), LAST = WIDTH + 1, ALL = FIRST + SECOND + LAST };
    const double *p2 = p + FIRST, *p3 = p2 + SECOND;
    vector loss = {0}, total[ALL] = {0};
    for (long start = 0; start < samples; start += BLOCK) {
        column x[2], label[1], h1[WIDTH], h2[WIDTH], d3[1], d2[WIDTH], d1[WIDTH];
        for (int i = 0; i < BLOCK; i++) {
            int is_there = start + i < samples;
            long at = is_there ? start + i : 0;
            ((double *)x[0])[i] = points[2 * at];
            ((double *)x[1])[i] = points[2 * at + 1];
            ((double *)label[0])[i] = is_there ? labels[at] : 0.0;
        }
        forward(x, 2, p, WIDTH, h1, 1);
        forward(h1, WIDTH, p2, WIDTH, h2, 1);
        for (int v = 0; v < VECTORS; v++) {
            vector score = p3[WIDTH] + (vector){0}, y = label[0][v];
            for (int k = 0; k < WIDTH; k++)
                score += p3[k] * h2[k][v];
            vector margin = 1.0 - y * score;
            lanes counts = (margin > 0.0) & (y != 0.0);
            loss += where(counts, margin);
            d3[0][v] = where(counts, -y);
        }
        backward(d3, 1, p3, WIDTH, h2, d2);
        backward(d2, WIDTH, p2, WIDTH, h1, d1);
        weights(d1, WIDTH, x, 2, total);
        weights(d2, WIDTH, h1, WIDTH, total + FIRST);
        weights(d3, 1, h2, WIDTH, total + FIRST + SECOND);
    }
    for (int k = 0; k <= ALL; k++) {
        vector sum = k ? total[k - 1] : loss;
        sums[k] = 0.0;
        for (int i = 0; i < LANES; i++)
            sums[k] += sum[i];
    }
}
