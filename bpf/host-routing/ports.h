/* SPDX-License-Identifier: MIT */
/*
 * Which port stands in for a pod's. Deterministic: the search begins at a hash of the pod's tuple and goes on by double hashing,
 * so a pair that was lost comes back with the port that it had. hr_nat_in is the lock: whoever inserts there owns the port.
 * Free is what no half holds, conntrack does not know towards this remote, no socket of the node has, and the agent has not
 * marked as a pod's host port. Conntrack is asked for TCP and UDP only; identifiers of the node's own echo requests are not seen.
 */
#ifndef HOST_ROUTING_PORTS_H
#define HOST_ROUTING_PORTS_H

#include "hash.h"
#include "nat.h"

/* 28,000 flows to one destination fill the default ranges (33,512 ports) to 84 %: 0.84^128 is nothing, 0.84^32 would be a few failures. */
#define PROBES 128
/* Odd steps up to here come round in the default ranges (8 x 59 x 71 ports) after 472 probes at least. */
#define PORT_STEP_MAX 1021
/* Probes of each: our own half (a flow in its middle), an unused port, a port whose flow has ended. */
enum search_pass { PASS_OWN = 0, PASS_UNUSED = 1, PASS_ENDED = 2, PASS_MAX = 3 };

struct search {
	struct __sk_buff *skb;
	const struct hr_masquerade *settings;
	__u64 now;
	struct hr_tuple key; /* of the answers; the port changes from probe to probe */
	struct hr_nat pod;   /* what hr_nat_in is to hold */
	__u32 hash, step, count;
	__u32 is_opening;
	__u16 found; /* network byte order, 0 = none */
};

static __always_inline __u32 mix(__u32 hash, __u32 word)
{
	hash ^= word;
	hash *= GOLDEN_RATIO;
	return hash ^ hash >> 15;
}

/* Every bit of the input changes half of the output's (MurmurHash3's end): ports that differ in one bit must not share their probes. */
static __always_inline __u32 avalanche(__u32 hash)
{
	hash = (hash ^ hash >> 16) * 0x85ebca6b;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35;
	return hash ^ hash >> 16;
}

static __always_inline __u32 hash_tuple(const struct hr_tuple *t)
{
	__u32 hash = t->protocol;

	for (int i = 0; i < 4; i++)
		hash = mix(mix(hash, t->source.word[i]), t->destination.word[i]);
	return avalanche(mix(hash, (__u32)t->source_port << 16 | t->destination_port));
}

static __always_inline __u32 ports_in(const struct hr_port_range *range)
{
	return range->last && range->last >= range->first ? range->last - range->first + 1 : 0;
}

/* The index-th port of both ranges, network byte order. */
static __always_inline __u16 port_at(const struct hr_masquerade *settings, __u32 index)
{
	__u32 in_first = ports_in(&settings->ranges[0]);

	return bpf_htons(index < in_first ? settings->ranges[0].first + index : settings->ranges[1].first + index - in_first);
}

static __always_inline int is_host_port(__u8 protocol, __u16 port)
{
	__u32 key = protocol == IPPROTO_UDP, number = bpf_ntohs(port);
	struct hr_port_bitmap *bitmap;

	if (is_icmp(protocol))
		return 0;
	bitmap = bpf_map_lookup_elem(&hr_host_ports, &key);
	if (!bitmap)
		return 0;
	/* The compiler knows that 16 bits need no mask; verifiers before 6.18 lose that at the byte swap and want to see one. */
	asm volatile("" : "+r"(number));
	return bitmap->bytes[(number >> 3) & (HR_PORT_BITMAP_BYTES - 1)] & 1 << (number & 7);
}

/* A socket of the node, connected to this remote or listening, that the answers would belong to. */
static __always_inline int socket_has(struct __sk_buff *skb, const struct hr_tuple *answer)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = fill_tuple(&tuple, answer, 0);
	struct bpf_sock *sock;

	if (answer->protocol == IPPROTO_TCP)
		sock = size == sizeof(tuple.ipv4) ? bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0) :
						    bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	else
		sock = size == sizeof(tuple.ipv4) ? bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0) :
						    bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return 0;
	bpf_sk_release(sock);
	return 1;
}

static __always_inline int is_taken_elsewhere(struct __sk_buff *skb, const struct hr_tuple *answer)
{
	if (is_host_port(answer->protocol, answer->destination_port))
		return 1;
	if (is_icmp(answer->protocol))
		return 0;
	return conntrack_has(skb, answer, 0) == KNOWN_TO_STACK || socket_has(skb, answer);
}

/* Whether the flow that holds a port has ended: reset, closed both ways for a while, or silent both ways for its time. */
static __always_inline int has_ended(const struct search *s, const struct hr_nat *in, const struct hr_nat *out)
{
	__u64 seen = out && out->seen_ns > in->seen_ns ? out->seen_ns : in->seen_ns;

	if (in->flags & HR_NAT_RESET)
		return 1;
	return s->now > seen && s->now - seen > nat_lifetime_ns(s->settings, s->key.protocol, in->flags);
}

/* Takes a port from a flow that has ended. Its other half goes first, so that it can never send from the port again. */
static __always_inline int take_port(struct search *s, const struct hr_nat *in)
{
	struct hr_nat holder = *in;
	struct hr_tuple key;
	struct hr_nat *out;

	other_tuple(&key, &s->key, &holder, 0);
	out = bpf_map_lookup_elem(&hr_nat_out, &key);
	if (!has_ended(s, &holder, out))
		return 0;
	bpf_map_delete_elem(&hr_nat_out, &key);
	bpf_map_delete_elem(&hr_nat_in, &s->key);
	return 1;
}

/* The first packet of a connection cannot have a half yet. UDP has no beginning, and finds its own on the way. */
static __always_inline __u32 first_pass(const struct search *s)
{
	return s->key.protocol == IPPROTO_TCP && !s->is_opening ? PASS_OWN : PASS_UNUSED;
}

/* One probe; a callback of bpf_loop(): 1 ends the search. */
static long probe(__u32 index, struct search *s)
{
	__u32 pass = first_pass(s) + index / PROBES;
	struct hr_nat *in;

	if (!s->count)
		return 1;
	s->key.destination_port = port_at(s->settings, (s->hash + index % PROBES * s->step) % s->count);
	in = bpf_map_lookup_elem(&hr_nat_in, &s->key);
	if (in && same_end(in, &s->pod.address, s->pod.port)) {
		/* a new connection on the same tuple, or the flow goes on as it was */
		if (s->is_opening)
			in->flags = 0;
		s->pod.flags = in->flags;
		s->found = s->key.destination_port;
		return 1;
	}
	if (pass == PASS_OWN || (in && (pass != PASS_ENDED || !take_port(s, in))))
		return 0;
	if (is_taken_elsewhere(s->skb, &s->key) || bpf_map_update_elem(&hr_nat_in, &s->key, &s->pod, BPF_NOEXIST))
		return 0;
	s->found = s->key.destination_port;
	return 1;
}

/* Makes the pair of a new flow; `half` has the node's address and gets the port. 0, or -1: no port is free. */
static __noinline int make_pair(struct __sk_buff *skb, const struct packet *p, struct hr_nat *half)
{
	struct search s = { .skb = skb };

	if (!p || !half)
		return -1;
	s.settings = masquerade_settings();
	if (!s.settings)
		return -1;
	s.now = half->seen_ns;
	s.pod.address = p->flow.source;
	s.pod.port = p->flow.source_port;
	s.pod.seen_ns = half->seen_ns;
	s.pod.flags = half->flags;
	other_tuple(&s.key, &p->flow, half, 1);
	s.count = ports_in(&s.settings->ranges[0]) + ports_in(&s.settings->ranges[1]);
	s.hash = hash_tuple(&p->flow);
	s.step = 1 | mix(s.hash, 1) % PORT_STEP_MAX;
	s.is_opening = is_opening(p);
	bpf_loop((PASS_MAX - first_pass(&s)) * PROBES, probe, &s, 0);
	if (!s.found)
		return -1;
	half->port = s.found;
	half->flags = s.pod.flags;
	return bpf_map_update_elem(&hr_nat_out, &p->flow, half, BPF_ANY);
}

#endif
