/* SPDX-License-Identifier: MIT */
/*
 * Where pods' source ports lead on the fast path. Conntrack does not know direct flows, and NAT picks a source port for a Service
 * connection by what conntrack knows. Were it the port of a direct flow to the same backend, the backend would take the SYN for a
 * stray packet of that flow, which lives or is in TIME_WAIT at one end. So conntrack is told of the direct flows from a port just
 * before a Service's SYN from the same port reaches NAT: what such a SYN never follows costs nothing in conntrack.
 *
 * Where two did meet, NAT has given the later one any port that conntrack does not know, and that may be the one of yet another
 * direct flow in TIME_WAIT. So of a pod to which this has happened lately conntrack is told each flow's end at once.
 * Remains: the port that NAT picks is that of a direct flow which lives; its SYN then waits until that flow has ended.
 */
#ifndef HOST_ROUTING_OPENED_H
#define HOST_ROUTING_OPENED_H

#include "conntrack.h"
#include "flows.h"
#include "maps.h"

/* TCP_TIMEWAIT_LEN is 60 s; a little more, so that what conntrack is told outlives the socket. */
#define TIME_WAIT_S 65
#define TRACE_MS (TIME_WAIT_S * 1000)
/* Five minutes: longer than any TIME_WAIT, so that a pod that goes on so stays known for it. */
#define MIXING_NS (300 * SECOND_NS)

static __always_inline struct hr_opened *opened_from(const struct hr_address *address, __u16 port)
{
	struct hr_end from = { .address = *address, .port = port };

	return bpf_map_lookup_elem(&hr_opened, &from);
}

static __always_inline int leads_to(const struct hr_destination *place, const struct hr_address *address, __u16 port)
{
	return place->port == port && !compare_words(&place->address, address);
}

/* The unit of ended_s; never 0, which stands for none. */
static __always_inline __u32 second_of(__u64 now)
{
	return now / SECOND_NS + 1;
}

static __always_inline int ended_lately(const struct hr_destination *place, __u64 now)
{
	return place->ended_s && second_of(now) - place->ended_s <= TIME_WAIT_S;
}

/* The place of the same destination, else one that nobody can meet any more, else the next in turn. */
static __always_inline __u32 choose_place(struct hr_opened *opened, const struct packet *p, __u64 now)
{
	__u32 chosen = HR_DESTINATIONS;

	for (__u32 at = 0; at < HR_DESTINATIONS; at++) {
		const struct hr_destination *place = &opened->to[at];

		if (leads_to(place, &p->flow.destination, p->flow.destination_port))
			return at;
		if (!place->port || (place->ended_s && !ended_lately(place, now)))
			chosen = at;
	}
	return chosen < HR_DESTINATIONS ? chosen : opened->next++ & (HR_DESTINATIONS - 1);
}

/*
 * A pod opens a direct flow. A function of its own for its stack; not static: the verifier walks through it once.
 */
__noinline int note_opening(const struct packet *p, __u64 now)
{
	struct hr_opened *opened, first = {};
	struct hr_end from = {};
	__u32 at;

	if (!p)
		return -1;
	from.address = p->flow.source;
	from.port = p->flow.source_port;
	opened = bpf_map_lookup_elem(&hr_opened, &from);
	if (!opened) {
		first.to[0].address = p->flow.destination;
		first.to[0].port = p->flow.destination_port;
		return bpf_map_update_elem(&hr_opened, &from, &first, BPF_ANY);
	}
	at = choose_place(opened, p, now) & (HR_DESTINATIONS - 1);
	opened->to[at].address = p->flow.destination;
	opened->to[at].port = p->flow.destination_port;
	opened->to[at].ended_s = 0;
	return 0;
}

/* A direct and a Service connection of this pod have met. The key is copied, as in forget_flow(). */
static __always_inline void note_mixing(const struct gate *gate, const struct hr_address *pod)
{
	struct hr_address key = *pod;
	__u64 now = gate->now;

	if (!gate->is_trace)
		bpf_map_update_elem(&hr_mixing, &key, &now, BPF_ANY);
}

static __always_inline int mixes(const struct hr_address *pod, __u64 now)
{
	struct hr_address key = *pod;
	__u64 *at = bpf_map_lookup_elem(&hr_mixing, &key);

	return at && now - *at < MIXING_NS;
}

/*
 * Both ends have closed the flow: from now on one of them is in TIME_WAIT. by_low: it was opened by the key's lower end.
 * Not static: the verifier walks through it once; and for its stack.
 */
__noinline int note_ending(struct __sk_buff *skb, const struct gate *gate, int by_low)
{
	struct hr_tuple direct = { .protocol = IPPROTO_TCP };
	struct hr_opened *opened;

	if (!gate)
		return -1;
	direct.source = by_low ? gate->key.low : gate->key.high;
	direct.source_port = by_low ? gate->key.low_port : gate->key.high_port;
	direct.destination = by_low ? gate->key.high : gate->key.low;
	direct.destination_port = by_low ? gate->key.high_port : gate->key.low_port;
	opened = opened_from(&direct.source, direct.source_port);
	if (!opened)
		return 0;
	for (__u32 at = 0; at < HR_DESTINATIONS; at++)
		if (leads_to(&opened->to[at], &direct.destination, direct.destination_port))
			opened->to[at].ended_s = second_of(gate->now);
	return mixes(&direct.source, gate->now) ? leave_trace(skb, &direct, TRACE_MS) : 0;
}

/* Whether a backend may still have the flow from t's source to this place: it lives, or has ended lately. Overwrites gate->key. */
static __always_inline int is_met(struct gate *gate, const struct hr_tuple *t, const struct hr_destination *place)
{
	struct hr_flow_key key;
	struct hr_flow *flow;

	if (place->ended_s)
		return ended_lately(place, gate->now);
	make_key(gate, t);
	key = gate->key; /* as in forget_flow() */
	flow = bpf_map_lookup_elem(&hr_flows, &key);
	return flow && flow->epoch == gate->epoch;
}

/*
 * Tells conntrack of the direct flows from the port of a Service's SYN. Costs one lookup where there are none.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int avoid_clash(struct __sk_buff *skb, struct gate *gate, const struct packet *p)
{
	struct hr_tuple direct = { .protocol = IPPROTO_TCP };
	struct hr_opened *opened;

	if (!gate || !p || !hr_conntrack_entries)
		return -1;
	opened = opened_from(&p->flow.source, p->flow.source_port);
	if (!opened)
		return 0;
	direct.source = p->flow.source;
	direct.source_port = p->flow.source_port;
	for (__u32 at = 0; at < HR_DESTINATIONS; at++) {
		direct.destination = opened->to[at].address;
		direct.destination_port = opened->to[at].port;
		if (!direct.destination_port || !is_met(gate, &direct, &opened->to[at]))
			continue;
		note_mixing(gate, &direct.source);
		leave_trace(skb, &direct, TRACE_MS);
	}
	return 0;
}

struct telling {
	struct __sk_buff *skb;
	__u64 now;
	__u32 told;
};

static long tell_ended(void *map, const struct hr_end *from, const struct hr_opened *opened, struct telling *telling)
{
	struct hr_tuple direct = { .protocol = IPPROTO_TCP };

	direct.source = from->address;
	direct.source_port = from->port;
	for (__u32 at = 0; at < HR_DESTINATIONS; at++) {
		direct.destination = opened->to[at].address;
		direct.destination_port = opened->to[at].port;
		if (direct.destination_port && ended_lately(&opened->to[at], telling->now))
			telling->told += !leave_trace(telling->skb, &direct, TRACE_MS);
	}
	return 0;
}

/* Tells conntrack of every flow that has ended lately, since nobody will when the programs are gone. Answers how many it took. */
static __always_inline int tell_all_ended(struct __sk_buff *skb)
{
	struct telling telling = { .skb = skb, .now = bpf_ktime_get_coarse_ns() };

	if (hr_conntrack_entries)
		bpf_for_each_map_elem(&hr_opened, tell_ended, &telling, 0);
	return telling.told;
}

#endif
