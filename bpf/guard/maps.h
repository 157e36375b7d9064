/* SPDX-License-Identifier: MIT */
/* The guard's maps. Hash maps throughout: what may sleep can read no trie. */
#ifndef GUARD_MAPS_H
#define GUARD_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../shared/guard.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gd_settings);
} gd_settings SEC(".maps");

/* Inode numbers of network namespaces, with enum gd_netns: the node's own, and that of a trial under way. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} gd_namespaces SEC(".maps");

/* By cgroup id. 250 pods (the largest maxPods), services and slices of the host, many times over. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct gd_cgroup);
} gd_cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct gd_executable);
	__type(value, __u32);
} gd_executables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct gd_scope);
	__type(value, __u32);
} gd_scopes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gd_counters);
} gd_counters SEC(".maps");

/* Room for 190 attempts between two looks of the agent. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} gd_attempts SEC(".maps");

static __always_inline struct gd_settings *settings(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&gd_settings, &first);
}

/* These programs can be preempted, hence atomic also on counters of one CPU. */
static __always_inline void count(enum gd_kind kind, enum gd_verdict verdict)
{
	struct gd_counters *counters;
	__u32 first = 0;

	counters = bpf_map_lookup_elem(&gd_counters, &first);
	if (counters && kind < GD_KIND_MAX && verdict < GD_VERDICT_MAX)
		__sync_fetch_and_add(&counters->attempts[kind][verdict], 1);
}

static __always_inline void count_lost(void)
{
	struct gd_counters *counters;
	__u32 first = 0;

	counters = bpf_map_lookup_elem(&gd_counters, &first);
	if (counters)
		__sync_fetch_and_add(&counters->lost, 1);
}

static __always_inline void count_set(void)
{
	struct gd_counters *counters;
	__u32 first = 0;

	counters = bpf_map_lookup_elem(&gd_counters, &first);
	if (counters)
		__sync_fetch_and_add(&counters->sets, 1);
}

static __always_inline void count_unreadable(void)
{
	struct gd_counters *counters;
	__u32 first = 0;

	counters = bpf_map_lookup_elem(&gd_counters, &first);
	if (counters)
		__sync_fetch_and_add(&counters->unreadable, 1);
}

#endif
