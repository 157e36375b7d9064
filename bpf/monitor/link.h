/* SPDX-License-Identifier: MIT */
/* The members of the kernel's links that are read here; the loader finds where the running kernel has them. */
#ifndef MONITOR_LINK_H
#define MONITOR_LINK_H

#include <linux/bpf.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_link {
	__u32 id;
	enum bpf_link_type type;
};

struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

/* net/netfilter/nf_bpf_link.c, Linux 6.4 */
struct bpf_nf_link {
	struct bpf_link link;
	struct net *net;
	__u32 dead;
};

#pragma clang attribute pop

#endif
