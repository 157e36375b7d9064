// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The guard's walk over a batch as a program that can be run by hand: also on kernels that let nobody refuse anything. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../../../bpf/guard/walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define BATCH_BYTES_MAX (1u << 20)

struct batch {
	__u8 bytes[BATCH_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct batch);
} gd_batch SEC(".maps");

/* A pointer becomes a mere number on its way through a map, as the address in a socket buffer is one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} gd_address SEC(".maps");

struct walk_context {
	__u32 length;
	__u32 scope;
	__u32 end; /* enum walk_end; from here on answers */
	__u32 index;
	__u32 type;
	__u32 pad;
	__u64 took_ns;
};

SEC("syscall")
int walk_batch(struct walk_context *context)
{
	struct gd_settings *now = settings();
	__u32 length = context->length;
	struct batch *batch;
	struct walk walk;
	__u64 *address;
	__u64 begun;
	__u32 first = 0;

	batch = bpf_map_lookup_elem(&gd_batch, &first);
	address = bpf_map_lookup_elem(&gd_address, &first);
	if (!now || !batch || !address || length > BATCH_BYTES_MAX)
		return 1;
	if (bpf_probe_read_kernel(address, sizeof(*address), &batch))
		return 1;
	begun = bpf_ktime_get_ns();
	begin_walk(&walk, *address, length, now);
	walk.scope = context->scope;
	context->end = walk_on(&walk);
	context->took_ns = bpf_ktime_get_ns() - begun;
	context->index = walk.index;
	context->type = walk.type;
	return 0;
}
