// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Host routing: pod traffic leaves the stack where the gate allows it.
 *   from_pod    on ingress of a pod's host-side veth
 *   from_net    on ingress of an uplink
 *   to_net      on egress of an uplink: nothing but deny rules, for what from_pod has not seen, or not with this destination
 *   control     mode, confirmation timer (syscall program)
 *   trace_flow  what from_pod or from_net would do with a packet, and why; never attached
 *   collect     removal of translated flows that have ended (syscall program)
 *   tell_ended_flows  entries in conntrack for direct flows that have just ended; run with BPF_PROG_TEST_RUN before the programs go
 * A packet that is not redirected goes on unchanged: TC_ACT_UNSPEC lets other programs and the stack see it. Three exceptions:
 * what a policy denies is dropped, see denial.h; an answer to a translated flow that the stack must handle gets the pod's address first, see
 * go.h; one whose half is lost is dropped, see way.h.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "collect.h"
#include "control.h"
#include "denial.h"
#include "go.h"
#include "maps.h"
#include "trace.h"
#include "way.h"

/* The kernel lends conntrack lookups and redirects to GPL-compatible programs only. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The mode, or OFF when there is no control value (cannot happen; the verifier wants it said). */
static __always_inline void read_control(struct gate *gate)
{
	__u32 zero = 0;
	struct hr_control *control = bpf_map_lookup_elem(&hr_control, &zero);

	if (!control)
		return;
	gate->mode = control->mode;
	gate->epoch = control->epoch;
	gate->now = bpf_ktime_get_coarse_ns();
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	struct gate gate = {};
	struct packet p = {};
	struct way way = {};
	enum hr_reason reason;

	read_control(&gate);
	reason = way_from_pod(skb, &gate, &p, &way);
	return reason == GO_ON ? go_from_pod(skb, &gate, &p, &way) : refuse(skb, HR_FROM_POD, reason);
}

SEC("tc")
int from_net(struct __sk_buff *skb)
{
	struct gate gate = {};
	struct packet p = {};
	struct way way = {};
	enum hr_reason reason;

	read_control(&gate);
	reason = way_from_net(skb, &gate, &p, &way);
	/* only the way of a translated flow's answer has both */
	if (way.to && way.stand_in)
		return go_unmasqueraded(skb, &gate, &p, &way, reason);
	return reason == GO_ON ? go_from_net(skb, &gate, &p, &way) : refuse(skb, HR_FROM_NET, reason);
}

/* The node's own packets have a socket. So has what from_pod has judged and redirected; forwarding takes it away. */
SEC("tc")
int to_net(struct __sk_buff *skb)
{
	struct hr_denying *denying = denying_now();
	struct gate gate = {};

	if (!denying || skb->sk || !may_leave_for_denied(skb, denying))
		return TC_ACT_UNSPEC;
	read_control(&gate);
	return is_denied(skb, &gate, denying->active) ? refuse(skb, HR_FROM_POD, HR_DROP_DENIED_OUT) : TC_ACT_UNSPEC;
}

SEC("tc")
int trace_flow(struct __sk_buff *skb)
{
	struct gate gate = {};
	struct packet p = {};
	struct way way = {};
	__u32 zero = 0;
	struct hr_trace *trace = bpf_map_lookup_elem(&hr_traced, &zero);

	if (!trace)
		return TC_ACT_UNSPEC;
	read_control(&gate);
	trace_packet(skb, trace, &gate, &p, &way);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tell_ended_flows(struct __sk_buff *skb)
{
	return tell_all_ended(skb);
}

SEC("syscall")
int collect(struct hr_collection *result)
{
	return collect_pairs(result);
}

SEC("syscall")
int control(struct hr_command *command)
{
	__u32 zero = 0;
	struct hr_control *state = bpf_map_lookup_elem(&hr_control, &zero);

	if (!state)
		return 1;
	command->result = command_control(state, command);
	command->generation = state->generation;
	command->deadline_ns = state->deadline_ns;
	command->mode = state->mode;
	command->missed = state->missed;
	command->epoch = state->epoch;
	return 0;
}
