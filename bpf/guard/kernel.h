/* SPDX-License-Identifier: MIT */
/* The members of the kernel's structures that are read here; the loader finds where the running kernel has them. */
#ifndef GUARD_KERNEL_H
#define GUARD_KERNEL_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	unsigned short skc_family;
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct sk_buff {
	unsigned int len;
	unsigned int data_len;
	unsigned char *data;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
};

struct mm_struct {
	struct file *exe_file;
};

struct nsproxy {
	struct net *net_ns;
};

struct kernfs_node {
	const char *name;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp; /* in the v2 hierarchy */
};

struct task_struct {
	int tgid;
	char comm[16];
	struct task_struct *real_parent;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
};

/* Fourth argument of a system call, by machine: arch/x86/entry/calling.h, arch/arm64/include/asm/syscall.h. */
struct pt_regs___x86 {
	unsigned long r10;
};

struct pt_regs___arm64 {
	unsigned long regs[31];
};

#pragma clang attribute pop

/* include/linux/socket.h, include/uapi/linux/netlink.h, include/uapi/asm-generic/errno-base.h */
#define AF_NETLINK 16
#define NETLINK_NETFILTER 12
#define EPERM 1

#endif
