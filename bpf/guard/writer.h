/* SPDX-License-Identifier: MIT */
/* Who writes, and whether it may. */
#ifndef GUARD_WRITER_H
#define GUARD_WRITER_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"
#include "maps.h"

/* Depth at which cgroups are looked for: below a node's and a pod's there are four or five levels at most. */
#define LEVELS_MAX 16

struct writer {
	struct gd_executable exe;
	__u32 scope; /* ≠ 0: permitted within it only */
	__u32 why;   /* enum gd_why; GD_WHY_PERMITTED: it may write */
};

static __always_inline struct gd_executable executable_of(const struct task_struct *task)
{
	struct gd_executable exe = {};
	struct file *file = BPF_CORE_READ(task, mm, exe_file);

	if (file) {
		exe.inode = BPF_CORE_READ(file, f_inode, i_ino);
		exe.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	}
	return exe;
}

/*
 * The innermost cgroup that is known decides, so that a container of a permitted pod may write and a refused pod in a permitted slice
 * may not. Threads that io_uring works with are in their owner's cgroup.
 */
static __always_inline struct gd_cgroup *known_cgroup(void)
{
	struct gd_cgroup *innermost = 0;

#pragma unroll
	for (int level = 1; level <= LEVELS_MAX; level++) {
		__u64 id = bpf_get_current_ancestor_cgroup_id(level);
		struct gd_cgroup *cgroup;

		if (!id)
			break;
		cgroup = bpf_map_lookup_elem(&gd_cgroups, &id);
		if (cgroup)
			innermost = cgroup;
	}
	return innermost;
}

static __always_inline void read_writer(struct writer *writer)
{
	struct gd_cgroup *cgroup = known_cgroup();

	writer->exe = executable_of((struct task_struct *)bpf_get_current_task());
	writer->scope = 0;
	if (!cgroup) {
		writer->why = GD_WHY_UNKNOWN_WRITER;
	} else if (!cgroup->permitted) {
		writer->why = GD_WHY_KNOWN_WRITER;
	} else if (cgroup->needs_exe && !bpf_map_lookup_elem(&gd_executables, &writer->exe)) {
		writer->why = GD_WHY_EXECUTABLE;
	} else {
		writer->why = GD_WHY_PERMITTED;
		writer->scope = cgroup->scope;
	}
}

/*
 * A dead agent knows no pod that came after it, and no program that an upgrade put in another's place. Refusing those would stop the
 * cluster's own writers, a restarted kube-proxy first; so they pass, and are told of. What the agent did know stays refused.
 */
static __always_inline enum gd_verdict verdict_on(enum gd_why why, const struct gd_settings *settings)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (why == GD_WHY_PERMITTED)
		return GD_VERDICT_PERMITTED;
	if (settings->mode != GD_MODE_ENFORCE || now < settings->audit_until_ns)
		return GD_VERDICT_AUDITED;
	if ((why == GD_WHY_UNKNOWN_WRITER || why == GD_WHY_EXECUTABLE) && now > settings->heartbeat_ns + GD_HEARTBEAT_STALE_NS)
		return GD_VERDICT_AUDITED;
	return GD_VERDICT_DENIED;
}

#endif
