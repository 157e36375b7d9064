/* SPDX-License-Identifier: MIT */
/*
 * What policies deny to pods: addresses, protocols, ports. Judged before anything else, in every mode, for what leaves a pod, and again for
 * what is forwarded to an uplink, where a Service's translation has taken place. Most packets are done with after one bit, see
 * may_be_denied(). The rest is read anew and by this file alone: what the fast path does not understand (options, extension headers, tags) is
 * no way round a rule. Where a port cannot be told, any port of a rule counts: in later fragments of which nobody let the first one through,
 * and in headers that are cut off or too many.
 *
 * Answers are not denied: of flows that the far end began, by conntrack's word or by what is remembered of a direct flow. Where conntrack
 * cannot be asked, TCP is denied by its SYN.
 */
#ifndef HOST_ROUTING_DENIAL_H
#define HOST_ROUTING_DENIAL_H

#include "conntrack.h"
#include "flows.h"
#include "fragments.h"
#include "hash.h"
#include "maps.h"
#include "parse.h"

/* Extension headers that are read; RFC 8200 4.1 recommends each at most once, destination options twice. */
#define EXTENSION_HEADERS_MAX 8
#define EXTENSION_UNIT 8
#define AUTHENTICATION_UNIT 4

/* RFC 4443, RFC 2710, RFC 3810, RFC 4861: multicast listeners, routers, neighbours, without which there is no link. */
enum { ICMPV6_LISTENER_QUERY = 130, ICMPV6_REDIRECT = 137, ICMPV6_LISTENER_REPORT_V2 = 143 };

/* A packet as a rule sees it. */
struct claimed {
	struct hr_tuple flow;
	__u32 fragment_id;
	__u32 transport; /* where it begins, bytes from the start of the frame */
	__u8 fragment;	 /* enum fragment */
	__u8 is_v6;
	__u8 has_protocol; /* 0: no end to its headers was found */
	__u8 has_ports;
};

/* NULL when nothing is denied. */
static __always_inline struct hr_denying *denying_now(void)
{
	__u32 zero = 0;
	struct hr_denying *denying = bpf_map_lookup_elem(&hr_denying, &zero);

	return denying && denying->active ? denying : 0;
}

/* The first two bytes of an IPv4 address, the first four of an IPv6 address, big-endian -> 0 to 63. The agent reckons the same. */
static __always_inline __u64 hr_denied_bit(__u32 first_bytes)
{
	return 1ULL << (first_bytes * GOLDEN_RATIO >> 26);
}

static __always_inline int is_hinted_v4(const struct hr_denying *denying, __u32 address)
{
	const struct hr_denied_hint *hint = &denying->hints[(denying->active - 1) % HR_DENIED_TABLES];

	return !!(hint->v4 & hr_denied_bit(bpf_ntohl(address) >> 16));
}

static __always_inline int is_hinted_v6(const struct hr_denying *denying, __u32 first_word)
{
	const struct hr_denied_hint *hint = &denying->hints[(denying->active - 1) % HR_DENIED_TABLES];

	return !!(hint->v6 & hr_denied_bit(bpf_ntohl(first_word)));
}

/* refusal: of parse(); what it did not read to the end may go anywhere. */
static __always_inline int may_be_denied(const struct hr_denying *denying, const struct packet *p, enum hr_reason refusal)
{
	if (refusal != PARSED && refusal != HR_STACK_FRAGMENT)
		return 1;
	return p->is_v6 ? is_hinted_v6(denying, p->destination.word[0]) : is_hinted_v4(denying, p->destination.word[3]);
}

/* The same for a packet that nobody has parsed. */
static __always_inline int may_leave_for_denied(const struct __sk_buff *skb, const struct hr_denying *denying)
{
	struct ipv6hdr *v6 = header_at(skb, ETH_HLEN, sizeof(*v6));
	struct iphdr *v4 = header_at(skb, ETH_HLEN, sizeof(*v4));

	if (skb->protocol == bpf_htons(ETH_P_IP))
		return !v4 || is_hinted_v4(denying, v4->daddr);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return !v6 || is_hinted_v6(denying, v6->daddr.in6_u.u6_addr32[0]);
	return 0;
}

/* 0, or -1: nothing that could be sent anywhere. */
static __always_inline int claim_v4(struct __sk_buff *skb, struct claimed *c)
{
	struct iphdr ip;
	__u16 fragment;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || ip.ihl < 5)
		return -1;
	map_ipv4(&c->flow.source, ip.saddr);
	map_ipv4(&c->flow.destination, ip.daddr);
	c->flow.protocol = ip.protocol;
	c->has_protocol = 1;
	c->transport = ETH_HLEN + ip.ihl * 4;
	c->fragment_id = ip.id;
	fragment = ip.frag_off & bpf_htons(IPV4_FRAGMENT);
	if (fragment)
		c->fragment = fragment & bpf_htons(IPV4_FRAGMENT_OFFSET) ? FRAGMENT_LATER : FRAGMENT_FIRST;
	return 0;
}

/* One extension header. 1: there may be another one behind it. */
static __always_inline int claim_extension(struct __sk_buff *skb, struct claimed *c)
{
	struct ipv6_fragment header; /* of the others the first two bytes: next header, length */

	switch (c->flow.protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_AH:
	case IPPROTO_FRAGMENT:
		break;
	default:
		c->has_protocol = 1;
		return 0;
	}
	if (bpf_skb_load_bytes(skb, c->transport, &header, sizeof(header)))
		return 0;
	if (c->flow.protocol == IPPROTO_FRAGMENT) {
		c->fragment_id = header.id;
		c->fragment = header.offset & bpf_htons(0xfff8) ? FRAGMENT_LATER : FRAGMENT_FIRST;
		c->transport += sizeof(header);
	} else if (c->flow.protocol == IPPROTO_AH) {
		c->transport += (header.reserved + 2) * AUTHENTICATION_UNIT;
	} else {
		c->transport += (header.reserved + 1) * EXTENSION_UNIT;
	}
	c->flow.protocol = header.next;
	/* what follows in a later fragment is the middle of something */
	if (c->fragment != FRAGMENT_LATER)
		return 1;
	c->has_protocol = header.next == IPPROTO_TCP || header.next == IPPROTO_UDP || header.next == IPPROTO_SCTP ||
			  header.next == IPPROTO_ICMPV6;
	return 0;
}

static __always_inline int claim_v6(struct __sk_buff *skb, struct claimed *c)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return -1;
	copy_address(&c->flow.source, &ip.saddr);
	copy_address(&c->flow.destination, &ip.daddr);
	c->is_v6 = 1;
	c->flow.protocol = ip.nexthdr;
	c->transport = ETH_HLEN + sizeof(ip);
	for (int count = 0; count < EXTENSION_HEADERS_MAX; count++)
		if (!claim_extension(skb, c))
			break;
	return 0;
}

/* TCP, UDP and SCTP begin alike. */
static __always_inline void claim_ports(struct __sk_buff *skb, struct claimed *c)
{
	__u16 ports[2];

	if (!c->has_protocol || c->fragment == FRAGMENT_LATER || bpf_skb_load_bytes(skb, c->transport, ports, sizeof(ports)))
		return;
	c->flow.source_port = ports[0];
	c->flow.destination_port = ports[1];
	c->has_ports = 1;
}

/* 0 when there is a destination. Not static: the verifier walks through it once, and what follows once, not once for each kind of packet. */
__noinline int claim(struct __sk_buff *skb, struct claimed *c)
{
	if (!c)
		return -1;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (claim_v4(skb, c))
			return -1;
	} else if (skb->protocol != bpf_htons(ETH_P_IPV6) || claim_v6(skb, c)) {
		return -1;
	}
	claim_ports(skb, c);
	return 0;
}

static __always_inline int has_match(const struct hr_denial *denial, const struct claimed *c)
{
	__u16 port = bpf_ntohs(c->flow.destination_port);

	for (__u32 at = 0; at < HR_DENIED_PORTS_MAX && at < denial->count; at++) {
		const struct hr_denied_ports *ports = &denial->ports[at];

		if (!ports->protocol)
			return 1;
		if (c->has_protocol && c->flow.protocol != ports->protocol)
			continue;
		if (!c->has_ports || (port >= ports->first && port <= ports->last))
			return 1;
	}
	return 0;
}

static __always_inline void passed_key(struct hr_fragment_key *key, const struct claimed *c)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->source = c->flow.source;
	key->destination = c->flow.destination;
	key->id = c->fragment_id;
	key->protocol = c->flow.protocol;
}

/* Not static: the verifier walks through it once, not once for each way that leads here. */
__noinline int note_passed(const struct claimed *c)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	struct hr_fragment_key key;

	if (!c)
		return -1;
	passed_key(&key, c);
	return bpf_map_update_elem(&hr_let_through, &key, &now, BPF_ANY);
}

/* Whether the first fragment of this datagram was let through. A function of its own for its stack. */
__noinline int has_passed(const struct claimed *c)
{
	struct hr_fragment_key key;
	__u64 *seen_ns;

	if (!c)
		return 0;
	passed_key(&key, c);
	seen_ns = bpf_map_lookup_elem(&hr_let_through, &key);
	return seen_ns && bpf_ktime_get_coarse_ns() - *seen_ns <= FRAGMENT_AGE_NS;
}

/* Of a direct flow that the destination began. A function of its own for its stack. */
__noinline int is_remembered_answer(const struct gate *gate, const struct hr_tuple *t)
{
	struct hr_flow_key key = {};
	struct hr_flow *flow;
	int from_low;

	if (!gate || !t)
		return 0;
	from_low = order_ends(&key, t);
	flow = bpf_map_lookup_elem(&hr_flows, &key);
	return flow && flow->epoch == gate->epoch && flow->flags & (from_low ? HR_FLOW_OPENED_FROM_HIGH : HR_FLOW_OPENED_FROM_LOW);
}

static __always_inline int is_icmp_answer(struct __sk_buff *skb, const struct claimed *c)
{
	__u8 type;

	if (c->fragment == FRAGMENT_LATER || bpf_skb_load_bytes(skb, c->transport, &type, sizeof(type)))
		return 0;
	if (!c->is_v6)
		return type == ICMP_ECHOREPLY || type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
	return (type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB) || type == ICMPV6_ECHO_REPLY ||
	       (type >= ICMPV6_LISTENER_QUERY && type <= ICMPV6_REDIRECT) || type == ICMPV6_LISTENER_REPORT_V2;
}

/* A part of its caller: what it asks has frames of its own, and one more between them is more than the 512 bytes of all. */
static __always_inline int is_answer(struct __sk_buff *skb, const struct gate *gate, const struct claimed *c)
{
	__u8 bits;

	if (!c->has_protocol)
		return 0;
	if (c->flow.protocol == (c->is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return is_icmp_answer(skb, c);
	if (!c->has_ports)
		return 0;
	if (c->flow.protocol == IPPROTO_TCP) {
		/* whoever opens a connection answers nobody, whatever is remembered of its ports */
		if (bpf_skb_load_bytes(skb, c->transport + TCP_BITS_OFFSET, &bits, sizeof(bits)) || (bits & (TCP_SYN | TCP_ACK)) == TCP_SYN)
			return 0;
		if (!hr_conntrack_lookup)
			return 1;
	}
	return is_remembered_answer(gate, &c->flow) || is_tracked_answer(skb, &c->flow);
}

static __always_inline struct hr_denial *find_denial(const struct claimed *c, __u32 table)
{
	struct hr_denied_key key = { .length = 160, .table = c->is_v6 ? table | HR_DENIED_V6 : table, .address = c->flow.destination };

	return bpf_map_lookup_elem(&hr_denied, &key);
}

/*
 * 1: to be dropped. table: hr_denying.active.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int is_denied(struct __sk_buff *skb, const struct gate *gate, __u32 table)
{
	struct claimed c = {};
	struct hr_denial *denial;

	if (!gate || claim(skb, &c))
		return 0;
	denial = find_denial(&c, table);
	if (!denial)
		return 0;
	if (has_match(denial, &c) && !is_answer(skb, gate, &c) && !(c.fragment == FRAGMENT_LATER && has_passed(&c)))
		return 1;
	if (c.fragment == FRAGMENT_FIRST)
		note_passed(&c);
	return 0;
}

#endif
