/* SPDX-License-Identifier: MIT */
/* What the monitor's iterator writes and the agent reads. */
#ifndef SHARED_MONITOR_H
#define SHARED_MONITOR_H

#include <linux/types.h>

/* Where a link of a netfilter program is. */
struct hm_link_namespace {
	__u32 link_id;
	/* inode of the network namespace; 0: its namespace is gone, and with it the hook */
	__u32 netns;
};

_Static_assert(sizeof(struct hm_link_namespace) == 8, "two numbers");

#endif
