// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Gives every packet that leaves a device a tag with VLAN 0, which says nothing but a priority: the receiver takes the packet as if it had none. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int tag(struct __sk_buff *skb)
{
	bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 0);
	return TC_ACT_UNSPEC;
}
