/* SPDX-License-Identifier: MIT */
/*
 * Fragments of translated flows. The first one has ports and finds its pair; it leaves a note, by which the later ones find the
 * address. A later fragment that comes before the first finds none and goes to the stack. Fragments of direct flows need no
 * note: the stack delivers them as they are.
 */
#ifndef HOST_ROUTING_FRAGMENTS_H
#define HOST_ROUTING_FRAGMENTS_H

#include "gate.h"
#include "maps.h"
#include "parse.h"

/* net.ipv4.ipfrag_time: after that the receiver has given the datagram up, and its identification may come again. */
#define FRAGMENT_AGE_NS (30 * SECOND_NS)

static __always_inline void fragment_key(struct hr_fragment_key *key, const struct packet *p)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->source = p->flow.source;
	key->destination = p->flow.destination;
	key->id = p->fragment_id;
	key->protocol = p->flow.protocol;
}

/* What the first fragment was translated to, or NULL. */
static __always_inline struct hr_address *find_fragment(const struct gate *gate, const struct packet *p)
{
	struct hr_fragment_key key;
	struct hr_fragment *found;

	fragment_key(&key, p);
	found = bpf_map_lookup_elem(&hr_fragments, &key);
	return found && gate->now - found->seen_ns <= FRAGMENT_AGE_NS ? &found->address : 0;
}

/*
 * Without a note the later fragments are lost, as any may be.
 * Not static: the verifier walks through it once, not once for each way that leads here.
 */
__noinline int note_fragment(const struct packet *p, const struct hr_address *address)
{
	struct hr_fragment_key key;
	struct hr_fragment note = {};

	if (!p || !address)
		return -1;
	note.address = *address;
	note.seen_ns = bpf_ktime_get_coarse_ns();
	fragment_key(&key, p);
	return bpf_map_update_elem(&hr_fragments, &key, &note, BPF_ANY);
}

#endif
