/* SPDX-License-Identifier: MIT */
/*
 * Translated flows. Each is a pair: hr_nat_out is found by the pod's packets, hr_nat_in by the answers. A pair stays in force as
 * long as the programs are attached, in every mode: nobody else knows its port. New pairs are made in mode ON only, see ports.h.
 * A packet of a known flow costs one lookup; the other half is looked at when flags change, once a second, and by the pod's next packet
 * after an answer was dropped for want of its half; then a half that was displaced is put back with the same port (mode ON).
 */
#ifndef HOST_ROUTING_NAT_H
#define HOST_ROUTING_NAT_H

#include "claims.h"
#include "gate.h"
#include "maps.h"
#include "parse.h"
#include "translate.h"

#define HR_NAT_FIN_BOTH (HR_NAT_FIN_OUT | HR_NAT_FIN_IN)

static __always_inline struct hr_masquerade *masquerade_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&hr_masquerade, &zero);
}

/* How long a pair lives without a packet. */
static __always_inline __u64 nat_lifetime_ns(const struct hr_masquerade *settings, __u8 protocol, __u32 flags)
{
	if (protocol == IPPROTO_UDP)
		return flags & HR_NAT_REPLIED ? settings->udp_stream_ns : settings->udp_ns;
	if (protocol != IPPROTO_TCP)
		return settings->icmp_ns;
	if (flags & HR_NAT_RESET || (flags & HR_NAT_FIN_BOTH) == HR_NAT_FIN_BOTH)
		return settings->tcp_closing_ns;
	return flags & HR_NAT_REPLIED ? settings->tcp_established_ns : settings->tcp_syn_ns;
}

static __always_inline int in_range(const struct hr_port_range *range, __u16 port)
{
	return port >= range->first && port <= range->last;
}

/* Cheap, before any lookup: most of what comes in for the node is its own. */
static __always_inline int may_be_answer(const struct packet *p, const struct hr_masquerade *settings)
{
	__u16 port = bpf_ntohs(p->flow.destination_port);

	if (!settings || !port)
		return 0;
	return in_range(&settings->ranges[0], port) || in_range(&settings->ranges[1], port) || in_range(&settings->retired[0], port) ||
	       in_range(&settings->retired[1], port);
}

/* The tuple of the other direction of t, once `side` stands in for t's near end: its source when outward, else its destination. */
static __always_inline void other_tuple(struct hr_tuple *other, const struct hr_tuple *t, const struct hr_nat *side, int outward)
{
	__builtin_memset(other, 0, sizeof(*other));
	other->protocol = t->protocol;
	if (outward) {
		other->source = t->destination;
		other->source_port = t->destination_port;
		other->destination = side->address;
		other->destination_port = side->port;
	} else {
		other->source = side->address;
		other->source_port = side->port;
		other->destination = t->source;
		other->destination_port = t->source_port;
	}
}

static __always_inline int same_end(const struct hr_nat *side, const struct hr_address *address, __u16 port)
{
	return side->port == port && !compare_words(&side->address, address);
}

/* The flags that a pair has once this packet has passed. */
static __always_inline __u32 next_nat_flags(const struct packet *p, __u32 flags, int outward)
{
	/* the pod opens the same tuple again */
	if (outward && is_opening(p) && (flags & HR_NAT_RESET || (flags & HR_NAT_FIN_BOTH) == HR_NAT_FIN_BOTH))
		return 0;
	if (!outward)
		flags |= HR_NAT_REPLIED;
	if (p->tcp_bits & TCP_FIN)
		flags |= outward ? HR_NAT_FIN_OUT : HR_NAT_FIN_IN;
	/* Sequence numbers are not followed, so a reset may be forged: a flow that goes on shows that it was. */
	return p->tcp_bits & TCP_RST ? flags | HR_NAT_RESET : flags & ~HR_NAT_RESET;
}

/* Brings the other half into step; puts it back when it is gone; gives way when the port has become somebody else's. */
static __noinline int tell_other_half(struct __sk_buff *skb, const struct packet *p, const struct hr_nat *half, int outward, int repair)
{
	struct hr_nat *other, missing = {};
	struct hr_tuple key;

	if (!p || !half)
		return -1;
	other_tuple(&key, &p->flow, half, outward);
	missing.address = outward ? p->flow.source : p->flow.destination;
	missing.port = outward ? p->flow.source_port : p->flow.destination_port;
	missing.flags = half->flags;
	missing.seen_ns = half->seen_ns;
	other = outward ? bpf_map_lookup_elem(&hr_nat_in, &key) : bpf_map_lookup_elem(&hr_nat_out, &key);
	if (other) {
		if (same_end(other, &missing.address, missing.port))
			other->flags = half->flags;
		else if (outward)
			bpf_map_delete_elem(&hr_nat_out, &p->flow);
		return 0;
	}
	if (!repair)
		return 0;
	if (outward)
		return bpf_map_update_elem(&hr_nat_in, &key, &missing, BPF_NOEXIST);
	return bpf_map_update_elem(&hr_nat_out, &key, &missing, BPF_NOEXIST);
}

static __always_inline void renew_claim(struct __sk_buff *skb, const struct packet *p, const struct hr_nat *half, int outward)
{
	struct hr_masquerade *settings = masquerade_settings();

	if (settings)
		claim_port(skb, p, half, outward, nat_lifetime_ns(settings, p->flow.protocol, half->flags));
}

static __always_inline void note_half_lost(__u64 now)
{
	__u32 zero = 0;
	__u64 *lost = bpf_map_lookup_elem(&hr_half_lost, &zero);

	if (lost)
		*lost = now;
}

/* Whether an answer may have missed its half since this pair was looked at; the clock is coarse, so in its very tick too. */
static __always_inline int may_have_lost_half(const struct hr_nat *half, int outward)
{
	__u32 zero = 0;
	__u64 *lost = outward ? bpf_map_lookup_elem(&hr_half_lost, &zero) : 0;

	return lost && *lost >= half->seen_ns;
}

/* Notes a packet in its half, and copies that. */
static __always_inline void touch_nat(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, struct hr_nat *half, int outward,
				      struct hr_nat *copy)
{
	__u32 flags = p->is_icmp_error ? half->flags : next_nat_flags(p, half->flags, outward);

	*copy = *half;
	if (p->is_icmp_error)
		return;
	if (flags == half->flags && gate->now - half->seen_ns < SECOND_NS && !may_have_lost_half(half, outward))
		return;
	copy->flags = half->flags = flags;
	copy->seen_ns = half->seen_ns = gate->now;
	tell_other_half(skb, p, copy, outward, gate->mode == HR_MODE_ON);
	renew_claim(skb, p, copy, outward);
}

#endif
