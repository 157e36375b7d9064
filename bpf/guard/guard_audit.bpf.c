// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Tells of rules of the packet filter in guarded network namespaces where the kernel lets nobody refuse them. It sees system calls before
 * they are carried out: a replaced table of the old kind is told of at once, and of nf_tables it keeps who sent, since the agent learns
 * from the kernel's notices what was written. What io_uring sends is no system call.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "judge.h"
#include "system_call.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* By thread. One that was forgotten is told of without its pod; maps of this kind may forget 128 entries for each processor too early. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__uint(value_size, GD_SENDER_BYTES);
} gd_senders SEC(".maps");

/* Room for one that is being described: a system call's tracepoint is not preempted. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, GD_SENDER_BYTES);
} gd_sender SEC(".maps");

/* What was seen in the namespace of a trial, by enum gd_kind. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GD_KIND_MAX);
	__type(key, __u32);
	__type(value, __u64);
} gd_seen SEC(".maps");

static __always_inline void see(__u32 kind)
{
	__u64 *seen = bpf_map_lookup_elem(&gd_seen, &kind);

	if (seen)
		__sync_fetch_and_add(seen, 1);
}

static __always_inline void remember_sender(__u32 netns, const struct gd_settings *now)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	struct gd_attempt *sender;
	struct writer writer;
	__u32 first = 0;

	sender = bpf_map_lookup_elem(&gd_sender, &first);
	if (!sender)
		return;
	read_writer(&writer);
	describe_process(sender, &writer.exe);
	sender->netns = netns;
	sender->kind = GD_KIND_NFTABLES;
	sender->verdict = verdict_on(writer.why, now);
	sender->why = writer.why;
	sender->scope = writer.scope;
	bpf_map_update_elem(&gd_senders, &thread, sender, BPF_ANY);
}

static __always_inline void see_send(const struct sock *sk)
{
	struct gd_settings *now = settings();
	__u32 netns;

	if (!sk || !now)
		return;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_NETLINK || BPF_CORE_READ(sk, sk_protocol) != NETLINK_NETFILTER)
		return;
	netns = netns_of(sk);
	switch (guarded(netns)) {
	case GD_NETNS_GUARDED:
		remember_sender(netns, now);
		break;
	case GD_NETNS_TRIAL:
		see(GD_KIND_NFTABLES);
		break;
	}
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_system_call, void *registers, long id)
{
	struct call call;
	__u32 kind;

	read_call(&call, registers, id);
	if (call.kind == CALL_SEND)
		see_send(sock_of(call.arguments[0]));
	if (call.kind != CALL_SETSOCKOPT)
		return 0;
	kind = kind_of(call.arguments[1], call.arguments[2]);
	/* the only refusal that there can be is a trial's */
	if (kind < GD_KIND_MAX && judge_replace(sock_of(call.arguments[0]), kind, call.arguments[3]) < 0)
		see(kind);
	return 0;
}
