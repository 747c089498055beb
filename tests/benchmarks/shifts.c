/* The inner loop of kernels.anneal for shifts without rooms, the same arrays and the same draws. */
#include <stdint.h>

#define CLASH ((int64_t)1 << 40)

int64_t shifts(int64_t movables, int64_t units, int64_t periods, const int64_t *movable, int64_t *period,
               int64_t *table, int32_t *member, int64_t *members, int64_t *position, const int64_t *edge_ptr,
               const int32_t *edge_to, const int32_t *edge_weight, const int64_t *near, const int64_t *near_lo,
               const int64_t *near_hi, const double *log, uint64_t *random, double temperature, int64_t draws)
{
    uint64_t x = *random;
    int64_t cost = 0;
    for (int64_t i = 0; i < draws; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        int64_t most = (int64_t)(temperature * log[x >> 52]);
        int64_t u = movable[((x & 0xFFFFF) * (uint64_t)movables) >> 20];
        int64_t p = period[u];
        int64_t q = (int64_t)((((x >> 20) & 0xFFF) * (uint64_t)periods) >> 12);
        if (p == q)
            continue;
        int64_t price = table[u * periods + q];
        if (price >= CLASH)
            continue;
        int64_t delta = price - table[u * periods + p];
        if (delta > most)
            continue;
        for (int64_t j = edge_ptr[u]; j < edge_ptr[u + 1]; j++) {
            int64_t *row = table + (int64_t)edge_to[j] * periods;
            int64_t weight = edge_weight[j];
            for (int64_t r = near_lo[p]; r < near_hi[p]; r++)
                row[r] -= weight * near[p * periods + r];
            for (int64_t r = near_lo[q]; r < near_hi[q]; r++)
                row[r] += weight * near[q * periods + r];
            row[p] -= CLASH;
            row[q] += CLASH;
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
