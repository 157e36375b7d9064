/* SPDX-License-Identifier: MIT */
/*
 * The kernel's conntrack, asked about a tuple and told of one. What it tracks belongs to the stack; what we enter is marked and
 * called a trace.
 */
#ifndef HOST_ROUTING_CONNTRACK_H
#define HOST_ROUTING_CONNTRACK_H

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "../include/conntrack_kfuncs.h"
#include "../shared/host_routing.h"
#include "parse.h"

/* "ACNS": tells our entries in conntrack from the kernel's. */
#define TRACE_MARK 0x41434e53

/* One direction of a tuple as the conntrack functions want it; answers its size, which tells the family. */
static __always_inline __u32 fill_tuple(struct bpf_sock_tuple *tuple, const struct hr_tuple *t, int reversed)
{
	const struct hr_address *source = reversed ? &t->destination : &t->source;
	const struct hr_address *destination = reversed ? &t->source : &t->destination;
	__u16 source_port = reversed ? t->destination_port : t->source_port;
	__u16 destination_port = reversed ? t->source_port : t->destination_port;

	if (is_mapped(source)) {
		tuple->ipv4.saddr = source->word[3];
		tuple->ipv4.daddr = destination->word[3];
		tuple->ipv4.sport = source_port;
		tuple->ipv4.dport = destination_port;
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, source, sizeof(*source));
	__builtin_memcpy(tuple->ipv6.daddr, destination, sizeof(*destination));
	tuple->ipv6.sport = source_port;
	tuple->ipv6.dport = destination_port;
	return sizeof(tuple->ipv6);
}

/*
 * What this kernel lends. Set before loading: asking for a weak function's address is refused where the function lives in a
 * module (libbpf before 1.2, Linux before 6.3); what a constant rules out is never looked at.
 */
const volatile __u32 hr_conntrack_lookup = 1;
const volatile __u32 hr_conntrack_entries = 1;
/* 1: a flow that conntrack knows and does not translate is taken over, see adopt(). */
const volatile __u32 hr_adopt = 0;

/* Written out for both sizes: the kernel's functions want a constant. */
static __always_inline struct nf_conn *look_up_filled(struct __sk_buff *skb, struct bpf_sock_tuple *tuple, __u32 size, struct bpf_ct_opts___v1 *opts)
{
	if (!hr_conntrack_lookup)
		return 0;
	if (size == sizeof(tuple->ipv4))
		return bpf_skb_ct_lookup(skb, tuple, sizeof(tuple->ipv4), opts, sizeof(*opts));
	return bpf_skb_ct_lookup(skb, tuple, sizeof(tuple->ipv6), opts, sizeof(*opts));
}

/* direction: which of the entry's tuples it is, IP_CT_DIR_*. */
static __always_inline struct nf_conn *look_up_direction(struct __sk_buff *skb, const struct hr_tuple *t, int reversed, __u8 *direction)
{
	struct bpf_ct_opts___v1 opts = { .netns_id = -1, .l4proto = t->protocol };
	struct bpf_sock_tuple tuple = {};
	__u32 size = fill_tuple(&tuple, t, reversed);
	struct nf_conn *ct = look_up_filled(skb, &tuple, size, &opts);

	*direction = opts.dir;
	return ct;
}

static __always_inline struct nf_conn *look_up(struct __sk_buff *skb, const struct hr_tuple *t, int reversed)
{
	__u8 direction;

	return look_up_direction(skb, t, reversed, &direction);
}

/* An entry that we left behind, and that no packet on the stack has taken up since. */
static __always_inline int is_trace(const struct nf_conn *ct)
{
	return ct->mark == TRACE_MARK && !(ct->status & IPS_SEEN_REPLY);
}

enum known { KNOWN_NOT, KNOWN_AS_TRACE, KNOWN_TO_STACK };

static __always_inline enum known conntrack_has(struct __sk_buff *skb, const struct hr_tuple *t, int reversed)
{
	struct nf_conn *ct = look_up(skb, t, reversed);
	enum known known;

	if (!ct)
		return KNOWN_NOT;
	known = is_trace(ct) ? KNOWN_AS_TRACE : KNOWN_TO_STACK;
	bpf_ct_release(ct);
	return known;
}

/*
 * Translated flows are known under the translated tuple of one direction only, so both are asked; only_there: of an answer it is
 * enough to ask for its own, since whatever the node translates expects its answers as they come.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int conntrack_knows(struct __sk_buff *skb, const struct hr_tuple *t, int only_there)
{
	enum known there, back;

	if (!t || !hr_conntrack_lookup || (t->protocol != IPPROTO_TCP && t->protocol != IPPROTO_UDP))
		return KNOWN_NOT;
	there = conntrack_has(skb, t, 0);
	if (there == KNOWN_TO_STACK || only_there)
		return there;
	back = conntrack_has(skb, t, 1);
	return back > there ? back : there;
}

/*
 * Whether the stack tracks t's flow as one that t's destination began. A translated flow is known under one of its tuples only: under t
 * before it is translated, under the reverse of t after that.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int is_tracked_answer(struct __sk_buff *skb, const struct hr_tuple *t)
{
	struct nf_conn *ct;
	__u8 direction;

	if (!t || !hr_conntrack_lookup || (t->protocol != IPPROTO_TCP && t->protocol != IPPROTO_UDP))
		return 0;
	ct = look_up_direction(skb, t, 0, &direction);
	if (ct) {
		bpf_ct_release(ct);
		return direction == IP_CT_DIR_REPLY;
	}
	ct = look_up_direction(skb, t, 1, &direction);
	if (!ct)
		return 0;
	bpf_ct_release(ct);
	return direction == IP_CT_DIR_ORIGINAL;
}

/*
 * Makes a flow that conntrack tracks ours, by ending its entry: no packet of it takes the stack any more, so the entry would
 * only grow old, and its window with it. Not what is translated, watched by a helper, or expected. Known under this tuple the
 * way round that it is asked: under the other one only, it is translated. 1 when it is ours; a trace only looks.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int adopt(struct __sk_buff *skb, const struct hr_tuple *t, int only_look)
{
	struct nf_conn *ct;
	int is_ours;

	if (!t || !hr_conntrack_entries)
		return 0;
	ct = look_up(skb, t, 0);
	if (!ct)
		return 0;
	is_ours = !(ct->status & IPS_NEEDED) && (only_look || !bpf_ct_change_timeout(ct, 0));
	bpf_ct_release(ct);
	return is_ours;
}

/*
 * Makes or renews an entry that says "this tuple is in use", marked as ours and without any other effect: NAT then gives nobody
 * else its ports. t runs from the side that opened the flow, else a later SYN on the stack would count as a reply and be INVALID.
 * 0 when it is there; not where a packet on the stack has made or taken up an entry. ms: how long it lasts without being renewed.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int leave_trace(struct __sk_buff *skb, const struct hr_tuple *t, __u32 ms)
{
	struct bpf_ct_opts___v1 opts = { .netns_id = -1 };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *ct;
	__u32 size;

	if (!t || !hr_conntrack_entries)
		return -1;
	opts.l4proto = t->protocol;
	size = fill_tuple(&tuple, t, 0);
	ct = look_up_filled(skb, &tuple, size, &opts);
	if (ct) {
		int found = is_trace(ct) ? 0 : -1;

		if (!found)
			bpf_ct_change_timeout(ct, ms);
		bpf_ct_release(ct);
		return found;
	}
	if (size == sizeof(tuple.ipv4))
		ct = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	else
		ct = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv6), &opts, sizeof(opts));
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

#endif
