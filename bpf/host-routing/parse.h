/* SPDX-License-Identifier: MIT */
/* Headers of one packet, both families in one shape. Says with a reason what the fast path must not touch. */
#ifndef HOST_ROUTING_PARSE_H
#define HOST_ROUTING_PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "../shared/host_routing.h"

#define PARSED ((enum hr_reason) - 1)
#define IPV4_MAPPED bpf_htonl(0xffff)
#define IPV4_FRAGMENT 0x3fff /* more fragments, or an offset */
#define IPV4_FRAGMENT_OFFSET 0x1fff

/* RFC 792 and RFC 4443; linux/icmp.h would pull in the C library's headers. */
enum icmp_type { ICMP_ECHOREPLY = 0, ICMP_DEST_UNREACH = 3, ICMP_ECHO = 8, ICMP_TIME_EXCEEDED = 11, ICMP_PARAMETERPROB = 12 };
enum icmpv6_type { ICMPV6_DEST_UNREACH = 1, ICMPV6_PARAMPROB = 4, ICMPV6_ECHO_REQUEST = 128, ICMPV6_ECHO_REPLY = 129 };

struct icmp_header { /* the first 8 bytes, alike in both families */
	__u8 type, code;
	__u16 checksum, id, sequence;
};

/* As they stand in byte 13 of the header. */
enum tcp_bits { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };
#define TCP_BITS_OFFSET 13

enum fragment { FRAGMENT_NONE = 0, FRAGMENT_FIRST = 1, FRAGMENT_LATER = 2 };

/* Ethernet, IP and TCP: what is read and written of a packet that is no error and no fragment. */
#define HEADERS_V4 (ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr))
#define HEADERS_V6 (ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct tcphdr))

struct packet {
	struct hr_tuple flow; /* of an ICMP error: the flow that it quotes, turned round */
	struct hr_address source, destination; /* of the outer header */
	__u32 fragment_id;
	__u16 segment_length; /* bytes of layer 3 that leave at once; with GSO, of one segment */
	__u16 length; /* bytes of layer 3 as the header says: without padding of the frame; 0 = it does not say */
	__u16 transport; /* where TCP, UDP or ICMP begins, bytes from the start of the frame */
	__u8 ttl;
	__u8 is_v6;
	__u8 tcp_bits; /* enum tcp_bits */
	__u8 is_icmp_error;
	__u8 is_echo_reply;
	__u8 has_no_checksum; /* UDP over IPv4 may leave it out */
	__u8 is_bare; /* TCP without SYN and without payload: an acknowledgement, an end */
	__u8 tos;
	__u8 fragment; /* enum fragment */
};

static __always_inline int is_opening(const struct packet *p)
{
	return (p->tcp_bits & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline int compare_words(const struct hr_address *a, const struct hr_address *b)
{
	for (int i = 0; i < 4; i++)
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i] ? -1 : 1;
	return 0;
}

/* size bytes of the frame at offset, or NULL when they are cut off or not in the linear part. */
static __always_inline void *header_at(const struct __sk_buff *skb, __u32 offset, __u32 size)
{
	void *at = (void *)(long)skb->data + offset;

	return at + size > (void *)(long)skb->data_end ? 0 : at;
}

/*
 * Headers are in the linear part nearly always; a driver may put fewer bytes there. No byte more is asked for: TCP's payload begins
 * right behind them in other memory, and one byte of it would cost a copy of every head.
 */
static __always_inline void pull_headers(struct __sk_buff *skb)
{
	__u32 wanted = skb->protocol == bpf_htons(ETH_P_IPV6) ? HEADERS_V6 : HEADERS_V4;

	if (wanted > skb->len)
		wanted = skb->len;
	if ((void *)(long)skb->data + wanted > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, wanted);
}

static __always_inline void map_ipv4(struct hr_address *to, __u32 address)
{
	to->word[0] = 0;
	to->word[1] = 0;
	to->word[2] = IPV4_MAPPED;
	to->word[3] = address;
}

/* IPv4, as it stands in an hr_address: RFC 4291 2.5.5.2. */
static __always_inline int is_mapped(const struct hr_address *address)
{
	return !address->word[0] && !address->word[1] && address->word[2] == IPV4_MAPPED;
}

static __always_inline void copy_address(struct hr_address *to, const void *from)
{
	__builtin_memcpy(to, from, sizeof(*to));
}

static __always_inline enum hr_reason parse_quoted_echo(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	struct icmp_header quoted;

	if (bpf_skb_load_bytes(skb, offset, &quoted, sizeof(quoted)))
		return HR_STACK_SHORT;
	if (quoted.type != (p->is_v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO))
		return HR_STACK_ICMP_ERROR;
	p->flow.destination_port = quoted.id;
	return PARSED;
}

/* An error travels against the packet that it quotes, so its flow is the quoted one turned round. */
static __always_inline enum hr_reason parse_quoted(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	struct hr_tuple *flow = &p->flow;
	__u16 ports[2];

	p->is_icmp_error = 1;
	if (p->is_v6) {
		struct ipv6hdr inner;

		if (bpf_skb_load_bytes(skb, offset, &inner, sizeof(inner)))
			return HR_STACK_SHORT;
		flow->protocol = inner.nexthdr;
		copy_address(&flow->source, &inner.daddr);
		copy_address(&flow->destination, &inner.saddr);
		offset += sizeof(inner);
	} else {
		struct iphdr inner;

		if (bpf_skb_load_bytes(skb, offset, &inner, sizeof(inner)))
			return HR_STACK_SHORT;
		if (inner.ihl != 5 || inner.frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
			return HR_STACK_ICMP_ERROR;
		flow->protocol = inner.protocol;
		map_ipv4(&flow->source, inner.daddr);
		map_ipv4(&flow->destination, inner.saddr);
		offset += sizeof(inner);
	}
	if (flow->protocol == (p->is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return parse_quoted_echo(skb, p, offset);
	if (flow->protocol != IPPROTO_TCP && flow->protocol != IPPROTO_UDP)
		return HR_STACK_ICMP_ERROR;
	if (bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)))
		return HR_STACK_SHORT;
	flow->source_port = ports[1];
	flow->destination_port = ports[0];
	return PARSED;
}

static __always_inline int is_icmp_error(const struct packet *p, __u8 type)
{
	if (p->is_v6)
		return type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB;
	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

static __always_inline enum hr_reason parse_icmp(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	struct icmp_header *icmp = header_at(skb, offset, sizeof(*icmp));

	if (!icmp)
		return HR_STACK_SHORT;
	if (icmp->type == (p->is_v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO)) {
		p->flow.source_port = icmp->id;
		return PARSED;
	}
	if (icmp->type == (p->is_v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY)) {
		p->flow.destination_port = icmp->id;
		p->is_echo_reply = 1;
		return PARSED;
	}
	if (is_icmp_error(p, icmp->type))
		return parse_quoted(skb, p, offset + sizeof(*icmp));
	return HR_STACK_PROTOCOL;
}

static __always_inline enum hr_reason parse_transport(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	__u32 header_length;

	p->transport = offset;
	if (p->flow.protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = header_at(skb, offset, sizeof(*tcp));

		if (!tcp)
			return HR_STACK_SHORT;
		p->flow.source_port = tcp->source;
		p->flow.destination_port = tcp->dest;
		p->tcp_bits = ((__u8 *)tcp)[TCP_BITS_OFFSET];
		header_length = tcp->doff * 4;
		p->is_bare = !(p->tcp_bits & TCP_SYN) && p->length && p->length <= offset - ETH_HLEN + header_length;
	} else if (p->flow.protocol == IPPROTO_UDP) {
		struct udphdr *udp = header_at(skb, offset, sizeof(*udp));

		if (!udp)
			return HR_STACK_SHORT;
		p->flow.source_port = udp->source;
		p->flow.destination_port = udp->dest;
		p->has_no_checksum = !udp->check;
		header_length = sizeof(*udp);
	} else if (p->flow.protocol == (p->is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		return parse_icmp(skb, p, offset);
	} else {
		return HR_STACK_PROTOCOL;
	}
	if (skb->gso_size)
		p->segment_length = offset - ETH_HLEN + header_length + skb->gso_size;
	return PARSED;
}

/* Only the first fragment has ports; the others are told by addresses, identification and protocol. */
static __always_inline enum hr_reason parse_fragment(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	enum hr_reason refusal;

	if (p->fragment == FRAGMENT_LATER)
		return HR_STACK_FRAGMENT;
	refusal = parse_transport(skb, p, offset);
	if (refusal != PARSED)
		return refusal;
	return p->is_icmp_error ? HR_STACK_ICMP_ERROR : HR_STACK_FRAGMENT;
}

struct ipv6_fragment { /* RFC 8200 4.5 */
	__u8 next, reserved;
	__u16 offset;
	__u32 id;
};

static __always_inline enum hr_reason parse_v6_fragment(struct __sk_buff *skb, struct packet *p)
{
	struct ipv6_fragment *header = header_at(skb, ETH_HLEN + sizeof(struct ipv6hdr), sizeof(*header));

	if (!header)
		return HR_STACK_SHORT;
	p->flow.protocol = header->next;
	p->fragment_id = header->id;
	p->fragment = header->offset & bpf_htons(0xfff8) ? FRAGMENT_LATER : FRAGMENT_FIRST;
	return parse_fragment(skb, p, ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(*header));
}

static __always_inline enum hr_reason parse_v6(struct __sk_buff *skb, struct packet *p)
{
	struct ipv6hdr *ip = header_at(skb, ETH_HLEN, sizeof(*ip));

	if (!ip)
		return HR_STACK_SHORT;
	p->is_v6 = 1;
	p->ttl = ip->hop_limit;
	p->length = ip->payload_len ? bpf_ntohs(ip->payload_len) + sizeof(*ip) : 0;
	p->flow.protocol = ip->nexthdr;
	copy_address(&p->source, &ip->saddr);
	copy_address(&p->destination, &ip->daddr);
	/* the kernel drops these; here they would be taken for IPv4 */
	if (is_mapped(&p->source) || is_mapped(&p->destination))
		return HR_STACK_SOURCE;
	p->flow.source = p->source;
	p->flow.destination = p->destination;
	switch (p->flow.protocol) {
	case IPPROTO_FRAGMENT:
		return parse_v6_fragment(skb, p);
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_AH:
		return HR_STACK_OPTIONS;
	}
	return parse_transport(skb, p, ETH_HLEN + sizeof(*ip));
}

static __always_inline enum hr_reason parse_v4(struct __sk_buff *skb, struct packet *p)
{
	struct iphdr *ip = header_at(skb, ETH_HLEN, sizeof(*ip));
	__u16 fragment;

	if (!ip)
		return HR_STACK_SHORT;
	if (ip->ihl != 5)
		return HR_STACK_OPTIONS;
	p->ttl = ip->ttl;
	p->tos = ip->tos;
	p->length = bpf_ntohs(ip->tot_len);
	p->flow.protocol = ip->protocol;
	map_ipv4(&p->source, ip->saddr);
	map_ipv4(&p->destination, ip->daddr);
	p->flow.source = p->source;
	p->flow.destination = p->destination;
	fragment = ip->frag_off & bpf_htons(IPV4_FRAGMENT);
	if (!fragment)
		return parse_transport(skb, p, ETH_HLEN + sizeof(*ip));
	p->fragment_id = ip->id;
	p->fragment = fragment & bpf_htons(IPV4_FRAGMENT_OFFSET) ? FRAGMENT_LATER : FRAGMENT_FIRST;
	return parse_fragment(skb, p, ETH_HLEN + sizeof(*ip));
}

/*
 * PARSED, or the reason to leave the packet to the stack. *p must be zeroed.
 * Not static: the verifier walks through it once, and what follows once, not once for each kind of packet.
 */
__noinline int parse(struct __sk_buff *skb, struct packet *p)
{
	if (!p || skb->vlan_present)
		return HR_STACK_NOT_IP;
	p->segment_length = skb->len - ETH_HLEN;
	pull_headers(skb);
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return parse_v4(skb, p);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return parse_v6(skb, p);
	return HR_STACK_NOT_IP;
}

#endif
