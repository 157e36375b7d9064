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
	__u16 i_mode;
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
	void *private_data; /* of a socket: struct socket */
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
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
	struct files_struct *files;
};

/* Arguments of a system call, by machine: arch/x86/entry/calling.h, arch/arm64/include/asm/syscall.h. */
struct pt_regs___x86 {
	unsigned long di;
	unsigned long si;
	unsigned long dx;
	unsigned long r10;
	unsigned long bx; /* of a 32-bit call, whose others are cx, dx and si */
	unsigned long cx;
};

struct pt_regs___arm64 {
	unsigned long regs[31];
	unsigned long pstate;
};

struct thread_info___x86 {
	__u32 status;
};

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
};

#pragma clang attribute pop

/* include/linux/socket.h, include/uapi/linux/netlink.h, include/uapi/asm-generic/errno-base.h */
#define AF_NETLINK 16
#define NETLINK_NETFILTER 12
#define EPERM 1
/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFSOCK 0140000

#endif
