/* SPDX-License-Identifier: MIT */
/* The conntrack functions that the kernel lends to TC programs (net/netfilter/nf_conntrack_bpf.c, since 5.18). */
#ifndef CONNTRACK_KFUNCS_H
#define CONNTRACK_KFUNCS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct nf_conn {
	unsigned long status;
	__u32 mark;
} __attribute__((preserve_access_index));

/* enum ip_conntrack_status (linux/netfilter/nf_conntrack_common.h) */
#define IPS_SEEN_REPLY 2
/* enum ip_conntrack_dir (linux/netfilter/nf_conntrack_tuple_common.h) */
enum ip_conntrack_dir { IP_CT_DIR_ORIGINAL = 0, IP_CT_DIR_REPLY = 1 };
/* EXPECTED, SRC_NAT, DST_NAT, SEQ_ADJUST, FIXED_TIMEOUT, HELPER, OFFLOAD: something depends on this entry. */
#define IPS_NEEDED (1 << 0 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 10 | 1 << 13 | 1 << 14)

/*
 * The first 12 bytes of the kernel's bpf_ct_opts, which every kernel accepts. A plain layout, outside
 * preserve_access_index: newer kernels renamed `reserved`, and a relocated member would fail to load there.
 */
struct bpf_ct_opts___v1 {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};
_Static_assert(sizeof(struct bpf_ct_opts___v1) == 12, "the kernel checks this size");

/* Weak: a kernel without them (no BTF of nf_conntrack) loads the object too, when constants rule the calls out. */
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple, __u32 tuple_size,
					 struct bpf_ct_opts___v1 *opts, __u32 opts_size) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *ct) __ksym __weak;

/* Since 6.0. Timeouts in milliseconds. */
extern struct nf_conn *bpf_skb_ct_alloc(struct __sk_buff *skb, struct bpf_sock_tuple *tuple, __u32 tuple_size,
					struct bpf_ct_opts___v1 *opts, __u32 opts_size) __ksym __weak;
extern struct nf_conn *bpf_ct_insert_entry(struct nf_conn *ct) __ksym __weak;
extern void bpf_ct_set_timeout(struct nf_conn *ct, __u32 timeout_ms) __ksym __weak;
extern int bpf_ct_change_timeout(struct nf_conn *ct, __u32 timeout_ms) __ksym __weak;

#endif
