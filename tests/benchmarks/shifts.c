/* The inner loop of kernels.anneal for shifts without rooms, the same arrays and the same draws. */
#include <stdint.h>

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most_of(int64_t a, int64_t b) { return a > b ? a : b; }

int64_t shifts(int64_t movables, int64_t units, int64_t periods, int64_t width, const int64_t *movable,
               int64_t *restrict period, int32_t *restrict table, int16_t *restrict clashes,
               int32_t *restrict change, int32_t *restrict member, int64_t *restrict members,
               int64_t *restrict position, const int64_t *edge_ptr, const int32_t *edge_to,
               const int32_t *edge_weight, const int32_t *near, const int64_t *near_lo, const int64_t *near_hi,
               const double *log, uint64_t *random, double temperature, int64_t draws)
{
    uint64_t x = *random;
    int64_t cost = 0;
    for (int64_t i = 0; i < draws; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        int64_t u = movable[((x & 0xFFFFF) * (uint64_t)movables) >> 20];
        int64_t p = period[u];
        int64_t q = (int64_t)((((x >> 20) & 0xFFF) * (uint64_t)periods) >> 12);
        if (p == q || clashes[u * periods + q] > 0)
            continue;
        int64_t most = (int64_t)(temperature * log[x >> 52]);
        int64_t delta = (int64_t)table[u * width + q] - table[u * width + p];
        if (delta > most)
            continue;
        int64_t lo = least(near_lo[p], near_lo[q]);
        int64_t hi = most_of(near_hi[p], near_hi[q]);
        for (int64_t r = lo; r < hi; r++)
            change[r] = near[q * width + r] - near[p * width + r];
        for (int64_t j = edge_ptr[u]; j < edge_ptr[u + 1]; j++) {
            int32_t *restrict row = table + (int64_t)edge_to[j] * width;
            int32_t weight = edge_weight[j];
            for (int64_t r = lo; r < hi; r++)
                row[r] += weight * change[r];
            clashes[(int64_t)edge_to[j] * periods + p]--;
            clashes[(int64_t)edge_to[j] * periods + q]++;
        }
        int32_t last = member[p * units + members[p] - 1];
        member[p * units + position[u]] = last;
        position[last] = position[u];
        members[p]--;
        member[q * units + members[q]] = (int32_t)u;
        position[u] = members[q]++;
        period[u] = q;
        cost += delta;
    }
    *random = x;
    return cost;
}
