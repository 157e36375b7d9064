// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Says in which network namespace each link of a netfilter program is, which no call tells: the same hook in a pod's
 * namespace is the pod's own business. Runs when the agent reads its iterator, and never for a packet.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "../shared/monitor.h"
#include "link.h"

/* enum bpf_link_type (linux/bpf.h of 6.4) */
#define LINK_TYPE_NETFILTER 10

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("iter/bpf_link")
int hm_netfilter_links(struct bpf_iter__bpf_link *ctx)
{
	struct hm_link_namespace found = {};
	struct bpf_link *link = ctx->link;
	struct bpf_nf_link *nf;

	/* At the end there is none. */
	if (!link || !bpf_core_type_exists(struct bpf_nf_link) || (__u32)link->type != LINK_TYPE_NETFILTER)
		return 0;
	/* link is the first member of the other */
	nf = (struct bpf_nf_link *)link;
	found.link_id = link->id;
	if (!BPF_CORE_READ(nf, dead))
		found.netns = BPF_CORE_READ(nf, net, ns.inum);
	bpf_seq_write(ctx->meta->seq, &found, sizeof(found));
	return 0;
}
