/* SPDX-License-Identifier: MIT */
/* What the kernel's routing tables say of a packet, and how it leaves: to a pod's device or through an uplink. */
#ifndef HOST_ROUTING_FIB_H
#define HOST_ROUTING_FIB_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include "flows.h"
#include "hash.h"
#include "maps.h"
#include "parse.h"

#define AF_INET 2
#define AF_INET6 10

static __always_inline struct hr_device *find_uplink(__u32 ifindex)
{
	struct hr_device *device = bpf_map_lookup_elem(&hr_devices, &ifindex);

	return device && device->role == HR_ROLE_UPLINK ? device : 0;
}

/* The same question as the one that was answered, not about more bytes. */
static __always_inline int is_same_question(const struct hr_route *route, const struct __sk_buff *skb, const struct packet *p)
{
	return route->ingress == skb->ingress_ifindex && route->protocol == p->flow.protocol && route->tos == p->tos &&
	       p->segment_length <= route->length && !compare_words(&route->destination, &p->destination) &&
	       !compare_words(&route->source, &p->source);
}

/* Not static: the verifier walks through it once, not once for each way that leads here. */
__noinline int ask_fib(struct __sk_buff *skb, const struct packet *p, struct hr_route *route)
{
	struct bpf_fib_lookup *fib;
	struct hr_device *uplink;

	if (!p || !route)
		return -1;
	fib = &route->fib;
	/* members that it reads and that are not set below; it writes the rest */
	fib->sport = 0;
	fib->dport = 0;
	fib->ifindex = skb->ingress_ifindex;
	fib->l4_protocol = p->flow.protocol;
	fib->tot_len = p->segment_length;
	if (p->is_v6) {
		fib->family = AF_INET6;
		fib->flowinfo = 0;
		__builtin_memcpy(fib->ipv6_src, &p->source, sizeof(fib->ipv6_src));
		__builtin_memcpy(fib->ipv6_dst, &p->destination, sizeof(fib->ipv6_dst));
	} else {
		fib->family = AF_INET;
		fib->tos = p->tos;
		fib->ipv4_src = p->source.word[3];
		fib->ipv4_dst = p->destination.word[3];
	}
	route->result = bpf_fib_lookup(skb, fib, sizeof(*fib), 0);
	uplink = find_uplink(fib->ifindex);
	route->uplink_mtu = uplink ? uplink->mtu : 0;
	route->source = p->source;
	route->destination = p->destination;
	route->ingress = skb->ingress_ifindex;
	route->length = p->segment_length;
	route->protocol = p->flow.protocol;
	route->tos = p->tos;
	return 0;
}

/*
 * Routing's answer, or NULL (cannot be; the verifier wants it said). A way with a known neighbour holds for the tick of the coarse
 * clock (1 to 10 ms) in which it was given: a packet that has just passed would have taken it too. Anything else is asked anew.
 */
static __always_inline struct hr_route *look_up_route(struct __sk_buff *skb, const struct gate *gate, const struct packet *p)
{
	__u32 at = gate->is_trace ? HR_ROUTES : (p->destination.word[3] ^ p->source.word[3]) * GOLDEN_RATIO >> (32 - HR_ROUTES_BITS);
	struct hr_route *route = bpf_map_lookup_elem(&hr_routes, &at);

	if (!route)
		return 0;
	if (route->asked_ns == gate->now && route->result == BPF_FIB_LKUP_RET_SUCCESS && is_same_question(route, skb, p) && !gate->is_trace)
		return route;
	/* whoever comes in between finds no answer */
	route->asked_ns = 0;
	if (ask_fib(skb, p, route))
		return 0;
	route->asked_ns = gate->now;
	return route;
}

static __always_inline int has_way(const struct hr_route *route)
{
	return route && (route->result == BPF_FIB_LKUP_RET_SUCCESS || route->result == BPF_FIB_LKUP_RET_NO_NEIGH);
}

/* Decrements TTL or hop limit and writes both MACs where given. 0, or -1 with the packet untouched. */
static __always_inline int rewrite(struct __sk_buff *skb, int is_v6, const __u8 *to, const __u8 *from)
{
	struct ethhdr *eth = header_at(skb, 0, ETH_HLEN + (is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)));

	if (!eth)
		return -1;
	if (is_v6) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		ip->hop_limit--;
	} else {
		struct iphdr *ip = (void *)(eth + 1);
		/* RFC 1624 for one byte that goes down by one, as ip_decrease_ttl() does */
		__u32 check = ip->check + bpf_htons(0x0100);

		ip->check = check + (check >= 0xffff);
		ip->ttl--;
	}
	if (to) {
		__builtin_memcpy(eth->h_dest, to, ETH_ALEN);
		__builtin_memcpy(eth->h_source, from, ETH_ALEN);
	}
	/* before 6.15 redirect_peer does not scrub it, and a pod must not see the node's marks */
	skb->mark = 0;
	/* IPv6 has no header checksum that makes up for the hop limit in a card's sum; refuses where there is no such sum */
	if (is_v6)
		bpf_csum_update(skb, ~(__u32)bpf_htons(1));
	return 0;
}

/* The agent keeps endpoints in step with routing; when it is silent, routing itself must agree. */
static __always_inline int endpoint_is_current(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, const struct hr_endpoint *endpoint)
{
	__u32 zero = 0;
	__u64 *beat = bpf_map_lookup_elem(&hr_heartbeat, &zero);
	struct hr_route *route;

	if (beat && gate->now < *beat + HR_HEARTBEAT_STALE_NS)
		return 1;
	route = look_up_route(skb, gate, p);
	return has_way(route) && route->fib.ifindex == endpoint->ifindex;
}

#endif
