/* SPDX-License-Identifier: MIT */
/*
 * The gate: which flows may leave the stack. The kernel's conntrack is the authority: a flow that it tracks
 * (translated by a Service, or begun before the switch) stays on the stack; a flow that it does not know is
 * ours and is remembered. Forgetting is harmless, so the table may be an LRU.
 *
 * A remembered flow must not outlive itself, else a later Service flow with the same ports is never
 * un-translated. So conntrack is asked again, for the tuple in both directions:
 *   TCP  on SYN, SYN-ACK, RST and whatever comes after both FINs (the first answers that a new Service connection can get);
 *   UDP  once a second, and whenever a pod of this flow has just sent UDP to the stack (that packet may have
 *        begun a Service flow whose answer looks like ours);
 *   ICMP errors always, for the flow that they quote.
 * A TCP flow that ends leaves a marked entry in conntrack for the time of TIME_WAIT, see leave_trace(); one that lives gets
 * it when its source port is used for a Service too, see avoid_clash(). NAT then gives the Service flow another port.
 * Remains: a live direct UDP flow and a Service flow on the same ports at once. Counted as HR_STACK_CLASH.
 *
 * Where conntrack cannot be asked (hr_conntrack_lookup), only TCP whose SYN was seen here is fast, and a SYN-ACK only when it
 * acknowledges that SYN: any other belongs to a Service connection on the same ports, and ends what is remembered. UDP has no
 * beginning that could be seen, so it keeps the stack, and so does what would be masqueraded.
 */
#ifndef HOST_ROUTING_GATE_H
#define HOST_ROUTING_GATE_H

#include "../include/conntrack_kfuncs.h"
#include "maps.h"
#include "parse.h"

#define SECOND_NS 1000000000ULL
/* nf_conntrack_tcp_timeout_established's default; an older entry counts as none. */
#define TCP_AGE_NS (432000 * SECOND_NS)
#define TCP_CLOSING_AGE_NS (10 * SECOND_NS)
#define UDP_AGE_NS (120 * SECOND_NS)
#define ICMP_AGE_NS (30 * SECOND_NS)
/* From our sight of a pod's UDP packet until the stack has made its conntrack entry, plus one tick of the coarse clock. */
#define UDP_SETTLE_NS (20 * 1000000ULL)

/* "ACNS": tells our entries in conntrack from the kernel's. */
#define TRACE_MARK 0x41434e53
/* TCP_TIMEWAIT_LEN is 60 s; a little more, so that the entry outlives the socket. */
#define TRACE_MS 65000

#define HR_FLOW_CLOSED (HR_FLOW_FIN_FROM_LOW | HR_FLOW_FIN_FROM_HIGH)
#define HR_FLOW_OPENED (HR_FLOW_OPENED_FROM_LOW | HR_FLOW_OPENED_FROM_HIGH)

/* What the gate says: FAST or NEW let the packet through, anything else is a reason for the stack. */
#define GATE_FAST ((enum hr_reason) - 1)
#define GATE_NEW ((enum hr_reason) - 2)

struct gate {
	struct hr_flow_key key;
	__u64 now;
	__u64 stack_udp_ns; /* latest UDP to the stack of the flow's local pods */
	__u32 mode, epoch;
	__u32 answer_number; /* without conntrack: what the SYN at hand is to be acknowledged by */
	__u8 from_low;
	__u8 is_trace; /* decides, and changes nothing */
};

static __always_inline int compare_words(const struct hr_address *a, const struct hr_address *b)
{
	for (int i = 0; i < 4; i++)
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i] ? -1 : 1;
	return 0;
}

static __always_inline void make_key(struct gate *gate, const struct hr_tuple *t)
{
	struct hr_flow_key *key = &gate->key;
	int order = compare_words(&t->source, &t->destination);

	gate->from_low = order < 0 || (order == 0 && t->source_port <= t->destination_port);
	key->low = gate->from_low ? t->source : t->destination;
	key->high = gate->from_low ? t->destination : t->source;
	key->low_port = gate->from_low ? t->source_port : t->destination_port;
	key->high_port = gate->from_low ? t->destination_port : t->source_port;
	key->protocol = t->protocol;
}

/* One direction of a tuple as the conntrack functions want it; answers its size. */
static __always_inline __u32 fill_tuple(struct bpf_sock_tuple *tuple, const struct __sk_buff *skb, const struct hr_tuple *t, int reversed)
{
	const struct hr_address *source = reversed ? &t->destination : &t->source;
	const struct hr_address *destination = reversed ? &t->source : &t->destination;
	__u16 source_port = reversed ? t->destination_port : t->source_port;
	__u16 destination_port = reversed ? t->source_port : t->destination_port;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
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

static __always_inline struct nf_conn *look_up(struct __sk_buff *skb, const struct hr_tuple *t, int reversed)
{
	struct bpf_ct_opts___v1 opts = { .netns_id = -1, .l4proto = t->protocol };
	struct bpf_sock_tuple tuple = {};

	if (!hr_conntrack_lookup)
		return 0;
	if (fill_tuple(&tuple, skb, t, reversed) == sizeof(tuple.ipv4))
		return bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	return bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv6), &opts, sizeof(opts));
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
 * Translated flows are known under the translated tuple of one direction only, so both are asked.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int conntrack_knows(struct __sk_buff *skb, const struct hr_tuple *t)
{
	enum known there, back;

	if (!t || !hr_conntrack_lookup || (t->protocol != IPPROTO_TCP && t->protocol != IPPROTO_UDP))
		return KNOWN_NOT;
	there = conntrack_has(skb, t, 0);
	if (there == KNOWN_TO_STACK)
		return there;
	back = conntrack_has(skb, t, 1);
	return back > there ? back : there;
}

/*
 * Makes a flow that conntrack tracks ours, by ending its entry: no packet of it takes the stack any more, so the entry would
 * only grow old, and its window with it. Not what is translated, watched by a helper, or expected. Known under this tuple the
 * way round that it is asked: under the other one only, it is translated. 1 when it is ours; a trace only looks.
 */
static __noinline int adopt(struct __sk_buff *skb, const struct hr_tuple *t, int only_look)
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
 * A closed connection stays in TIME_WAIT at one end for a minute. A Service connection from the same source port to
 * the same backend would meet it there, and its SYN be refused. On the stack conntrack remembers the closed flow and
 * picks another source port for the new one; so a fast flow leaves an entry behind when it ends. The entry runs from
 * the side that opened the flow, else a later SYN on the stack would count as a reply and be INVALID. 0 when it is there.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int leave_trace(struct __sk_buff *skb, const struct hr_tuple *t, int reversed)
{
	struct bpf_ct_opts___v1 opts = { .netns_id = -1 };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *ct;

	if (!t || !hr_conntrack_entries)
		return -1;
	ct = look_up(skb, t, reversed);
	if (ct) {
		int found = is_trace(ct) ? 0 : -1;

		if (!found)
			bpf_ct_change_timeout(ct, TRACE_MS);
		bpf_ct_release(ct);
		return found;
	}
	opts.l4proto = t->protocol;
	if (fill_tuple(&tuple, skb, t, reversed) == sizeof(tuple.ipv4))
		ct = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	else
		ct = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv6), &opts, sizeof(opts));
	if (!ct)
		return -1;
	bpf_ct_set_timeout(ct, TRACE_MS);
	ct->mark = TRACE_MARK;
	ct = bpf_ct_insert_entry(ct);
	if (!ct)
		return -1;
	bpf_ct_release(ct);
	return 0;
}

static __always_inline int is_opening(const struct packet *p)
{
	return (p->tcp_bits & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* Remembers where a pod's source port leads, when a direct flow is opened from it. */
static __always_inline void note_opening(const struct packet *p)
{
	struct hr_end from = { .address = p->flow.source, .port = p->flow.source_port };
	struct hr_end to = { .address = p->flow.destination, .port = p->flow.destination_port };

	if (is_opening(p))
		bpf_map_update_elem(&hr_opened, &from, &to, BPF_ANY);
}

static __always_inline __u64 age_limit_ns(__u8 protocol, __u32 flags)
{
	if (protocol == IPPROTO_TCP)
		return (flags & HR_FLOW_CLOSED) == HR_FLOW_CLOSED ? TCP_CLOSING_AGE_NS : TCP_AGE_NS;
	return protocol == IPPROTO_UDP ? UDP_AGE_NS : ICMP_AGE_NS;
}

static __always_inline int must_ask_again(const struct gate *gate, const struct packet *p, const struct hr_flow *flow)
{
	if (p->is_icmp_error)
		return 1;
	if (gate->key.protocol == IPPROTO_TCP)
		return p->tcp_bits & (TCP_SYN | TCP_RST) || (flow->flags & HR_FLOW_CLOSED) == HR_FLOW_CLOSED;
	if (gate->key.protocol == IPPROTO_UDP)
		return gate->now - flow->checked_ns >= SECOND_NS || gate->stack_udp_ns + UDP_SETTLE_NS >= flow->checked_ns;
	return 0;
}

/*
 * A pod opens a connection to a Service from a port that a live direct flow of its own has too. If the Service chose that
 * flow's backend and NAT kept the port, the backend would take the SYN for a stray packet of the direct flow. Conntrack
 * does not know the direct flow, so it is told now, before the SYN reaches NAT. Costs one lookup per such SYN.
 */
static __noinline int avoid_clash(struct __sk_buff *skb, struct gate *gate, const struct packet *p)
{
	struct hr_tuple direct = { .protocol = IPPROTO_TCP };
	struct hr_end from = {}, *to;
	struct hr_flow *flow;

	if (!gate || !p)
		return -1;
	from.address = p->flow.source;
	from.port = p->flow.source_port;
	to = bpf_map_lookup_elem(&hr_opened, &from);
	if (!to)
		return 0;
	direct.source = p->flow.source;
	direct.source_port = p->flow.source_port;
	direct.destination = to->address;
	direct.destination_port = to->port;
	make_key(gate, &direct);
	flow = bpf_map_lookup_elem(&hr_flows, &gate->key);
	if (flow && flow->epoch == gate->epoch)
		return leave_trace(skb, &direct, 0);
	return 0;
}

/* The flags that a flow has once this packet has passed. */
static __always_inline __u32 next_flags(const struct gate *gate, const struct packet *p, __u32 flags)
{
	if (is_opening(p))
		return gate->from_low ? HR_FLOW_OPENED_FROM_LOW : HR_FLOW_OPENED_FROM_HIGH;
	if (p->tcp_bits & TCP_FIN)
		return flags | (gate->from_low ? HR_FLOW_FIN_FROM_LOW : HR_FLOW_FIN_FROM_HIGH);
	return flags;
}

static __always_inline void touch(struct __sk_buff *skb, const struct gate *gate, const struct packet *p, struct hr_flow *flow)
{
	__u32 before = flow->flags, flags = next_flags(gate, p, before);

	if (flags != before || gate->now - flow->seen_ns >= SECOND_NS) {
		flow->flags = flags;
		flow->seen_ns = gate->now;
	}
	/* An ended flow's place is given back at once, else the table fills with them and living ones are evicted. */
	if ((flags & HR_FLOW_CLOSED) == HR_FLOW_CLOSED && (before & HR_FLOW_CLOSED) != HR_FLOW_CLOSED && flags & HR_FLOW_OPENED &&
	    !leave_trace(skb, &p->flow, !gate->from_low == !!(flags & HR_FLOW_OPENED_FROM_LOW)))
		bpf_map_delete_elem(&hr_flows, &gate->key);
	if (p->tcp_bits & TCP_RST)
		bpf_map_delete_elem(&hr_flows, &gate->key);
}

static __always_inline int is_opening_answer(const struct packet *p)
{
	return (p->tcp_bits & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
}

/* The gate where conntrack cannot be asked. flow: what is remembered, or NULL; its checked_ns holds answer_number. */
static __always_inline enum hr_reason pass_unasked(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct hr_flow *flow)
{
	struct {
		__u32 sequence, acknowledged;
	} numbers = {};

	if (gate->key.protocol == IPPROTO_TCP && p->tcp_bits & TCP_SYN &&
	    bpf_skb_load_bytes(skb, p->transport + offsetof(struct tcphdr, seq), &numbers, sizeof(numbers)))
		return HR_STACK_SHORT;
	gate->answer_number = bpf_ntohl(numbers.sequence) + 1;
	if (!flow) {
		if (gate->mode != HR_MODE_ON)
			return HR_STACK_MODE;
		if (p->is_icmp_error)
			return HR_STACK_ICMP_ERROR;
		/* an echo is not asked about where conntrack can be asked, either */
		if (gate->key.protocol != IPPROTO_TCP && gate->key.protocol != IPPROTO_UDP)
			return GATE_NEW;
		return is_opening(p) ? GATE_NEW : HR_STACK_UNSEEN;
	}
	if (p->is_icmp_error)
		return GATE_FAST;
	if (is_opening_answer(p) && bpf_ntohl(numbers.acknowledged) != (__u32)flow->checked_ns) {
		if (!gate->is_trace)
			bpf_map_delete_elem(&hr_flows, &gate->key);
		return HR_STACK_CLASH;
	}
	if (gate->is_trace)
		return GATE_FAST;
	if (is_opening(p))
		flow->checked_ns = gate->answer_number;
	touch(skb, gate, p, flow);
	return GATE_FAST;
}

/* Decides before the packet is touched. GATE_NEW: call remember() once routing has agreed too. */
static __always_inline enum hr_reason pass_gate(struct __sk_buff *skb, struct gate *gate, const struct packet *p)
{
	struct hr_flow *flow;
	enum known known;

	make_key(gate, &p->flow);
	flow = bpf_map_lookup_elem(&hr_flows, &gate->key);
	if (flow && (flow->epoch != gate->epoch || gate->now - flow->seen_ns > age_limit_ns(gate->key.protocol, flow->flags)))
		flow = 0;
	if (!hr_conntrack_lookup)
		return pass_unasked(skb, gate, p, flow);
	if (flow) {
		if (must_ask_again(gate, p, flow)) {
			if (conntrack_knows(skb, &p->flow) == KNOWN_TO_STACK) {
				if (!gate->is_trace)
					bpf_map_delete_elem(&hr_flows, &gate->key);
				return HR_STACK_CLASH;
			}
			if (!gate->is_trace)
				flow->checked_ns = gate->now;
		}
		if (!p->is_icmp_error && !gate->is_trace)
			touch(skb, gate, p, flow);
		return GATE_FAST;
	}
	if (gate->mode != HR_MODE_ON)
		return HR_STACK_MODE;
	if (p->is_icmp_error)
		return HR_STACK_ICMP_ERROR;
	known = conntrack_knows(skb, &p->flow);
	if (known == KNOWN_TO_STACK && !(hr_adopt && adopt(skb, &p->flow, gate->is_trace)))
		return HR_STACK_CONNTRACK;
	/* The last words of a flow that has ended: no new flow begins with them. */
	return known == KNOWN_AS_TRACE && gate->key.protocol == IPPROTO_TCP && !is_opening(p) ? GATE_FAST : GATE_NEW;
}

/* 0, or an error of bpf_map_update_elem. A reset ends a flow and makes none. */
static __always_inline long remember(const struct gate *gate, const struct packet *p)
{
	struct hr_flow flow = { .seen_ns = gate->now, .checked_ns = gate->now, .epoch = gate->epoch };

	if (!hr_conntrack_lookup)
		flow.checked_ns = gate->answer_number;
	if (p->tcp_bits & TCP_RST)
		return 0;
	flow.flags = next_flags(gate, p, 0);
	return bpf_map_update_elem(&hr_flows, &gate->key, &flow, BPF_ANY);
}

#endif
