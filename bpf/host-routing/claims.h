/* SPDX-License-Identifier: MIT */
/*
 * A claim: an entry in conntrack that says "the node's port leads to this remote". The kernel's own NAT takes any port that
 * conntrack does not know of (MASQUERADE --random-fully does so for every connection of the node itself), and must not take
 * one that stands in for a pod's. A claim is marked as ours and has no other effect; it lasts as long as the pair may be silent, and
 * is renewed with it. TCP and UDP, where the kernel lends the functions; who hands a flow over removes its claim first.
 */
#ifndef HOST_ROUTING_CLAIMS_H
#define HOST_ROUTING_CLAIMS_H

#include "gate.h"
#include "parse.h"

#define NS_PER_MS 1000000
/* 24 days: the kernel reckons in 32 bits of milliseconds, with a sign. */
#define CLAIM_MS_MAX 0x7fffffff

/* One end of a translated flow. */
struct claim {
	const struct hr_address *node, *remote;
	__u16 node_port, remote_port; /* network byte order */
	__u32 ms;
};

static __always_inline __u32 fill_claim(struct bpf_sock_tuple *tuple, const struct __sk_buff *skb, const struct claim *claim)
{
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		tuple->ipv4.saddr = claim->node->word[3];
		tuple->ipv4.daddr = claim->remote->word[3];
		tuple->ipv4.sport = claim->node_port;
		tuple->ipv4.dport = claim->remote_port;
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, claim->node, sizeof(*claim->node));
	__builtin_memcpy(tuple->ipv6.daddr, claim->remote, sizeof(*claim->remote));
	tuple->ipv6.sport = claim->node_port;
	tuple->ipv6.dport = claim->remote_port;
	return sizeof(tuple->ipv6);
}

/* 0 when the claim stands. Written out for both sizes of tuple: the kernel's functions want a constant. */
static __always_inline int enter_claim(struct __sk_buff *skb, struct bpf_sock_tuple *tuple, const __u32 size, __u8 protocol, __u32 ms)
{
	struct bpf_ct_opts___v1 opts = { .netns_id = -1, .l4proto = protocol };
	struct nf_conn *ct = bpf_skb_ct_lookup(skb, tuple, size, &opts, sizeof(opts));
	int result = 0;

	if (ct) {
		if (is_trace(ct))
			bpf_ct_change_timeout(ct, ms);
		else
			result = -1;
		bpf_ct_release(ct);
		return result;
	}
	ct = bpf_skb_ct_alloc(skb, tuple, size, &opts, sizeof(opts));
	if (!ct)
		return -1;
	bpf_ct_set_timeout(ct, ms);
	ct->mark = TRACE_MARK;
	ct = bpf_ct_insert_entry(ct);
	if (!ct)
		return -1;
	bpf_ct_release(ct);
	return 0;
}

/* Makes or renews the claim to a port; `half` is this direction's, p a packet before translation. */
static __noinline int claim_port(struct __sk_buff *skb, const struct packet *p, const struct hr_nat *half, int outward, __u64 lifetime_ns)
{
	struct bpf_sock_tuple tuple = {};
	struct claim claim = {};
	__u64 ms = lifetime_ns / NS_PER_MS;

	if (!p || !half || !hr_conntrack_lookup || !hr_conntrack_entries || (p->flow.protocol != IPPROTO_TCP && p->flow.protocol != IPPROTO_UDP))
		return -1;
	claim.node = outward ? &half->address : &p->flow.destination;
	claim.node_port = outward ? half->port : p->flow.destination_port;
	claim.remote = outward ? &p->flow.destination : &p->flow.source;
	claim.remote_port = outward ? p->flow.destination_port : p->flow.source_port;
	claim.ms = ms > CLAIM_MS_MAX ? CLAIM_MS_MAX : ms;
	if (fill_claim(&tuple, skb, &claim) == sizeof(tuple.ipv4))
		return enter_claim(skb, &tuple, sizeof(tuple.ipv4), p->flow.protocol, claim.ms);
	return enter_claim(skb, &tuple, sizeof(tuple.ipv6), p->flow.protocol, claim.ms);
}

#endif
