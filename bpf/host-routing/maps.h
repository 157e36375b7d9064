/* SPDX-License-Identifier: MIT */
/* Every map of host routing. Pinned together under one folder; the agent fills endpoints, ranges, devices, heartbeat. */
#ifndef HOST_ROUTING_MAPS_H
#define HOST_ROUTING_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../shared/host_routing.h"

/* Only this object's programs touch it; user space goes through `control`, which keeps mode and timer in step. */
struct hr_control {
	__u32 mode;
	__u32 missed;
	__u64 generation;
	__u64 deadline_ns;
	__u32 epoch;
	__u32 pad;
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hr_control);
} hr_control SEC(".maps");

/* CLOCK_MONOTONIC of the agent's last sign of life, nanoseconds. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hr_heartbeat SEC(".maps");

/* 4096 = 250 pods (the largest maxPods) x 2 families x 8 addresses. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct hr_address);
	__type(value, struct hr_endpoint);
} hr_endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct hr_prefix);
	__type(value, __u32);
} hr_ranges SEC(".maps");

/* Two tables of 1024 ranges. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2048);
	__type(key, struct hr_denied_key);
	__type(value, struct hr_denial);
} hr_denied SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hr_denying);
} hr_denying SEC(".maps");

/* by ifindex */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct hr_device);
} hr_devices SEC(".maps");

/* Eviction is harmless: a miss asks conntrack, and a flow that it does not know is fast again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct hr_flow_key);
	__type(value, struct hr_flow);
} hr_flows SEC(".maps");

/* One end of a TCP flow; port in network byte order. */
struct hr_end {
	struct hr_address address;
	__u16 port;
	__u16 pad;
};

/* A power of two. A port that leads to more destinations at once, or within a minute, may meet one of them again. */
#define HR_DESTINATIONS 4

struct hr_destination {
	struct hr_address address;
	__u16 port; /* network byte order, 0 = no destination */
	__u16 pad;
	__u32 ended_s; /* when the flow was closed, seconds of the coarse monotonic clock + 1; 0 = not that we saw */
};

/* The direct flows that were opened last from one port of a pod. */
struct hr_opened {
	struct hr_destination to[HR_DESTINATIONS];
	__u32 next; /* the oldest of them, modulo their number */
};

/* See opened.h. Kernel side only, so not pinned. 65536 = 250 pods with 260 ports each; eviction leaves a clash as it would be without the map. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct hr_end);
	__type(value, struct hr_opened);
} hr_opened SEC(".maps");

/* A pod whose direct and Service connections have met on the same ports -> when that was last, monotonic coarse. Kernel side only; see opened.h. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct hr_address);
	__type(value, __u64);
} hr_mixing SEC(".maps");

/*
 * Translated flows, two halves each. LRU, so that a flood displaces the oldest and never stops new flows; ageing is done by
 * `collect`. The agent sizes both at load: the larger of 131072 and RAM / 4 GiB x 131072.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct hr_tuple);
	__type(value, struct hr_nat);
} hr_nat_out SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct hr_tuple);
	__type(value, struct hr_nat);
} hr_nat_in SEC(".maps");

/*
 * When an answer was last dropped because its half is lost, monotonic coarse. A pair that nobody has looked at since is looked at by the
 * pod's next packet, see nat.h. Kernel side only, so not pinned.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hr_half_lost SEC(".maps");

/* What all fragments of a datagram have in common, as they come; identification in network byte order. */
struct hr_fragment_key {
	struct hr_address source, destination;
	__u32 id;
	__u8 protocol;
	__u8 pad[3];
};

struct hr_fragment {
	struct hr_address address; /* what the first fragment was translated to */
	__u64 seen_ns;
};

/* Datagrams of translated flows whose later fragments are on their way. Kernel side only, so not pinned; 4096 = 64 MiB of 16 KiB datagrams in flight. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct hr_fragment_key);
	__type(value, struct hr_fragment);
} hr_fragments SEC(".maps");

/* Datagrams to denied addresses whose first fragment was let through -> when, monotonic coarse. Kernel side only, so not pinned. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct hr_fragment_key);
	__type(value, __u64);
} hr_let_through SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hr_masquerade);
} hr_masquerade SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct hr_port_bitmap);
} hr_host_ports SEC(".maps");

/* ifindex of an uplink -> its addresses */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct hr_source);
} hr_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hr_trace);
} hr_traced SEC(".maps");

/* Routing's latest answers on this processor, see fib.h, and one place for whoever only asks. Kernel side only. */
#define HR_ROUTES_BITS 6
#define HR_ROUTES (1 << HR_ROUTES_BITS)

struct hr_route {
	struct bpf_fib_lookup fib;
	struct hr_address source, destination;
	__u64 asked_ns; /* monotonic coarse; 0 = never */
	__u32 ingress;	/* ifindex */
	__u32 result;	/* BPF_FIB_LKUP_RET_*, or a negative errno */
	__u32 uplink_mtu; /* of the uplink that it leads through, bytes of layer 3; 0 = through none */
	__u16 length;	/* that was asked for, bytes of layer 3 */
	__u8 protocol;
	__u8 tos;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HR_ROUTES + 1);
	__type(key, __u32);
	__type(value, struct hr_route);
} hr_routes SEC(".maps");

/* direction x HR_REASON_MAX + reason */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HR_DIRECTION_MAX * HR_REASON_MAX);
	__type(key, __u32);
	__type(value, struct hr_counter);
} hr_metrics SEC(".maps");

#endif
