// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Counts how TCP connections end, by network namespace and step of a switch. Runs once for each change of a socket's
 * state and for each lost segment, never for a packet that arrives as it should.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "../shared/disruption.h"
#include "socket.h"

/* include/uapi/asm-generic/errno.h */
#define EPIPE 32
#define ENETUNREACH 101
#define ECONNRESET 104
#define ETIMEDOUT 110
#define EHOSTUNREACH 113

/* 250 pods (the largest maxPods) and the host, through eight steps whose figures are still wanted. */
#define NAMESPACES_TIMES_STEPS 2048

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hd_state);
} hd_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NAMESPACES_TIMES_STEPS);
	__type(key, struct hd_key);
	__type(value, struct hd_count);
} hd_counts SEC(".maps");

/* Events that found no room in hd_counts. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hd_lost SEC(".maps");

/* Adds one to a counter; where is its offset in struct hd_count. */
static void count(__u64 netns, __u32 where)
{
	const struct hd_count none = {};
	struct hd_key key = { .netns = netns };
	struct hd_count *found;
	struct hd_state *state;
	__u32 first = 0;
	__u64 *lost;

	state = bpf_map_lookup_elem(&hd_state, &first);
	if (state)
		key.epoch = state->epoch;
	found = bpf_map_lookup_elem(&hd_counts, &key);
	if (!found) {
		bpf_map_update_elem(&hd_counts, &key, &none, BPF_NOEXIST);
		found = bpf_map_lookup_elem(&hd_counts, &key);
	}
	if (found && where <= sizeof(*found) - sizeof(__u64)) {
		__sync_fetch_and_add((__u64 *)((char *)found + where), 1);
		return;
	}
	lost = bpf_map_lookup_elem(&hd_lost, &first);
	if (lost)
		__sync_fetch_and_add(lost, 1);
}

#define COUNT(netns, member) count(netns, __builtin_offsetof(struct hd_count, member))

static __always_inline __u64 netns_of(const struct sock *sk)
{
	return sk->__sk_common.skc_net.net->net_cookie;
}

/* Why an established connection ended. An error that nobody is left to see disturbs nobody. */
static __always_inline __u32 ending(const struct sock *sk)
{
	if (sk->sk_err == 0 || sk->__sk_common.skc_flags & (1UL << SOCK_DEAD))
		return __builtin_offsetof(struct hd_count, closed);
	switch (sk->sk_err) {
	case ECONNRESET:
	case EPIPE:
		return __builtin_offsetof(struct hd_count, reset);
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return __builtin_offsetof(struct hd_count, timeout);
	default:
		return __builtin_offsetof(struct hd_count, failed);
	}
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock *sk, int before, int after)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (after == TCP_ESTABLISHED) {
		COUNT(netns_of(sk), opened);
		return 0;
	}
	if (after != TCP_CLOSE || before == TCP_LISTEN || before == TCP_NEW_SYN_RECV)
		return 0;
	if (before != TCP_SYN_SENT && before != TCP_SYN_RECV)
		count(netns_of(sk), ending(sk));
	else if (sk->sk_err)
		COUNT(netns_of(sk), connect_failure);
	else
		COUNT(netns_of(sk), abandoned);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, const struct sock *sk)
{
	COUNT(netns_of(sk), retransmits);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_reset_received, const struct sock *sk)
{
	COUNT(netns_of(sk), resets_received);
	return 0;
}

/*
 * Since 6.10 the kernel calls this without a socket too, and some versions let a program read through that null pointer
 * unguarded, believing it is never null. Reading through the helper fails safely on all of them.
 */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_reset_sent, const struct sock *sk)
{
	struct net *net;

	if (!sk)
		return 0;
	net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	if (net)
		COUNT(BPF_CORE_READ(net, net_cookie), resets_sent);
	return 0;
}
