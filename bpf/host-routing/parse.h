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

/* RFC 792 and RFC 4443; linux/icmp.h would pull in the C library's headers. */
enum icmp_type { ICMP_ECHOREPLY = 0, ICMP_DEST_UNREACH = 3, ICMP_ECHO = 8, ICMP_TIME_EXCEEDED = 11, ICMP_PARAMETERPROB = 12 };
enum icmpv6_type { ICMPV6_DEST_UNREACH = 1, ICMPV6_PARAMPROB = 4, ICMPV6_ECHO_REQUEST = 128, ICMPV6_ECHO_REPLY = 129 };

struct icmp_header { /* the first 8 bytes, alike in both families */
	__u8 type, code;
	__u16 checksum, id, sequence;
};

enum tcp_bits { TCP_SYN = 1, TCP_FIN = 2, TCP_RST = 4, TCP_ACK = 8 };

struct packet {
	struct hr_tuple flow; /* of an ICMP error: the flow that it quotes, turned round */
	struct hr_address source, destination; /* of the outer header */
	__u16 segment_length; /* bytes of layer 3 that leave at once; with GSO, of one segment */
	__u8 ttl;
	__u8 is_v6;
	__u8 tcp_bits;
	__u8 is_icmp_error;
	__u8 tos;
};

static __always_inline void map_ipv4(struct hr_address *to, __u32 address)
{
	to->word[0] = 0;
	to->word[1] = 0;
	to->word[2] = IPV4_MAPPED;
	to->word[3] = address;
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
		if (inner.ihl != 5 || inner.frag_off & bpf_htons(0x1fff))
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

static __always_inline enum hr_reason parse_icmp(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	struct icmp_header icmp;
	__u8 request = p->is_v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO;
	__u8 reply = p->is_v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY;

	if (bpf_skb_load_bytes(skb, offset, &icmp, sizeof(icmp)))
		return HR_STACK_SHORT;
	if (icmp.type == request) {
		p->flow.source_port = icmp.id;
		return PARSED;
	}
	if (icmp.type == reply) {
		p->flow.destination_port = icmp.id;
		return PARSED;
	}
	if (p->is_v6 ? icmp.type >= ICMPV6_DEST_UNREACH && icmp.type <= ICMPV6_PARAMPROB :
		       icmp.type == ICMP_DEST_UNREACH || icmp.type == ICMP_TIME_EXCEEDED || icmp.type == ICMP_PARAMETERPROB)
		return parse_quoted(skb, p, offset + sizeof(icmp));
	return HR_STACK_PROTOCOL;
}

static __always_inline enum hr_reason parse_transport(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	__u32 header_length;

	if (p->flow.protocol == IPPROTO_TCP) {
		struct tcphdr tcp;

		if (bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)))
			return HR_STACK_SHORT;
		p->flow.source_port = tcp.source;
		p->flow.destination_port = tcp.dest;
		p->tcp_bits = (tcp.syn ? TCP_SYN : 0) | (tcp.fin ? TCP_FIN : 0) | (tcp.rst ? TCP_RST : 0) | (tcp.ack ? TCP_ACK : 0);
		header_length = tcp.doff * 4;
	} else if (p->flow.protocol == IPPROTO_UDP) {
		struct udphdr udp;

		if (bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp)))
			return HR_STACK_SHORT;
		p->flow.source_port = udp.source;
		p->flow.destination_port = udp.dest;
		header_length = sizeof(udp);
	} else if (p->flow.protocol == (p->is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		return parse_icmp(skb, p, offset);
	} else {
		return HR_STACK_PROTOCOL;
	}
	if (skb->gso_size)
		p->segment_length = offset - ETH_HLEN + header_length + skb->gso_size;
	return PARSED;
}

static __always_inline enum hr_reason parse_v6(struct __sk_buff *skb, struct packet *p)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return HR_STACK_SHORT;
	switch (ip.nexthdr) {
	case IPPROTO_FRAGMENT:
		return HR_STACK_FRAGMENT;
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_AH:
		return HR_STACK_OPTIONS;
	}
	p->is_v6 = 1;
	p->ttl = ip.hop_limit;
	p->flow.protocol = ip.nexthdr;
	copy_address(&p->source, &ip.saddr);
	copy_address(&p->destination, &ip.daddr);
	p->flow.source = p->source;
	p->flow.destination = p->destination;
	return parse_transport(skb, p, ETH_HLEN + sizeof(ip));
}

static __always_inline enum hr_reason parse_v4(struct __sk_buff *skb, struct packet *p)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return HR_STACK_SHORT;
	if (ip.ihl != 5)
		return HR_STACK_OPTIONS;
	if (ip.frag_off & bpf_htons(IPV4_FRAGMENT))
		return HR_STACK_FRAGMENT;
	p->ttl = ip.ttl;
	p->tos = ip.tos;
	p->flow.protocol = ip.protocol;
	map_ipv4(&p->source, ip.saddr);
	map_ipv4(&p->destination, ip.daddr);
	p->flow.source = p->source;
	p->flow.destination = p->destination;
	return parse_transport(skb, p, ETH_HLEN + sizeof(ip));
}

/* PARSED, or the reason to leave the packet to the stack. *p must be zeroed. */
static __always_inline enum hr_reason parse(struct __sk_buff *skb, struct packet *p)
{
	if (skb->vlan_present)
		return HR_STACK_NOT_IP;
	p->segment_length = skb->len - ETH_HLEN;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return parse_v4(skb, p);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return parse_v6(skb, p);
	return HR_STACK_NOT_IP;
}

#endif
