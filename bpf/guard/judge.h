/* SPDX-License-Identifier: MIT */
/* One judgement for every way to write a rule: who is it, what does the mode say, count, tell. Answers with what the hook answers. */
#ifndef GUARD_JUDGE_H
#define GUARD_JUDGE_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "attempt.h"
#include "kernel.h"
#include "maps.h"
#include "walk.h"
#include "writer.h"

/* setsockopt's levels and options that write a table: include/uapi/linux/netfilter_{ipv4,ipv6,arp,bridge}/ *_tables.h */
#define SOL_IP 0
#define SOL_IPV6 41
#define IPT_SO_SET_REPLACE 64
#define ARPT_SO_SET_REPLACE 96
#define EBT_SO_SET_ENTRIES 128
/* They all begin with the table's name, of 32 bytes. */
#define TABLE_HEAD_BYTES 64

/* include/uapi/linux/bpf.h of 6.4 and later */
#define BPF_LINK_CREATE_COMMAND 28
#define BPF_NETFILTER_ATTACH_TYPE 45
#define LINK_CREATE_ATTACH_TYPE_OFFSET 8

/* enum gd_netns, or 0 for a namespace that is nobody's business here. */
static __always_inline __u32 guarded(__u32 netns)
{
	__u32 *found = bpf_map_lookup_elem(&gd_namespaces, &netns);

	return found ? *found : 0;
}

static __always_inline __u32 netns_of(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline int answer(struct judged *judged, const struct writer *writer, const struct gd_settings *settings)
{
	judged->verdict = verdict_on(judged->why, settings);
	count(judged->kind, judged->verdict);
	/* kube-proxy writes nftables all day long; tables of the old kind are written seldom, and nobody else tells of them */
	if (judged->verdict != GD_VERDICT_PERMITTED || judged->kind != GD_KIND_NFTABLES)
		tell(judged, &writer->exe);
	return judged->verdict == GD_VERDICT_DENIED ? -EPERM : 0;
}

/* What was walked to is told; why the walk ended matters only to one who might have been permitted. */
static __always_inline void name_message(struct judged *judged, const struct walk *walk)
{
	judged->message_type = walk->type;
	judged->message_index = walk->index;
	judged->message_length = walk->message_length;
	judged->message = walk->data + walk->at;
}

static __always_inline int judge_batch(__u32 netns, __u64 data, __u32 length, bool whole)
{
	struct judged judged = { .netns = netns, .kind = GD_KIND_NFTABLES };
	struct gd_settings *now = settings();
	struct writer writer;
	struct walk walk;
	enum walk_end end = WALK_UNREADABLE;

	if (!now)
		return -EPERM;
	begin_walk(&walk, data, length, now);
	if (whole)
		end = walk_on(&walk);
	if (end == WALK_HARMLESS)
		return 0;
	if (guarded(netns) == GD_NETNS_TRIAL)
		return -EPERM;
	read_writer(&writer);
	judged.why = writer.why;
	if (end == WALK_FOUND)
		name_message(&judged, &walk);
	if (end == WALK_FOUND && writer.why == GD_WHY_PERMITTED && writer.scope) {
		begin_walk(&walk, data, length, now);
		walk.scope = writer.scope;
		end = walk_on(&walk);
		if (end == WALK_FOUND) {
			judged.why = GD_WHY_SCOPE;
			name_message(&judged, &walk);
		}
	}
	if (end == WALK_UNREADABLE) {
		count_unreadable();
		if (judged.why == GD_WHY_PERMITTED)
			judged.why = GD_WHY_UNREADABLE;
	}
	return answer(&judged, &writer, now);
}

static __always_inline int judge_netlink(const struct sock *sk, const struct sk_buff *skb)
{
	__u32 netns;

	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_NETLINK || BPF_CORE_READ(sk, sk_protocol) != NETLINK_NETFILTER)
		return 0;
	netns = netns_of(sk);
	if (!guarded(netns))
		return 0;
	return judge_batch(netns, (__u64)BPF_CORE_READ(skb, data), BPF_CORE_READ(skb, len), BPF_CORE_READ(skb, data_len) == 0);
}

static __always_inline __u32 kind_of(int level, int option)
{
	if (level == SOL_IP && option == IPT_SO_SET_REPLACE)
		return GD_KIND_IPTABLES;
	if (level == SOL_IPV6 && option == IPT_SO_SET_REPLACE)
		return GD_KIND_IP6TABLES;
	if (level == SOL_IP && option == ARPT_SO_SET_REPLACE)
		return GD_KIND_ARPTABLES;
	if (level == SOL_IP && option == EBT_SO_SET_ENTRIES)
		return GD_KIND_EBTABLES;
	return GD_KIND_MAX;
}

/*
 * Where the process has what it gave to setsockopt, from the registers of the system call: for the telling only, since a 32-bit process
 * and io_uring have something else there.
 */
static __always_inline __u64 option_value(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	void *registers = (void *)bpf_task_pt_regs((void *)task);

	if (bpf_core_field_exists(struct pt_regs___x86, r10))
		return BPF_CORE_READ((struct pt_regs___x86 *)registers, r10);
	if (bpf_core_field_exists(struct pt_regs___arm64, regs))
		return BPF_CORE_READ((struct pt_regs___arm64 *)registers, regs[3]);
	return 0;
}

/*
 * An old table is replaced whole, and read only after this hook: no scope can be held against it, and a permit within one is a permit.
 * `user`: where the process has what it gave to setsockopt.
 */
static __always_inline int judge_replace(const struct sock *sk, __u32 kind, __u64 user)
{
	struct judged judged = { .kind = kind };
	struct gd_settings *now = settings();
	struct writer writer;

	if (!sk || !now)
		return 0;
	judged.netns = netns_of(sk);
	switch (guarded(judged.netns)) {
	case GD_NETNS_GUARDED:
		break;
	case GD_NETNS_TRIAL:
		return -EPERM;
	default:
		return 0;
	}
	read_writer(&writer);
	judged.why = writer.why;
	judged.user = user;
	judged.message_length = TABLE_HEAD_BYTES;
	return answer(&judged, &writer, now);
}

static __always_inline int judge_setsockopt(const struct socket *socket, int level, int option)
{
	__u32 kind = kind_of(level, option);

	if (kind == GD_KIND_MAX)
		return 0;
	return judge_replace(BPF_CORE_READ(socket, sk), kind, option_value());
}

/* An eBPF program as a netfilter hook of the namespace in which the process is: the kernel knows no other. */
static __always_inline int judge_bpf(int command, const void *attr, __u32 size)
{
	struct judged judged = { .kind = GD_KIND_NETFILTER_LINK };
	struct gd_settings *now = settings();
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct writer writer;
	__u32 type = 0;

	if (command != BPF_LINK_CREATE_COMMAND || size < LINK_CREATE_ATTACH_TYPE_OFFSET + sizeof(type) || !now)
		return 0;
	if (bpf_probe_read_kernel(&type, sizeof(type), attr + LINK_CREATE_ATTACH_TYPE_OFFSET) || type != BPF_NETFILTER_ATTACH_TYPE)
		return 0;
	judged.netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	switch (guarded(judged.netns)) {
	case GD_NETNS_GUARDED:
		break;
	case GD_NETNS_TRIAL:
		return -EPERM;
	default:
		return 0;
	}
	read_writer(&writer);
	judged.why = writer.scope ? GD_WHY_SCOPE : writer.why;
	return answer(&judged, &writer, now);
}

#endif
