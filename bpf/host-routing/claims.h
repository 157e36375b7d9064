/* SPDX-License-Identifier: MIT */
/*
 * A claim: an entry in conntrack that says "the node's port leads to this remote". The kernel's own NAT takes any port that
 * conntrack does not know of (MASQUERADE --random-fully does so for every connection of the node itself), and must not take
 * one that stands in for a pod's. A claim is marked as ours and has no other effect; it lasts as long as the pair may be silent, and
 * is renewed with it. TCP and UDP, where the kernel lends the functions; who hands a flow over removes its claim first.
 */
#ifndef HOST_ROUTING_CLAIMS_H
#define HOST_ROUTING_CLAIMS_H

#include "conntrack.h"
#include "parse.h"

#define NS_PER_MS 1000000
/* 24 days: the kernel reckons in 32 bits of milliseconds, with a sign. */
#define CLAIM_MS_MAX 0x7fffffff

/* Makes or renews the claim to a port; `half` is this direction's, p a packet before translation. */
__noinline int claim_port(struct __sk_buff *skb, const struct packet *p, const struct hr_nat *half, int outward, __u64 lifetime_ns)
{
	__u64 ms = lifetime_ns / NS_PER_MS;
	struct hr_tuple claim = {};

	if (!p || !half || (p->flow.protocol != IPPROTO_TCP && p->flow.protocol != IPPROTO_UDP))
		return -1;
	claim.protocol = p->flow.protocol;
	claim.source = outward ? half->address : p->flow.destination;
	claim.source_port = outward ? half->port : p->flow.destination_port;
	claim.destination = outward ? p->flow.destination : p->flow.source;
	claim.destination_port = outward ? p->flow.destination_port : p->flow.source_port;
	return leave_trace(skb, &claim, ms > CLAIM_MS_MAX ? CLAIM_MS_MAX : ms);
}

#endif
