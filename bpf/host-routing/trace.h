/* SPDX-License-Identifier: MIT */
/*
 * Which way a packet would go, and what speaks for it: run with BPF_PROG_TEST_RUN by somebody who asks, never attached. The
 * decision is the programs' own; nothing is changed or counted. A pair or a port is not sought for a flow that has none.
 */
#ifndef HOST_ROUTING_TRACE_H
#define HOST_ROUTING_TRACE_H

#include "way.h"

static __always_inline enum hr_reason name_way(const struct way *way, enum hr_direction direction, enum hr_reason reason)
{
	if (reason != GO_ON)
		return reason;
	if (direction == HR_FROM_NET)
		return way->stand_in ? HR_FAST_UNMASQUERADE : HR_FAST_FROM_NET;
	if (way->stand_in || way->source)
		return HR_FAST_MASQUERADE;
	if (way->to)
		return HR_FAST_LOCAL;
	return has_neighbour(way) ? HR_FAST_REMOTE : HR_FAST_REMOTE_NEIGH;
}

static __always_inline void trace_endpoints(struct hr_trace *trace, const struct packet *p)
{
	struct hr_endpoint *source = bpf_map_lookup_elem(&hr_endpoints, &p->source);
	struct hr_endpoint *to = bpf_map_lookup_elem(&hr_endpoints, &p->destination);

	trace->class = class_of(trace->direction == HR_FROM_POD ? &p->destination : &p->source);
	trace->source_ifindex = source ? source->ifindex : 0;
	trace->endpoint_ifindex = to ? to->ifindex : 0;
	trace->endpoint_flags = trace->direction == HR_FROM_POD ? (source ? source->flags : 0) : (to ? to->flags : 0);
}

static __always_inline void trace_flow_table(struct hr_trace *trace, struct gate *gate, const struct packet *p)
{
	struct hr_flow *flow;

	make_key(gate, &p->flow);
	flow = bpf_map_lookup_elem(&hr_flows, &gate->key);
	if (flow && flow->epoch == gate->epoch)
		trace->flow_age_ns = gate->now > flow->seen_ns ? gate->now - flow->seen_ns : 0;
}

static __always_inline void trace_pair(struct hr_trace *trace, const struct gate *gate, const struct packet *p)
{
	struct hr_nat *half = trace->direction == HR_FROM_POD ? bpf_map_lookup_elem(&hr_nat_out, &p->flow) :
								bpf_map_lookup_elem(&hr_nat_in, &p->flow);

	if (!half)
		return;
	trace->nat_age_ns = gate->now > half->seen_ns ? gate->now - half->seen_ns : 0;
	trace->nat_address = half->address;
	trace->nat_port = half->port;
	trace->nat_flags = half->flags;
}

static __always_inline void trace_route(struct hr_trace *trace, struct __sk_buff *skb, const struct gate *gate, const struct packet *p)
{
	struct hr_route *route = look_up_route(skb, gate, p);

	if (!route)
		return;
	trace->route = route->result;
	if (trace->route < 0)
		return;
	trace->route_ifindex = route->fib.ifindex;
	/* shares its place with the length that was asked for, and is written where a route was found */
	if (has_way(route) || route->result == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		trace->route_mtu = route->fib.mtu_result;
}

static __always_inline void clear_trace(struct hr_trace *trace)
{
	__u64 runs = trace->runs;

	__builtin_memset(trace, 0, sizeof(*trace));
	trace->runs = runs + 1;
	trace->reason = HR_REASON_MAX;
	trace->flow_age_ns = HR_TRACE_NO_AGE;
	trace->nat_age_ns = HR_TRACE_NO_AGE;
	trace->route = HR_TRACE_NO_ROUTE_ASKED;
}

/* A device that is not ours leaves reason at HR_REASON_MAX and role at 0. */
static __always_inline void trace_packet(struct __sk_buff *skb, struct hr_trace *trace, struct gate *gate, struct packet *p, struct way *way)
{
	__u32 ifindex = skb->ifindex;
	struct hr_device *device = bpf_map_lookup_elem(&hr_devices, &ifindex);
	enum hr_reason reason;

	clear_trace(trace);
	trace->mode = gate->mode;
	if (!device)
		return;
	trace->role = device->role;
	trace->direction = device->role == HR_ROLE_POD ? HR_FROM_POD : HR_FROM_NET;
	gate->is_trace = 1;
	reason = device->role == HR_ROLE_POD ? way_from_pod(skb, gate, p, way) : way_from_net(skb, gate, p, way);
	trace->reason = name_way(way, trace->direction, reason);
	if (!p->flow.protocol) /* no packet of IP's */
		return;
	trace_endpoints(trace, p);
	trace_pair(trace, gate, p);
	trace_flow_table(trace, gate, p);
	trace_route(trace, skb, gate, p);
	if (hr_conntrack_lookup && (p->flow.protocol == IPPROTO_TCP || p->flow.protocol == IPPROTO_UDP))
		trace->conntrack = HR_CONNTRACK_UNKNOWN + conntrack_knows(skb, &p->flow, 0);
}

#endif
