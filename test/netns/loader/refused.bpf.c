// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A program that no verifier accepts: it reads through a pointer that may be NULL. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

SEC("tc")
int reads_null(struct __sk_buff *skb)
{
	__u32 key = skb->len;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	return (int)*value;
}
