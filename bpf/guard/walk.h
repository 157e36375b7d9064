/* SPDX-License-Identifier: MIT */
/*
 * Walks a batch of netlink messages as nfnetlink does (net/netfilter/nfnetlink.c, nfnetlink_rcv_batch) and stops at the first that
 * writes something which decides about packets. Whatever would make nfnetlink stop ends the walk too; what it would read on, is read.
 */
#ifndef GUARD_WALK_H
#define GUARD_WALK_H

#include <linux/types.h>
#include <stdbool.h>
#include <linux/netlink.h>
#include <bpf/bpf_helpers.h>
#include "maps.h"

/* Headers and attributes that are looked at; a batch with more of them is refused whole. An honest batch of a whole node has far less. */
#define TURNS_MAX (1u << 20)

#define NFNL_SUBSYS_IPSET 6
#define NFNL_SUBSYS_NFTABLES 10

/* include/uapi/linux/netfilter/ipset/ip_set.h, enum ipset_cmd: what adds to a set, or puts another one in its place */
enum {
	IPSET_CMD_CREATE = 2,
	IPSET_CMD_RENAME = 5,
	IPSET_CMD_SWAP = 6,
	IPSET_CMD_ADD = 9,
};

/* include/uapi/linux/netfilter/nf_tables.h, enum nf_tables_msg_types */
enum {
	NFT_MSG_NEWTABLE = 0,
	NFT_MSG_NEWCHAIN = 3,
	NFT_MSG_NEWRULE = 6,
	NFT_MSG_NEWSET = 9,
	NFT_MSG_NEWSETELEM = 12,
	NFT_MSG_NEWOBJ = 18,
	NFT_MSG_NEWFLOWTABLE = 22,
};

/* Attribute 1 of all of these messages is the table. */
#define NFTA_TABLE 1
#define NFTA_RULE_CHAIN 2
#define NFTA_CHAIN_POLICY 5
#define NF_ACCEPT 1
#define ATTRIBUTE_TYPE_MASK 0x3fff
/* struct nfgenmsg (linux/netfilter/nfnetlink.h) stands between a message's header and its attributes. */
#define NFGENMSG_BYTES 4

struct netlink_attribute {
	__u16 length;
	__u16 type;
};

/* What ended a walk. */
enum walk_end { WALK_GOES_ON = 0, WALK_HARMLESS = 1, WALK_FOUND = 2, WALK_UNREADABLE = 3 };

/*
 * Until 6.7 the verifier looks at one turn of a loop only, and drops as dead what cannot happen in it (commit ab5cfac139ab in the
 * kernel mends that). So nothing that a turn changes may begin with a value that the verifier knows: `begin_walk` adds a zero from a
 * map to all of it.
 */
struct walk {
	__u64 data; /* address of the batch in the kernel */
	__u32 length;
	__u32 at;    /* of the message under way, or of the next one */
	__u32 index; /* of it */
	__u32 type;  /* NFT_MSG_*, while its attributes are looked at */
	__u32 message_length;
	__u32 attribute; /* where the next attribute is; past message's end when there is no more */
	__u32 judges;	 /* the message counts only for its attributes: NEWCHAIN, or all when a scope is asked for */
	__u32 drops;	 /* a chain's policy that is not ACCEPT was seen */
	__u32 unnamed;	 /* a name was seen that no scope can hold */
	__u32 scope;	 /* ≠ 0: messages within this scope are harmless */
	__u32 strict;
	__u32 end; /* enum walk_end */
	struct gd_scope name;
};

static __always_inline void begin_walk(struct walk *walk, __u64 data, __u32 length, const struct gd_settings *settings)
{
	__u32 unknown = settings->zero;

	__builtin_memset(walk, 0, sizeof(*walk));
	walk->data = data;
	walk->length = length;
	walk->at = unknown;
	walk->index = unknown;
	walk->type = unknown;
	walk->message_length = unknown;
	walk->attribute = unknown;
	walk->judges = unknown;
	walk->drops = unknown;
	walk->unnamed = unknown;
	walk->end = unknown;
	walk->strict = settings->strict;
}

/*
 * An empty table does nothing, and iptables' nf_tables backend makes its tables anew with each change: a writer with a scope, which is one of the
 * cluster's own, is not stopped at that.
 */
static __always_inline bool writes(__u32 type, __u32 strict, __u32 scope)
{
	switch (type) {
	case NFT_MSG_NEWRULE:
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_NEWOBJ:
	case NFT_MSG_NEWFLOWTABLE:
		return true;
	case NFT_MSG_NEWTABLE:
		return strict && !scope;
	case NFT_MSG_NEWSET:
		return strict;
	default:
		return false;
	}
}

static __always_inline bool changes_set(__u16 type)
{
	__u32 command = type & 0xff;

	return type >> 8 == NFNL_SUBSYS_IPSET && (command == IPSET_CMD_CREATE || command == IPSET_CMD_RENAME || command == IPSET_CMD_SWAP ||
						  command == IPSET_CMD_ADD);
}

static __always_inline __u32 aligned(__u32 length)
{
	return (length + 3) & ~3u;
}

/* Goes to the next message; the last one may lack its padding. */
static __always_inline void next_message(struct walk *walk)
{
	__u32 left = walk->length - walk->at;
	__u32 step = aligned(walk->message_length);

	walk->judges = 0;
	walk->index++;
	walk->at += step < left ? step : left;
}

/* The walk stays at the message, so that it can be told which it was. */
static __always_inline void found(struct walk *walk)
{
	walk->end = WALK_FOUND;
}

/* First byte of struct nfgenmsg; a message without one is refused by nfnetlink. */
static __always_inline __u32 family_of(const struct walk *walk)
{
	__u8 family = 0;

	if (walk->message_length > sizeof(struct nlmsghdr))
		bpf_probe_read_kernel(&family, 1, (void *)(walk->data + walk->at + sizeof(struct nlmsghdr)));
	return family;
}

static __always_inline void look_at_message(struct walk *walk)
{
	struct nlmsghdr header;
	__u32 left = walk->length - walk->at;

	if (walk->at >= walk->length || left < sizeof(header)) {
		walk->end = WALK_HARMLESS;
		return;
	}
	if (bpf_probe_read_kernel(&header, sizeof(header), (void *)(walk->data + walk->at))) {
		walk->end = WALK_UNREADABLE;
		return;
	}
	if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > left) {
		walk->end = WALK_HARMLESS;
		return;
	}
	walk->message_length = header.nlmsg_len;
	walk->type = header.nlmsg_type & 0xff;
	/* counted here: one more number that each turn changes is too much for the verifier. A scope's walk is the second one */
	if (!walk->scope && changes_set(header.nlmsg_type))
		count_set();
	if (header.nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || !writes(walk->type, walk->strict, walk->scope)) {
		next_message(walk);
		return;
	}
	if (walk->type != NFT_MSG_NEWCHAIN && !walk->scope) {
		found(walk);
		return;
	}
	walk->judges = 1;
	walk->drops = 0;
	walk->unnamed = 0;
	walk->attribute = walk->at + sizeof(header) + NFGENMSG_BYTES;
	walk->name.family = family_of(walk);
	__builtin_memset(walk->name.table, 0, sizeof(walk->name.table));
	__builtin_memset(walk->name.chain, 0, sizeof(walk->name.chain));
}

/* The value of the attribute under way. */
static __always_inline void *value_of(const struct walk *walk)
{
	return (void *)(walk->data + walk->attribute + sizeof(struct netlink_attribute));
}

/* nf_tables takes a name with its terminating NUL or without. */
static __always_inline void read_name(struct walk *walk, char *name, __u32 length)
{
	if (length > GD_NAME_BYTES) {
		walk->unnamed = 1;
		return;
	}
	__builtin_memset(name, 0, GD_NAME_BYTES);
	if (length && bpf_probe_read_kernel(name, length, value_of(walk)))
		walk->end = WALK_UNREADABLE;
}

static __always_inline void look_at_policy(struct walk *walk, __u32 length)
{
	__u32 policy = 0;

	if (length < sizeof(policy))
		return; /* refused by nf_tables itself */
	if (bpf_probe_read_kernel(&policy, sizeof(policy), value_of(walk))) {
		walk->end = WALK_UNREADABLE;
		return;
	}
	if (policy != __builtin_bswap32(NF_ACCEPT))
		walk->drops = 1;
}

static __always_inline bool in_scope(const struct walk *walk)
{
	struct gd_scope key;

	if (walk->unnamed)
		return false;
	__builtin_memcpy(&key, &walk->name, sizeof(key));
	key.scope = walk->scope;
	if (bpf_map_lookup_elem(&gd_scopes, &key))
		return true;
	__builtin_memset(key.chain, 0, sizeof(key.chain));
	return bpf_map_lookup_elem(&gd_scopes, &key) != 0;
}

/* All attributes were seen. A chain counts if its policy does, of which no scope holds any. */
static __always_inline void end_message(struct walk *walk)
{
	if (walk->type == NFT_MSG_NEWCHAIN ? walk->drops != 0 : !in_scope(walk))
		found(walk);
	else
		next_message(walk);
}

/* As nla_for_each_attr: an attribute that does not fit ends the list, one of an unknown type is passed over. */
static __always_inline void look_at_attribute(struct walk *walk)
{
	struct netlink_attribute attribute;
	__u32 end = walk->at + walk->message_length;
	__u32 left = end - walk->attribute;
	__u32 type, length;

	if (walk->attribute >= end || left < sizeof(attribute)) {
		end_message(walk);
		return;
	}
	if (bpf_probe_read_kernel(&attribute, sizeof(attribute), (void *)(walk->data + walk->attribute))) {
		walk->end = WALK_UNREADABLE;
		return;
	}
	if (attribute.length < sizeof(attribute) || attribute.length > left) {
		end_message(walk);
		return;
	}
	type = attribute.type & ATTRIBUTE_TYPE_MASK;
	length = attribute.length - sizeof(attribute);
	if (type == NFTA_TABLE)
		read_name(walk, walk->name.table, length);
	else if (walk->type == NFT_MSG_NEWRULE && type == NFTA_RULE_CHAIN)
		read_name(walk, walk->name.chain, length);
	else if (walk->type == NFT_MSG_NEWCHAIN && type == NFTA_CHAIN_POLICY)
		look_at_policy(walk, length);
	walk->attribute += aligned(attribute.length);
}

static long turn(__u32 index, void *context)
{
	struct walk *walk = context;

	if (walk->judges)
		look_at_attribute(walk);
	else
		look_at_message(walk);
	return walk->end != WALK_GOES_ON;
}

/* Walks to the next message that offends, or to the end. */
static __always_inline enum walk_end walk_on(struct walk *walk)
{
	bpf_loop(TURNS_MAX, turn, walk, 0);
	if (walk->end == WALK_GOES_ON)
		return WALK_UNREADABLE;
	return walk->end;
}

#endif
