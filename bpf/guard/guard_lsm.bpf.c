// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Refuses rules of the packet filter in guarded network namespaces, as a security module. Loads and attaches also where `bpf` is not
 * in the kernel's list of modules, and is then never asked: only a trial shows whether it works.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "judge.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("lsm/netlink_send")
int BPF_PROG(on_netlink_send, const struct sock *sk, const struct sk_buff *skb)
{
	return judge_netlink(sk, skb);
}

SEC("lsm/socket_setsockopt")
int BPF_PROG(on_setsockopt, const struct socket *socket, int level, int option)
{
	return judge_setsockopt(socket, level, option);
}

SEC("lsm/bpf")
int BPF_PROG(on_bpf, int command, const void *attr, __u32 size)
{
	return judge_bpf(command, attr, size);
}
