// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What the loader's tests load: one of each kind of map, constant and program that the loader handles. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 step = 1;
const volatile __u64 limit_ns;

struct event {
	__u32 number;
	__u32 pad;
	__u8 rest[56];
};
_Static_assert(sizeof(struct event) == 64, "layout is a contract");

struct emit_command {
	__u32 count;
	__u32 emitted;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2); /* 0: events lost, 1: state changes seen */
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

static void add_one(__u32 index)
{
	__u64 *count = bpf_map_lookup_elem(&counts, &index);

	if (count)
		__sync_fetch_and_add(count, 1);
}

/* A full buffer loses the event, counts it, and goes on. */
SEC("syscall")
int emit(struct emit_command *command)
{
	for (__u32 i = 0; i < 128 && i < command->count; i++) {
		struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

		if (!event) {
			add_one(0);
			continue;
		}
		__builtin_memset(event, 0, sizeof(*event));
		event->number = i * step;
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
		command->emitted++;
	}
	return 0;
}

struct constants_answer {
	__u64 limit_ns;
	__u32 step;
	__u32 pad;
};

SEC("syscall")
int constants(struct constants_answer *answer)
{
	answer->step = step;
	answer->limit_ns = limit_ns;
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int on_state(__u64 *context)
{
	add_one(1);
	return 0;
}

SEC("tc")
int first(struct __sk_buff *skb)
{
	return 1;
}

SEC("tc")
int second(struct __sk_buff *skb)
{
	return 2;
}
