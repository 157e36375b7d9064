// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The same as guard_lsm.bpf.c where `bpf` is not in the kernel's list of security modules: in place of the hooks' callers. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "judge.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("fmod_ret/security_netlink_send")
int BPF_PROG(on_netlink_send, const struct sock *sk, const struct sk_buff *skb)
{
	return judge_netlink(sk, skb);
}

SEC("fmod_ret/security_socket_setsockopt")
int BPF_PROG(on_setsockopt, const struct socket *socket, int level, int option)
{
	return judge_setsockopt(socket, level, option);
}

SEC("fmod_ret/security_bpf")
int BPF_PROG(on_bpf, int command, const void *attr, __u32 size)
{
	return judge_bpf(command, attr, size);
}
