/* SPDX-License-Identifier: MIT */
/* One counter per direction and reason; every packet that our programs see is counted exactly once. */
#ifndef HOST_ROUTING_METRICS_H
#define HOST_ROUTING_METRICS_H

#include "maps.h"

static __always_inline void count(struct __sk_buff *skb, enum hr_direction direction, enum hr_reason reason)
{
	__u32 index = direction * HR_REASON_MAX + reason;
	struct hr_counter *counter = bpf_map_lookup_elem(&hr_metrics, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += skb->len;
}

#endif
