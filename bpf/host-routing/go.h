/* SPDX-License-Identifier: MIT */
/* What way.h has decided is done: flows and pairs remembered, the packet translated, counted once, rewritten, sent. */
#ifndef HOST_ROUTING_GO_H
#define HOST_ROUTING_GO_H

#include "metrics.h"
#include "ports.h"
#include "translate.h"
#include "way.h"

static __always_inline int to_stack(struct __sk_buff *skb, enum hr_direction direction, enum hr_reason reason)
{
	count(skb, direction, reason);
	return TC_ACT_UNSPEC;
}

static __always_inline int refuse(struct __sk_buff *skb, enum hr_direction direction, enum hr_reason reason)
{
	int verdict = to_stack(skb, direction, reason);

	if (reason == HR_DROP_HALF_LOST)
		note_half_lost(bpf_ktime_get_coarse_ns());
	return reason >= HR_DROP_HALF_LOST ? TC_ACT_SHOT : verdict;
}

static __always_inline int to_endpoint(struct __sk_buff *skb, const struct packet *p, const struct hr_endpoint *to)
{
	if (rewrite(skb, p->is_v6, to->pod_mac, to->host_mac))
		return TC_ACT_SHOT;
	return bpf_redirect_peer(to->ifindex, 0);
}

static __always_inline int through_uplink(struct __sk_buff *skb, const struct packet *p, const struct way *way)
{
	struct bpf_redir_neigh next = {};

	if (!way->route) /* cannot be: routing was asked */
		return TC_ACT_SHOT;
	if (way->route->result == BPF_FIB_LKUP_RET_SUCCESS) {
		if (rewrite(skb, p->is_v6, way->route->fib.dmac, way->route->fib.smac))
			return TC_ACT_SHOT;
		return bpf_redirect(way->route->fib.ifindex, 0);
	}
	if (rewrite(skb, p->is_v6, 0, 0))
		return TC_ACT_SHOT;
	next.nh_family = way->route->fib.family;
	__builtin_memcpy(next.ipv6_nh, way->route->fib.ipv6_dst, sizeof(next.ipv6_nh));
	return bpf_redirect_neigh(way->route->fib.ifindex, &next, sizeof(next), 0);
}

/* The end that stands in for this packet's near end: of the pair, of the first fragment, or of a pair made now. 0, or a reason. */
static __always_inline int find_stand_in(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, const struct way *way,
					 struct translation *t)
{
	struct hr_nat half;

	if (way->half) {
		touch_nat(skb, gate, p, way->half, t->outward, &half);
	} else if (way->stand_in) {
		t->address = *way->stand_in;
		return 0;
	} else {
		__builtin_memset(&half, 0, sizeof(half));
		half.address = p->is_v6 ? way->source->v6 : way->source->v4;
		half.seen_ns = gate->now;
		half.flags = next_nat_flags(p, 0, 1);
		if (make_pair(skb, p, &half))
			return HR_STACK_NO_PORT;
		renew_claim(skb, p, &half, 1);
	}
	t->address = half.address;
	t->port = half.port;
	if (p->fragment == FRAGMENT_FIRST)
		note_fragment(p, &t->address);
	return 0;
}

static __always_inline int go_masqueraded(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, const struct way *way)
{
	struct translation t = { .outward = 1 };
	int refusal = find_stand_in(skb, gate, p, way, &t);

	if (refusal)
		return to_stack(skb, HR_FROM_POD, refusal);
	count(skb, HR_FROM_POD, HR_FAST_MASQUERADE);
	return translate(skb, p, &t) ? TC_ACT_SHOT : through_uplink(skb, p, way);
}

/* An answer that cannot go fast goes to the stack with the pod's address: nobody there knows the node's port, and a reset would follow. */
static __always_inline int go_unmasqueraded(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, const struct way *way,
					    enum hr_reason reason)
{
	struct translation t = {};

	find_stand_in(skb, gate, p, way, &t);
	count(skb, HR_FROM_NET, reason == GO_ON ? HR_FAST_UNMASQUERADE : reason);
	if (translate(skb, p, &t))
		return TC_ACT_SHOT;
	return reason == GO_ON ? to_endpoint(skb, p, way->to) : TC_ACT_UNSPEC;
}

static __always_inline int go_from_pod(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, const struct way *way)
{
	if (way->stand_in || way->source)
		return go_masqueraded(skb, gate, p, way);
	if (way->is_new && remember(gate, p, way->to ? HR_FLOW_LOCAL : 0))
		return to_stack(skb, HR_FROM_POD, HR_STACK_FLOW_TABLE);
	if (hr_conntrack_entries && is_opening(p))
		note_opening(p, gate->now);
	if (way->to) {
		count(skb, HR_FROM_POD, HR_FAST_LOCAL);
		return to_endpoint(skb, p, way->to);
	}
	count(skb, HR_FROM_POD, has_neighbour(way) ? HR_FAST_REMOTE : HR_FAST_REMOTE_NEIGH);
	return through_uplink(skb, p, way);
}

static __always_inline int go_from_net(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, const struct way *way)
{
	if (way->is_new && remember(gate, p, 0))
		return to_stack(skb, HR_FROM_NET, HR_STACK_FLOW_TABLE);
	count(skb, HR_FROM_NET, HR_FAST_FROM_NET);
	return to_endpoint(skb, p, way->to);
}

#endif
