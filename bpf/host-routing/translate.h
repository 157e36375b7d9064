/* SPDX-License-Identifier: MIT */
/*
 * Puts another address and port into a packet, in every place that says them, with every checksum. Safe for packets whose
 * checksum is still to be computed (CHECKSUM_PARTIAL, GSO) and for those that carry a sum of the card's (CHECKSUM_COMPLETE).
 */
#ifndef HOST_ROUTING_TRANSLATE_H
#define HOST_ROUTING_TRANSLATE_H

#include "parse.h"

#define TCP_CHECKSUM_OFFSET 16
#define UDP_CHECKSUM_OFFSET 6
#define ICMP_CHECKSUM_OFFSET 2
#define ICMP_ID_OFFSET 4

/* What shall stand in the packet for one end of p->flow: its source when outward, else its destination. Port in network byte order. */
struct translation {
	struct hr_address address;
	__u16 port;
	__u16 outward;
};

static __always_inline const struct hr_address *old_address(const struct packet *p, const struct translation *t)
{
	return t->outward ? &p->flow.source : &p->flow.destination;
}

static __always_inline __u16 old_port(const struct packet *p, const struct translation *t)
{
	return t->outward ? p->flow.source_port : p->flow.destination_port;
}

static __always_inline int is_icmp(__u8 protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static __always_inline __u32 checksum_offset(__u8 protocol)
{
	if (is_icmp(protocol))
		return ICMP_CHECKSUM_OFFSET;
	return protocol == IPPROTO_TCP ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
}

static __always_inline __u32 port_offset(__u8 protocol, int is_source)
{
	if (is_icmp(protocol))
		return ICMP_ID_OFFSET;
	return is_source ? 0 : 2;
}

/* RFC 1624 for four bytes. */
static __always_inline __u16 change_checksum(__u16 checksum, __u32 from, __u32 to)
{
	__u32 sum = (__u16)~checksum;

	sum += (__u16)~(from & 0xffff) + (__u16)~(from >> 16) + (to & 0xffff) + (to >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u32 address_difference(const struct packet *p, const struct translation *t)
{
	return bpf_csum_diff((__be32 *)old_address(p, t), sizeof(t->address), (__be32 *)&t->address, sizeof(t->address), 0);
}

/*
 * The pseudo header's part of a checksum. bpf_l4_csum_replace() reckons with IPv4, where the IP header's own checksum makes up
 * for the address in a card's sum; IPv6 has none, so that sum is set right here.
 */
static __always_inline long change_pseudo_header(struct __sk_buff *skb, const struct packet *p, __u32 offset, const struct translation *t)
{
	__u64 mangled = p->flow.protocol == IPPROTO_UDP && !p->is_icmp_error ? BPF_F_MARK_MANGLED_0 : 0;
	__u32 difference;

	if (!p->is_v6)
		return bpf_l4_csum_replace(skb, offset, old_address(p, t)->word[3], t->address.word[3],
					   BPF_F_PSEUDO_HDR | mangled | sizeof(__u32));
	difference = address_difference(p, t);
	if (bpf_l4_csum_replace(skb, offset, 0, difference, BPF_F_PSEUDO_HDR | mangled))
		return -1;
	bpf_csum_update(skb, difference); /* refuses where the card gave no sum: then there is none to set right */
	return 0;
}

/* The address in the outer header, with IPv4's header checksum. */
static __always_inline int write_address(struct __sk_buff *skb, const struct packet *p, const struct translation *t)
{
	if (p->is_v6) {
		struct ipv6hdr *ip = header_at(skb, ETH_HLEN, sizeof(*ip));

		if (!ip)
			return -1;
		copy_address((struct hr_address *)(t->outward ? &ip->saddr : &ip->daddr), &t->address);
	} else {
		struct iphdr *ip = header_at(skb, ETH_HLEN, sizeof(*ip));

		if (!ip)
			return -1;
		ip->check = change_checksum(ip->check, old_address(p, t)->word[3], t->address.word[3]);
		if (t->outward)
			ip->saddr = t->address.word[3];
		else
			ip->daddr = t->address.word[3];
	}
	return 0;
}

/* TCP, UDP and echo. */
static __always_inline int translate_packet(struct __sk_buff *skb, const struct packet *p, const struct translation *t)
{
	__u8 protocol = p->flow.protocol;
	__u32 checksum = p->transport + checksum_offset(protocol);
	__u64 mangled = protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;

	if (!p->has_no_checksum) {
		if (protocol != IPPROTO_ICMP && change_pseudo_header(skb, p, checksum, t))
			return -1;
		if (old_port(p, t) != t->port && bpf_l4_csum_replace(skb, checksum, old_port(p, t), t->port, mangled | sizeof(__u16)))
			return -1;
	}
	if (old_port(p, t) != t->port &&
	    bpf_skb_store_bytes(skb, p->transport + port_offset(protocol, t->outward), &t->port, sizeof(t->port), 0))
		return -1;
	return write_address(skb, p, t);
}

/* A fragment without ports: its address alone. */
static __always_inline int translate_later_fragment(struct __sk_buff *skb, const struct packet *p, const struct translation *t)
{
	if (p->is_v6)
		bpf_csum_update(skb, address_difference(p, t));
	return write_address(skb, p, t);
}

/* Two or four bytes of what an ICMP error quotes, and the error's own checksum with them. */
static __always_inline long change_quoted(struct __sk_buff *skb, const struct packet *p, __u32 offset, const void *to, __u32 size)
{
	__u32 before = 0, after = 0;

	if (bpf_skb_load_bytes(skb, offset, &before, size))
		return -1;
	__builtin_memcpy(&after, to, size);
	if (bpf_l4_csum_replace(skb, p->transport + ICMP_CHECKSUM_OFFSET, before, after, size))
		return -1;
	return bpf_skb_store_bytes(skb, offset, &after, size, 0);
}

/* The quoted transport header's checksum. It may be cut off, and UDP's may be left out: then it stays as it is. */
static __always_inline long change_quoted_checksum(struct __sk_buff *skb, const struct packet *p, __u32 offset, const struct translation *t)
{
	__u16 checksum;

	if (bpf_skb_load_bytes(skb, offset, &checksum, sizeof(checksum)) || (p->flow.protocol == IPPROTO_UDP && !checksum))
		return 0;
	if (p->flow.protocol != IPPROTO_ICMP)
		for (int i = p->is_v6 ? 0 : 3; i < 4; i++)
			checksum = change_checksum(checksum, old_address(p, t)->word[i], t->address.word[i]);
	checksum = change_checksum(checksum, old_port(p, t), t->port);
	if (p->flow.protocol == IPPROTO_UDP && !checksum)
		checksum = 0xffff;
	return change_quoted(skb, p, offset, &checksum, sizeof(checksum));
}

/* The address and port that the quoted packet had; it went the other way, so the other side of it changes. */
static __always_inline long translate_quoted(struct __sk_buff *skb, const struct packet *p, const struct translation *t)
{
	__u32 header = p->transport + sizeof(struct icmp_header);
	__u32 transport = header + (p->is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	__u32 address = header + (p->is_v6 ? (t->outward ? offsetof(struct ipv6hdr, daddr) : offsetof(struct ipv6hdr, saddr)) :
					     (t->outward ? offsetof(struct iphdr, daddr) : offsetof(struct iphdr, saddr)));

	if (change_quoted_checksum(skb, p, transport + checksum_offset(p->flow.protocol), t))
		return -1;
	if (change_quoted(skb, p, transport + port_offset(p->flow.protocol, !t->outward), &t->port, sizeof(t->port)))
		return -1;
	if (p->is_v6) {
		for (int i = 0; i < 4; i++)
			if (change_quoted(skb, p, address + i * sizeof(__u32), &t->address.word[i], sizeof(__u32)))
				return -1;
		return 0;
	}
	if (bpf_l3_csum_replace(skb, header + offsetof(struct iphdr, check), old_address(p, t)->word[3], t->address.word[3], sizeof(__u32)))
		return -1;
	/* the header's checksum makes up for the address in the error's own */
	return bpf_skb_store_bytes(skb, address, &t->address.word[3], sizeof(__u32), 0);
}

/*
 * An ICMP error: what it quotes, its checksum, and the address that it is sent to or from. An error that somebody on the way
 * sends has its own source, which stays.
 */
static __always_inline int translate_error(struct __sk_buff *skb, const struct packet *p, const struct translation *t)
{
	if (translate_quoted(skb, p, t))
		return -1;
	if (p->is_v6 && change_pseudo_header(skb, p, p->transport + ICMP_CHECKSUM_OFFSET, t))
		return -1;
	return write_address(skb, p, t);
}

/*
 * Any packet of a translated flow. 0, or -1 with the packet spoilt: no memory.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int translate(struct __sk_buff *skb, const struct packet *p, const struct translation *t)
{
	if (!p || !t)
		return -1;
	if (p->is_icmp_error)
		return translate_error(skb, p, t);
	return p->fragment == FRAGMENT_LATER ? translate_later_fragment(skb, p, t) : translate_packet(skb, p, t);
}

#endif
