/* SPDX-License-Identifier: MIT */
/* Tells the agent of an attempt. Nothing here decides anything. */
#ifndef GUARD_ATTEMPT_H
#define GUARD_ATTEMPT_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"
#include "maps.h"
#include "writer.h"

/* What was to be written, and what became of it. */
struct judged {
	__u32 netns;
	__u32 kind;
	__u32 verdict;
	__u32 why;
	__u32 message_type;
	__u32 message_index;
	__u32 message_length;
	__u64 message; /* address in the kernel, 0: none */
	__u64 user;    /* address in the process, 0: none */
};

static __always_inline void describe_process(struct gd_attempt *attempt, const struct gd_executable *exe)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 ids = bpf_get_current_pid_tgid();
	struct dentry *dentry = BPF_CORE_READ(task, mm, exe_file, f_path.dentry);
	struct kernfs_node *node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);

	attempt->at_ns = bpf_ktime_get_boot_ns();
	attempt->cgroup = bpf_get_current_cgroup_id();
	attempt->exe_inode = exe->inode;
	attempt->exe_device = exe->device;
	attempt->pid = ids >> 32;
	attempt->tid = (__u32)ids;
	attempt->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	attempt->uid = (__u32)bpf_get_current_uid_gid();
	attempt->task_netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	bpf_get_current_comm(attempt->command, sizeof(attempt->command));
	attempt->parent_command[0] = 0;
	BPF_CORE_READ_STR_INTO(&attempt->parent_command, task, real_parent, comm);
	attempt->exe_name[0] = 0;
	if (dentry)
		bpf_probe_read_kernel_str(attempt->exe_name, sizeof(attempt->exe_name), BPF_CORE_READ(dentry, d_name.name));
	attempt->cgroup_name[0] = 0;
	if (node)
		bpf_probe_read_kernel_str(attempt->cgroup_name, sizeof(attempt->cgroup_name), BPF_CORE_READ(node, name));
}

/* As much of the message as there is room for; what cannot be read is not told. */
static __always_inline void copy_message(struct gd_attempt *attempt, const struct judged *judged)
{
	__u32 bytes = judged->message_length;
	long failed = -1;

	attempt->message_bytes = 0;
	if (bytes > GD_MESSAGE_BYTES)
		bytes = GD_MESSAGE_BYTES;
	if (judged->message)
		failed = bpf_probe_read_kernel(attempt->message, bytes, (void *)judged->message);
	else if (judged->user)
		failed = bpf_probe_read_user(attempt->message, bytes, (void *)judged->user);
	if (!failed)
		attempt->message_bytes = bytes;
}

static __always_inline void tell(const struct judged *judged, const struct gd_executable *exe)
{
	struct gd_attempt *attempt = bpf_ringbuf_reserve(&gd_attempts, sizeof(*attempt), 0);

	if (!attempt) {
		count_lost();
		return;
	}
	describe_process(attempt, exe);
	attempt->netns = judged->netns;
	attempt->kind = judged->kind;
	attempt->verdict = judged->verdict;
	attempt->why = judged->why;
	attempt->message_type = judged->message_type;
	attempt->message_index = judged->message_index;
	attempt->message_length = judged->message_length;
	attempt->scope = 0;
	copy_message(attempt, judged);
	bpf_ringbuf_submit(attempt, 0);
}

#endif
