/* SPDX-License-Identifier: MIT */
/*
 * Which way a packet goes, and why: decided here before anything is changed, done in go.h. A packet that is to go fast needs a
 * yes of everybody: its class, TTL, the gate or its pair, routing, MTU.
 */
#ifndef HOST_ROUTING_WAY_H
#define HOST_ROUTING_WAY_H

#include "denial.h"
#include "fib.h"
#include "fragments.h"
#include "gate.h"
#include "maps.h"
#include "nat.h"

struct way {
	struct hr_endpoint *to;	      /* pod at the end, or NULL */
	struct hr_nat *half;	      /* this direction's half of a translated flow, or NULL */
	struct hr_address *stand_in;  /* what this packet's near end is translated to: of the half, or of the first fragment; or NULL */
	struct hr_source *source;     /* a new pair is to be made, with one of these addresses; or NULL */
	struct hr_route *route;	      /* routing's answer, or NULL: not asked */
	__u32 is_new; /* to be remembered as a direct flow */
};

/* No reason to leave the packet to the stack so far. */
#define GO_ON PARSED

/* Routing knows the next hop's link layer. */
static __always_inline int has_neighbour(const struct way *way)
{
	return way->route && way->route->result == BPF_FIB_LKUP_RET_SUCCESS;
}

static __always_inline enum hr_class class_of(const struct hr_address *address)
{
	struct hr_prefix prefix = { .length = 128, .address = *address };
	__u32 *class = bpf_map_lookup_elem(&hr_ranges, &prefix);

	return class ? *class : HR_CLASS_STACK;
}

/*
 * Class of the far end of a flow that leaves or reaches this node. What a flow is, it stays: its first packet is judged, as it is on
 * the stack. Only native flows are remembered, so a remembered one is native; an error's far end is not its flow's.
 */
static __always_inline enum hr_class judge_range(const struct gate *gate, const struct packet *p, struct hr_flow **flow,
						 const struct hr_address *far)
{
	enum hr_class class;

	/* between two pods of this node: one of them is gone, or somebody else uses its address */
	if (*flow && (*flow)->flags & HR_FLOW_LOCAL)
		*flow = 0;
	if (*flow && !p->is_icmp_error && !is_opening(p))
		return HR_CLASS_NATIVE;
	class = class_of(far);
	if (*flow && class != HR_CLASS_NATIVE && !p->is_icmp_error && !gate->is_trace)
		forget_flow(gate);
	return class;
}

static __always_inline void find_half(void *map, const struct packet *p, struct way *way)
{
	way->half = bpf_map_lookup_elem(map, &p->flow);
	if (way->half)
		way->stand_in = &way->half->address;
}

/* The gate's word on a direct flow; flow: what is remembered of it, or NULL. */
static __always_inline enum hr_reason ask_gate(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct hr_flow *flow,
					       struct way *way)
{
	enum hr_reason verdict = pass_gate(skb, gate, p, flow);

	way->is_new = verdict == GATE_NEW;
	return verdict == GATE_NEW || verdict == GATE_FAST ? GO_ON : verdict;
}

/* Routing sees the pod's address, as it does on the stack: there too a source is translated after routing. */
static __always_inline enum hr_reason ask_routing(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, struct way *way)
{
	way->route = look_up_route(skb, gate, p);
	if (way->route && way->route->result == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return HR_STACK_TOO_BIG;
	if (!has_way(way->route) || !way->route->uplink_mtu)
		return HR_STACK_ROUTE;
	return p->segment_length > way->route->uplink_mtu ? HR_STACK_TOO_BIG : GO_ON;
}

/* To a pod of this node, whose address is p->destination. */
static __always_inline enum hr_reason ask_direct(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct hr_flow *flow,
						 struct way *way)
{
	enum hr_reason verdict;

	if (p->ttl <= 1)
		return HR_STACK_TTL;
	if (way->to->last_stack_udp_ns > gate->stack_udp_ns)
		gate->stack_udp_ns = way->to->last_stack_udp_ns;
	if (p->segment_length > way->to->mtu)
		return HR_STACK_TOO_BIG;
	verdict = ask_gate(skb, gate, p, flow, way);
	if (verdict != GO_ON)
		return verdict;
	return endpoint_is_current(skb, gate, p, way->to) ? GO_ON : HR_STACK_STALE_ENDPOINT;
}

/* A pod's packet of a flow that is being translated. */
static __always_inline enum hr_reason ask_outward(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, struct way *way)
{
	if (p->ttl <= 1)
		return HR_STACK_TTL;
	if (p->is_icmp_error && compare_words(&p->source, &p->flow.source))
		return HR_STACK_ICMP_ERROR;
	return ask_routing(skb, gate, p, way);
}

/* A pod's packet to the outside that belongs to no pair. */
static __always_inline enum hr_reason ask_new_pair(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct way *way)
{
	struct hr_masquerade *settings = masquerade_settings();
	enum hr_reason refusal;

	/* a port that the kernel translates to must not be ours too, and conntrack alone knows which those are */
	if (!settings || !settings->enabled || !hr_conntrack_lookup)
		return HR_STACK_MASQUERADE_OFF;
	if (gate->mode != HR_MODE_ON)
		return HR_STACK_MODE;
	if (p->is_icmp_error)
		return HR_STACK_ICMP_ERROR;
	/* Who answers an echo request was asked over the stack. Conntrack cannot be asked about ICMP. */
	if (p->is_echo_reply || conntrack_knows(skb, &p->flow, 0) == KNOWN_TO_STACK)
		return HR_STACK_CONNTRACK;
	refusal = ask_routing(skb, gate, p, way);
	if (refusal != GO_ON)
		return refusal;
	if (!way->route) /* cannot be: it has agreed */
		return HR_STACK_ROUTE;
	way->source = bpf_map_lookup_elem(&hr_sources, &way->route->fib.ifindex);
	if (!way->source || !(p->is_v6 ? way->source->v6.word[0] : way->source->v4.word[3]))
		return HR_STACK_NO_ADDRESS;
	return GO_ON;
}

/* Leaves its traces: what a pod begins on the stack may meet a direct flow of the same ports, see gate.h. */
static __always_inline void note_stack(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct hr_endpoint *from)
{
	if (gate->is_trace || p->is_icmp_error)
		return;
	if (p->flow.protocol == IPPROTO_UDP)
		from->last_stack_udp_ns = gate->now;
	if (is_opening(p))
		avoid_clash(skb, gate, p);
}

/* A pod's packet to somebody who is no pod of this node. */
static __always_inline enum hr_reason ask_remote(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct way *way,
						 struct hr_endpoint *from)
{
	enum hr_reason verdict = HR_STACK_OPT_OUT;
	struct hr_flow *flow = 0;
	enum hr_class class;

	if (!(from->flags & HR_ENDPOINT_OPT_OUT))
		flow = find_flow(gate, p);
	class = judge_range(gate, p, &flow, &p->destination);
	if (class != HR_CLASS_STACK && p->ttl <= 1)
		return HR_STACK_TTL;
	if (class == HR_CLASS_NATIVE && !(from->flags & HR_ENDPOINT_OPT_OUT)) {
		verdict = ask_gate(skb, gate, p, flow, way);
		if (verdict == GO_ON && !way->is_new)
			return ask_routing(skb, gate, p, way);
	}
	/* whatever its class is now: what was begun with the node's address goes on with it */
	find_half(&hr_nat_out, p, way);
	if (way->half)
		return ask_outward(skb, gate, p, way);
	if (class == HR_CLASS_STACK) {
		note_stack(skb, gate, p, from);
		return HR_STACK_CLASS;
	}
	if (from->flags & HR_ENDPOINT_OPT_OUT)
		return HR_STACK_OPT_OUT;
	if (class == HR_CLASS_OWN_NODE)
		return HR_STACK_NO_ENDPOINT;
	if (class == HR_CLASS_MASQUERADE)
		return ask_new_pair(skb, gate, p, way);
	return verdict == GO_ON ? ask_routing(skb, gate, p, way) : verdict;
}

/* Fragments, and everything while the mode is OFF: only what is being translated goes on being so. */
static __always_inline enum hr_reason ask_known_outward(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct way *way)
{
	if (p->fragment == FRAGMENT_LATER)
		way->stand_in = find_fragment(gate, p);
	else
		find_half(&hr_nat_out, p, way);
	if (way->stand_in)
		return ask_outward(skb, gate, p, way);
	return gate->mode == HR_MODE_OFF ? HR_STACK_MODE : HR_STACK_FRAGMENT;
}

static __always_inline enum hr_reason way_from_pod(struct __sk_buff *skb, struct gate *gate, struct packet *p, struct way *way)
{
	enum hr_reason refusal = parse(skb, p);
	struct hr_denying *denying = denying_now();
	struct hr_endpoint *from;

	if (denying && may_be_denied(denying, p, refusal) && is_denied(skb, gate, denying->active))
		return HR_DROP_DENIED;
	if (refusal != PARSED && refusal != HR_STACK_FRAGMENT)
		return gate->mode == HR_MODE_OFF ? HR_STACK_MODE : refusal;
	from = bpf_map_lookup_elem(&hr_endpoints, &p->source);
	if (!from || from->ifindex != skb->ifindex)
		return gate->mode == HR_MODE_OFF ? HR_STACK_MODE : HR_STACK_SOURCE;
	if (gate->mode == HR_MODE_OFF || p->fragment)
		return ask_known_outward(skb, gate, p, way);
	gate->stack_udp_ns = from->last_stack_udp_ns;
	way->to = bpf_map_lookup_elem(&hr_endpoints, &p->destination);
	if (!way->to)
		return ask_remote(skb, gate, p, way, from);
	if ((from->flags | way->to->flags) & HR_ENDPOINT_OPT_OUT)
		return HR_STACK_OPT_OUT;
	return ask_direct(skb, gate, p, find_flow(gate, p), way);
}

/*
 * The claim to its port shows that an answer belongs to a translated flow. The node's own stack knows nothing of that flow and would end it
 * (a reset, a port unreachable). Dropped, it is sent again, and the pod's next packet puts the half back.
 */
static __always_inline int has_lost_half(struct __sk_buff *skb, const struct gate *gate, const struct packet *p)
{
	if (gate->mode != HR_MODE_ON || !hr_conntrack_entries || p->is_icmp_error || !may_be_answer(p, masquerade_settings()))
		return 0;
	return conntrack_knows(skb, &p->flow, 1) == KNOWN_AS_TRACE;
}

/* An answer to a translated flow, or a packet for the node itself. p->destination becomes the pod's address. */
static __always_inline enum hr_reason ask_inward(struct __sk_buff *skb, struct gate *gate, struct packet *p, struct way *way)
{
	if (p->fragment == FRAGMENT_LATER)
		way->stand_in = find_fragment(gate, p);
	else if (may_be_answer(p, masquerade_settings()))
		find_half(&hr_nat_in, p, way);
	if (!way->stand_in && gate->mode == HR_MODE_OFF)
		return HR_STACK_MODE;
	if (!way->stand_in && p->fragment)
		return HR_STACK_FRAGMENT;
	if (!way->stand_in)
		return has_lost_half(skb, gate, p) ? HR_DROP_HALF_LOST : HR_STACK_HOST;
	if (p->is_icmp_error && compare_words(&p->destination, &p->flow.destination))
		return HR_STACK_ICMP_ERROR;
	p->destination = *way->stand_in;
	way->to = bpf_map_lookup_elem(&hr_endpoints, &p->destination);
	if (!way->to)
		return HR_STACK_NO_ENDPOINT;
	if (p->ttl <= 1)
		return HR_STACK_TTL;
	if (p->segment_length > way->to->mtu)
		return HR_STACK_TOO_BIG;
	return endpoint_is_current(skb, gate, p, way->to) ? GO_ON : HR_STACK_STALE_ENDPOINT;
}

static __always_inline enum hr_reason way_from_net(struct __sk_buff *skb, struct gate *gate, struct packet *p, struct way *way)
{
	enum hr_reason refusal = parse(skb, p);
	struct hr_flow *flow;

	if (refusal != PARSED && refusal != HR_STACK_FRAGMENT)
		return gate->mode == HR_MODE_OFF ? HR_STACK_MODE : refusal;
	way->to = bpf_map_lookup_elem(&hr_endpoints, &p->destination);
	if (!way->to)
		return ask_inward(skb, gate, p, way);
	if (gate->mode == HR_MODE_OFF)
		return HR_STACK_MODE;
	if (p->fragment)
		return HR_STACK_FRAGMENT;
	if (way->to->flags & HR_ENDPOINT_OPT_OUT)
		return HR_STACK_OPT_OUT;
	/*
	 * Only what is routed as it is: the outside and forged addresses of our own pods keep the stack's filters. Errors come from
	 * routers too; the flow that they quote must be a fast one.
	 */
	flow = find_flow(gate, p);
	if (judge_range(gate, p, &flow, &p->source) != HR_CLASS_NATIVE && !p->is_icmp_error)
		return HR_STACK_CLASS;
	return ask_direct(skb, gate, p, flow, way);
}

#endif
