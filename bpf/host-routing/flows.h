/* SPDX-License-Identifier: MIT */
/* Remembered flows, and the packet's place among them: key, age, state. What may become one of them is decided in gate.h. */
#ifndef HOST_ROUTING_FLOWS_H
#define HOST_ROUTING_FLOWS_H

#include "maps.h"
#include "parse.h"

#define SECOND_NS 1000000000ULL
/* nf_conntrack_tcp_timeout_established's default; an older entry counts as none. */
#define TCP_AGE_NS (432000 * SECOND_NS)
#define TCP_CLOSING_AGE_NS (10 * SECOND_NS)
#define UDP_AGE_NS (120 * SECOND_NS)
#define ICMP_AGE_NS (30 * SECOND_NS)
#define HR_FLOW_CLOSED (HR_FLOW_FIN_FROM_LOW | HR_FLOW_FIN_FROM_HIGH)

struct gate {
	struct hr_flow_key key;
	__u64 now;
	__u64 stack_udp_ns; /* latest UDP to the stack of the flow's local pods */
	__u32 mode, epoch;
	__u32 answer_number; /* without conntrack: what the SYN at hand is to be acknowledged by */
	__u8 from_low;
	__u8 is_trace; /* decides, and changes nothing */
};

/* Fills the key of a tuple's flow; 1 when the tuple runs from the lower end. */
static __always_inline int order_ends(struct hr_flow_key *key, const struct hr_tuple *t)
{
	int order = compare_words(&t->source, &t->destination);
	int from_low = order < 0 || (order == 0 && t->source_port <= t->destination_port);

	key->low = from_low ? t->source : t->destination;
	key->high = from_low ? t->destination : t->source;
	key->low_port = from_low ? t->source_port : t->destination_port;
	key->high_port = from_low ? t->destination_port : t->source_port;
	key->protocol = t->protocol;
	return from_low;
}

static __always_inline void make_key(struct gate *gate, const struct hr_tuple *t)
{
	gate->from_low = order_ends(&gate->key, t);
}

/* The key is copied: verifiers of 6.1 take no memory behind a function's argument for one. */
static __always_inline void forget_flow(const struct gate *gate)
{
	struct hr_flow_key key = gate->key;

	bpf_map_delete_elem(&hr_flows, &key);
}

static __always_inline int is_closed(__u32 flags)
{
	return (flags & HR_FLOW_CLOSED) == HR_FLOW_CLOSED;
}

static __always_inline __u64 age_limit_ns(__u8 protocol, __u32 flags)
{
	if (protocol == IPPROTO_TCP)
		return is_closed(flags) ? TCP_CLOSING_AGE_NS : TCP_AGE_NS;
	return protocol == IPPROTO_UDP ? UDP_AGE_NS : ICMP_AGE_NS;
}

/* What is remembered of the packet's flow, or NULL. Sets gate->key. */
static __always_inline struct hr_flow *find_flow(struct gate *gate, const struct packet *p)
{
	struct hr_flow *flow;

	make_key(gate, &p->flow);
	flow = bpf_map_lookup_elem(&hr_flows, &gate->key);
	if (flow && (flow->epoch != gate->epoch || gate->now - flow->seen_ns > age_limit_ns(gate->key.protocol, flow->flags)))
		return 0;
	return flow;
}

static __always_inline __u32 opened_by_sender(const struct gate *gate)
{
	return gate->from_low ? HR_FLOW_OPENED_FROM_LOW : HR_FLOW_OPENED_FROM_HIGH;
}

/* The flags that a flow has once this packet has passed. */
static __always_inline __u32 next_flags(const struct gate *gate, const struct packet *p, __u32 flags)
{
	if (is_opening(p))
		return (flags & HR_FLOW_LOCAL) | opened_by_sender(gate);
	if (p->tcp_bits & TCP_FIN)
		return flags | (gate->from_low ? HR_FLOW_FIN_FROM_LOW : HR_FLOW_FIN_FROM_HIGH);
	return flags;
}

#endif
