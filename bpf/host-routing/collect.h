/* SPDX-License-Identifier: MIT */
/*
 * Removes translated flows that have ended. The tables are LRU, but never left to displacement: a living flow would go as well.
 * A pair goes when both halves have been silent for its time; a half alone when it has been.
 */
#ifndef HOST_ROUTING_COLLECT_H
#define HOST_ROUTING_COLLECT_H

#include "nat.h"

struct round {
	const struct hr_masquerade *settings;
	struct hr_collection result;
	__u64 now;
	__u32 outward; /* which table is walked */
};

static __always_inline int is_silent(const struct round *round, const struct hr_tuple *key, const struct hr_nat *half)
{
	return round->now > half->seen_ns && round->now - half->seen_ns > nat_lifetime_ns(round->settings, key->protocol, half->flags);
}

/* One half; a callback of bpf_for_each_map_elem(): 0 goes on. Entries of an LRU map are used again at once, so both are copied. */
static __always_inline long collect_half(const struct hr_tuple *found, struct hr_nat *value, struct round *round)
{
	struct hr_tuple key = *found, other_key;
	struct hr_nat half = *value, *other;

	if (!is_silent(round, &key, &half)) {
		round->result.live += !round->outward;
		return 0;
	}
	other_tuple(&other_key, &key, &half, round->outward);
	other = round->outward ? bpf_map_lookup_elem(&hr_nat_in, &other_key) : bpf_map_lookup_elem(&hr_nat_out, &other_key);
	if (other && !is_silent(round, &other_key, other)) {
		round->result.live += !round->outward;
		return 0;
	}
	/* a packet may have come in between */
	if (value->seen_ns != half.seen_ns)
		return 0;
	if (round->outward) {
		bpf_map_delete_elem(&hr_nat_out, &key);
		if (other)
			bpf_map_delete_elem(&hr_nat_in, &other_key);
	} else {
		bpf_map_delete_elem(&hr_nat_in, &key);
		if (other)
			bpf_map_delete_elem(&hr_nat_out, &other_key);
	}
	round->result.removed++;
	return 0;
}

static long collect_out(void *map, struct hr_tuple *key, struct hr_nat *half, struct round *round)
{
	return collect_half(key, half, round);
}

static long collect_in(void *map, struct hr_tuple *key, struct hr_nat *half, struct round *round)
{
	return collect_half(key, half, round);
}

static __always_inline int collect_pairs(struct hr_collection *result)
{
	struct round round = { .settings = masquerade_settings(), .now = bpf_ktime_get_ns(), .outward = 1 };

	if (!round.settings)
		return 1;
	bpf_for_each_map_elem(&hr_nat_out, collect_out, &round, 0);
	round.outward = 0;
	bpf_for_each_map_elem(&hr_nat_in, collect_in, &round, 0);
	*result = round.result;
	return 0;
}

#endif
