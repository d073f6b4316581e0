/* The sums over paths of the payoff of an Asian call and of its derivatives by spot, volatility and rate.

   Tangents are carried along in registers, for the paths of one vector; normals are copied to where a vector finds those
   of all its steps. */
#include <math.h>
#include <string.h>
#define STEPS 252
#define BLOCK 64
#ifdef __AVX512F__
#define LANES 8
#define EXP _ZGVeN8v_exp
#else
#define LANES 4
#define EXP _ZGVdN4v_exp
#endif

typedef double lanes __attribute__((vector_size(8 * LANES)));
lanes EXP(lanes); /* of libmvec */

void asian(long paths, double spot, double sigma, double rate, double strike, const double *restrict normals,
           double *restrict sums)
{
    const double dt = 1.0 / STEPS, root = sqrt(dt), drift = (rate - 0.5 * sigma * sigma) * dt, spread = sigma * root;
    const double discount = exp(-rate);
    const lanes zero = {0};
    double all[4] = {0};
    #pragma omp parallel for schedule(static) reduction(+ : all[:4])
    for (long first = 0; first < paths; first += BLOCK) {
        double block[STEPS][BLOCK] __attribute__((aligned(64)));
        long size = paths - first < BLOCK ? paths - first : BLOCK;
        for (int t = 0; t < STEPS; t++)
            memcpy(block[t], normals + t * paths + first, 8 * size);
        for (long i = 0; i < size; i += LANES) {
            lanes s = zero + spot, by_spot = zero + 1.0, by_sigma = zero, by_rate = zero;
            lanes sum = zero, sum_spot = zero, sum_sigma = zero, sum_rate = zero;
            for (int t = 0; t < STEPS; t++) {
                lanes z = *(lanes *)&block[t][i], factor = EXP(drift + spread * z);
                s *= factor;
                by_spot *= factor;
                by_sigma = by_sigma * factor + s * (root * z - sigma * dt);
                by_rate = by_rate * factor + s * dt;
                sum += s, sum_spot += by_spot, sum_sigma += by_sigma, sum_rate += by_rate;
            }
            for (int lane = 0; lane < LANES && i + lane < size; lane++) {
                double gain = sum[lane] / STEPS - strike;
                if (gain > 0.0) {
                    all[0] += discount * gain;
                    all[1] += discount * sum_spot[lane] / STEPS;
                    all[2] += discount * sum_sigma[lane] / STEPS;
                    all[3] += discount * (sum_rate[lane] / STEPS - gain);
                }
            }
        }
    }
    memcpy(sums, all, sizeof all);
}
