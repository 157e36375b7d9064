/* SPDX-License-Identifier: MIT */
/*
 * The gate: which flows may leave the stack. The kernel's conntrack is the authority: a flow that it tracks
 * (translated by a Service, or begun before the switch) stays on the stack; a flow that it does not know is
 * ours and is remembered. Forgetting is harmless, so the table may be an LRU.
 *
 * A remembered flow must not outlive itself, else a later Service flow with the same ports is never
 * un-translated. So conntrack is asked again:
 *   TCP  on SYN, SYN-ACK and RST (the first answers that a new Service connection can get); with what follows both ends' FIN,
 *        a flow is forgotten (where conntrack takes no entries of ours: ten seconds later);
 *   UDP  once a second, and whenever a pod of this flow has just sent UDP to the stack (that packet may have
 *        begun a Service flow whose answer looks like ours);
 *   ICMP errors always, for the flow that they quote.
 * Conntrack learns of direct TCP flows when NAT must not take their ports, see opened.h.
 * Remains: a live direct UDP flow and a Service flow on the same ports at once. Counted as HR_STACK_CLASH.
 *
 * Where conntrack cannot be asked (hr_conntrack_lookup), only TCP whose SYN was seen is fast, and a SYN-ACK only when it
 * acknowledges that SYN: any other belongs to a Service connection on the same ports, and ends what is remembered. UDP has no
 * beginning that could be seen, so it keeps the stack, and so does what would be masqueraded.
 */
#ifndef HOST_ROUTING_GATE_H
#define HOST_ROUTING_GATE_H

#include "conntrack.h"
#include "flows.h"
#include "opened.h"

/* From our sight of a pod's UDP packet until the stack has made its conntrack entry, plus one tick of the coarse clock. */
#define UDP_SETTLE_NS (20 * 1000000ULL)

/* What the gate says: FAST or NEW let the packet through, anything else is a reason for the stack. */
#define GATE_FAST ((enum hr_reason) - 1)
#define GATE_NEW ((enum hr_reason) - 2)

static __always_inline int is_opening_answer(const struct packet *p)
{
	return (p->tcp_bits & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
}

static __always_inline int must_ask_again(const struct gate *gate, const struct packet *p, const struct hr_flow *flow)
{
	if (p->is_icmp_error)
		return 1;
	if (gate->key.protocol == IPPROTO_TCP)
		return p->tcp_bits & (TCP_SYN | TCP_RST);
	if (gate->key.protocol == IPPROTO_UDP)
		return gate->now - flow->checked_ns >= SECOND_NS || gate->stack_udp_ns + UDP_SETTLE_NS >= flow->checked_ns;
	return 0;
}

/* Notes a packet in its flow. An ended flow's place is given back at once, else the table fills with them and living ones are evicted. */
static __always_inline void touch(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, struct hr_flow *flow)
{
	__u32 before = flow->flags, flags = next_flags(gate, p, before);

	if (flags != before || gate->now - flow->seen_ns >= SECOND_NS) {
		flow->flags = flags;
		flow->seen_ns = gate->now;
	}
	if (p->tcp_bits & TCP_RST) {
		forget_flow(gate);
	} else if (hr_conntrack_entries && flags == before && is_closed(flags) && !(p->tcp_bits & TCP_FIN)) {
		/* who opened it may have been forgotten */
		if (!(flags & HR_FLOW_OPENED_FROM_HIGH))
			note_ending(skb, gate, 1);
		if (!(flags & HR_FLOW_OPENED_FROM_LOW))
			note_ending(skb, gate, 0);
		forget_flow(gate);
	}
}

/* The gate where conntrack cannot be asked. flow: what is remembered, or NULL; its checked_ns holds answer_number. */
static __always_inline enum hr_reason pass_unasked(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct hr_flow *flow)
{
	struct {
		__u32 sequence, acknowledged;
	} numbers = {};

	if (gate->key.protocol == IPPROTO_TCP && p->tcp_bits & TCP_SYN &&
	    bpf_skb_load_bytes(skb, p->transport + offsetof(struct tcphdr, seq), &numbers, sizeof(numbers)))
		return HR_STACK_SHORT;
	gate->answer_number = bpf_ntohl(numbers.sequence) + 1;
	if (!flow) {
		if (gate->mode != HR_MODE_ON)
			return HR_STACK_MODE;
		if (p->is_icmp_error)
			return HR_STACK_ICMP_ERROR;
		/* an echo is not asked about where conntrack can be asked, either */
		if (gate->key.protocol != IPPROTO_TCP && gate->key.protocol != IPPROTO_UDP)
			return GATE_NEW;
		return is_opening(p) ? GATE_NEW : HR_STACK_UNSEEN;
	}
	if (p->is_icmp_error)
		return GATE_FAST;
	if (is_opening_answer(p) && bpf_ntohl(numbers.acknowledged) != (__u32)flow->checked_ns) {
		if (!gate->is_trace)
			forget_flow(gate);
		return HR_STACK_CLASH;
	}
	if (gate->is_trace)
		return GATE_FAST;
	if (is_opening(p))
		flow->checked_ns = gate->answer_number;
	touch(skb, gate, p, flow);
	return GATE_FAST;
}

/* A flow that is remembered. */
static __always_inline enum hr_reason pass_known(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct hr_flow *flow)
{
	if (must_ask_again(gate, p, flow)) {
		if (conntrack_knows(skb, &p->flow, is_opening_answer(p)) == KNOWN_TO_STACK) {
			if (!gate->is_trace)
				forget_flow(gate);
			return HR_STACK_CLASH;
		}
		if (!gate->is_trace)
			flow->checked_ns = gate->now;
	}
	if (!p->is_icmp_error && !gate->is_trace)
		touch(skb, gate, p, flow);
	return GATE_FAST;
}

/* A flow that is not. */
static __always_inline enum hr_reason pass_unknown(struct __sk_buff *skb, struct gate *gate, const struct packet *p)
{
	enum known known;

	if (gate->mode != HR_MODE_ON)
		return HR_STACK_MODE;
	if (p->is_icmp_error)
		return HR_STACK_ICMP_ERROR;
	known = conntrack_knows(skb, &p->flow, 0);
	if (known == KNOWN_TO_STACK && !(hr_adopt && adopt(skb, &p->flow, gate->is_trace)))
		return HR_STACK_CONNTRACK;
	return known == KNOWN_AS_TRACE && gate->key.protocol == IPPROTO_TCP && !is_opening(p) ? GATE_FAST : GATE_NEW;
}

/*
 * Decides before the packet is touched. flow: of find_flow(). GATE_NEW: call remember() once routing has agreed too.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int pass_gate(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct hr_flow *flow)
{
	int verdict;

	if (!gate || !p)
		return HR_STACK_MODE;
	if (!hr_conntrack_lookup)
		return pass_unasked(skb, gate, p, flow);
	verdict = flow ? pass_known(skb, gate, p, flow) : pass_unknown(skb, gate, p);
	if (is_opening(p) && (verdict == HR_STACK_CONNTRACK || verdict == HR_STACK_CLASH))
		note_mixing(gate, &p->flow.source);
	return verdict;
}

/*
 * 0, or an error of bpf_map_update_elem. No flow begins with an acknowledgement or an end: they may be the last words of one that
 * has just been forgotten, and data of a living one will come. flags: HR_FLOW_LOCAL or 0.
 */
static __always_inline long remember(const struct gate *gate, const struct packet *p, __u32 flags)
{
	struct hr_flow flow = { .seen_ns = gate->now, .checked_ns = gate->now, .epoch = gate->epoch };

	if (!hr_conntrack_lookup)
		flow.checked_ns = gate->answer_number;
	if (p->is_bare || p->tcp_bits & TCP_RST)
		return 0;
	/* TCP says who began; of the others it is whom we see first */
	if (gate->key.protocol != IPPROTO_TCP)
		flags |= opened_by_sender(gate);
	flow.flags = next_flags(gate, p, flags);
	return bpf_map_update_elem(&hr_flows, &gate->key, &flow, BPF_ANY);
}

#endif
