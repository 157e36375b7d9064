/* SPDX-License-Identifier: MIT */
/* What the kernel's routing tables say of a packet, and how it leaves: to a pod's device or through an uplink. */
#ifndef HOST_ROUTING_FIB_H
#define HOST_ROUTING_FIB_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include "maps.h"
#include "parse.h"

#define AF_INET 2
#define AF_INET6 10

/* One of BPF_FIB_LKUP_RET_*, negative on a bad argument; *fib then holds next hop, device and both MACs. */
static __always_inline long look_up_route(struct __sk_buff *skb, const struct packet *p, struct bpf_fib_lookup *fib)
{
	fib->ifindex = skb->ingress_ifindex;
	fib->l4_protocol = p->flow.protocol;
	fib->tot_len = p->segment_length;
	if (p->is_v6) {
		fib->family = AF_INET6;
		__builtin_memcpy(fib->ipv6_src, &p->source, sizeof(fib->ipv6_src));
		__builtin_memcpy(fib->ipv6_dst, &p->destination, sizeof(fib->ipv6_dst));
	} else {
		fib->family = AF_INET;
		fib->tos = p->tos;
		fib->ipv4_src = p->source.word[3];
		fib->ipv4_dst = p->destination.word[3];
	}
	return bpf_fib_lookup(skb, fib, sizeof(*fib), 0);
}

/* Decrements TTL or hop limit and writes both MACs where given. 0, or -1 with the packet untouched. */
static __always_inline int rewrite(struct __sk_buff *skb, int is_v6, const __u8 *to, const __u8 *from)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;

	if (data + ETH_HLEN + sizeof(struct ipv6hdr) > end) {
		__u32 length = ETH_HLEN + (is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));

		if (bpf_skb_pull_data(skb, length))
			return -1;
		data = (void *)(long)skb->data;
		end = (void *)(long)skb->data_end;
		eth = data;
	}
	if (is_v6) {
		struct ipv6hdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > end)
			return -1;
		ip->hop_limit--;
	} else {
		struct iphdr *ip = data + ETH_HLEN;
		__u32 check;

		if ((void *)(ip + 1) > end)
			return -1;
		/* RFC 1624 for one byte that goes down by one, as ip_decrease_ttl() does */
		check = ip->check + bpf_htons(0x0100);
		ip->check = check + (check >= 0xffff);
		ip->ttl--;
	}
	if (to) {
		__builtin_memcpy(eth->h_dest, to, ETH_ALEN);
		__builtin_memcpy(eth->h_source, from, ETH_ALEN);
	}
	/* before 6.15 redirect_peer does not scrub it, and a pod must not see the node's marks */
	skb->mark = 0;
	return 0;
}

/* The agent keeps endpoints in step with routing; when it is silent, routing itself must agree. */
static __always_inline int endpoint_is_current(struct __sk_buff *skb, const struct packet *p, const struct hr_endpoint *endpoint)
{
	struct bpf_fib_lookup fib = {};
	__u32 zero = 0;
	__u64 *beat = bpf_map_lookup_elem(&hr_heartbeat, &zero);
	long found;

	if (beat && bpf_ktime_get_coarse_ns() < *beat + HR_HEARTBEAT_STALE_NS)
		return 1;
	found = look_up_route(skb, p, &fib);
	return (found == BPF_FIB_LKUP_RET_SUCCESS || found == BPF_FIB_LKUP_RET_NO_NEIGH) && fib.ifindex == endpoint->ifindex;
}

static __always_inline int is_uplink(__u32 ifindex)
{
	__u32 *role = bpf_map_lookup_elem(&hr_devices, &ifindex);

	return role && *role == HR_ROLE_UPLINK;
}

#endif
