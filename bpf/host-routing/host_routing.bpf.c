// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Host routing: pod traffic leaves the stack where the gate allows it.
 *   from_pod  on ingress of a pod's host-side veth
 *   from_net  on ingress of an uplink
 *   control   mode, confirmation timer (syscall program)
 * A packet that is not redirected goes on unchanged: TC_ACT_UNSPEC lets other programs and the stack see it.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "maps.h"
#include "metrics.h"
#include "parse.h"
#include "gate.h"
#include "fib.h"
#include "control.h"

/* The kernel lends conntrack lookups and redirects to GPL-compatible programs only. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int to_stack(struct __sk_buff *skb, enum hr_direction direction, enum hr_reason reason)
{
	count(skb, direction, reason);
	return TC_ACT_UNSPEC;
}

static __always_inline enum hr_class class_of(const struct hr_address *address)
{
	struct hr_prefix prefix = { .length = 128, .address = *address };
	__u32 *class = bpf_map_lookup_elem(&hr_ranges, &prefix);

	return class ? *class : HR_CLASS_STACK;
}

static __always_inline int deliver_local(struct __sk_buff *skb, struct gate *gate, const struct packet *p, struct hr_endpoint *to,
					 enum hr_direction direction)
{
	enum hr_reason verdict;

	if (to->last_stack_udp_ns > gate->stack_udp_ns)
		gate->stack_udp_ns = to->last_stack_udp_ns;
	if (p->segment_length > to->mtu)
		return to_stack(skb, direction, HR_STACK_TOO_BIG);
	verdict = pass_gate(skb, gate, p);
	if (verdict != GATE_FAST && verdict != GATE_NEW)
		return to_stack(skb, direction, verdict);
	if (!endpoint_is_current(skb, p, to))
		return to_stack(skb, direction, HR_STACK_STALE_ENDPOINT);
	if (verdict == GATE_NEW && remember(gate, p))
		return to_stack(skb, direction, HR_STACK_FLOW_TABLE);
	if (direction == HR_FROM_POD)
		note_opening(p);
	count(skb, direction, direction == HR_FROM_POD ? HR_FAST_LOCAL : HR_FAST_FROM_NET);
	if (rewrite(skb, p->is_v6, to->pod_mac, to->host_mac))
		return TC_ACT_SHOT;
	return bpf_redirect_peer(to->ifindex, 0);
}

static __always_inline int send_remote(struct __sk_buff *skb, struct gate *gate, const struct packet *p)
{
	struct bpf_fib_lookup fib = {};
	struct bpf_redir_neigh next = {};
	enum hr_reason verdict = pass_gate(skb, gate, p);
	long found;

	if (verdict != GATE_FAST && verdict != GATE_NEW)
		return to_stack(skb, HR_FROM_POD, verdict);
	found = look_up_route(skb, p, &fib);
	if (found == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return to_stack(skb, HR_FROM_POD, HR_STACK_TOO_BIG);
	if ((found != BPF_FIB_LKUP_RET_SUCCESS && found != BPF_FIB_LKUP_RET_NO_NEIGH) || !is_uplink(fib.ifindex))
		return to_stack(skb, HR_FROM_POD, HR_STACK_ROUTE);
	if (verdict == GATE_NEW && remember(gate, p))
		return to_stack(skb, HR_FROM_POD, HR_STACK_FLOW_TABLE);
	note_opening(p);
	if (found == BPF_FIB_LKUP_RET_SUCCESS) {
		count(skb, HR_FROM_POD, HR_FAST_REMOTE);
		if (rewrite(skb, p->is_v6, fib.dmac, fib.smac))
			return TC_ACT_SHOT;
		return bpf_redirect(fib.ifindex, 0);
	}
	count(skb, HR_FROM_POD, HR_FAST_REMOTE_NEIGH);
	if (rewrite(skb, p->is_v6, 0, 0))
		return TC_ACT_SHOT;
	next.nh_family = fib.family;
	__builtin_memcpy(next.ipv6_nh, fib.ipv6_dst, sizeof(next.ipv6_nh));
	return bpf_redirect_neigh(fib.ifindex, &next, sizeof(next), 0);
}

/* The mode, or OFF when there is no control value (cannot happen; the verifier wants it said). */
static __always_inline __u32 read_mode(struct gate *gate)
{
	__u32 zero = 0;
	struct hr_control *control = bpf_map_lookup_elem(&hr_control, &zero);

	if (!control)
		return HR_MODE_OFF;
	gate->mode = control->mode;
	gate->epoch = control->epoch;
	gate->now = bpf_ktime_get_coarse_ns();
	return gate->mode;
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	struct gate gate = {};
	struct packet p = {};
	struct hr_endpoint *from, *to;
	enum hr_reason refusal;
	enum hr_class class;

	if (read_mode(&gate) == HR_MODE_OFF)
		return to_stack(skb, HR_FROM_POD, HR_STACK_MODE);
	refusal = parse(skb, &p);
	if (refusal != PARSED)
		return to_stack(skb, HR_FROM_POD, refusal);
	from = bpf_map_lookup_elem(&hr_endpoints, &p.source);
	if (!from || from->ifindex != skb->ifindex)
		return to_stack(skb, HR_FROM_POD, HR_STACK_SOURCE);
	gate.stack_udp_ns = from->last_stack_udp_ns;
	to = bpf_map_lookup_elem(&hr_endpoints, &p.destination);
	class = to ? HR_CLASS_OWN_NODE : class_of(&p.destination);
	if (class == HR_CLASS_STACK) {
		if (p.flow.protocol == IPPROTO_UDP && !p.is_icmp_error)
			from->last_stack_udp_ns = gate.now;
		if (is_opening(&p) && !p.is_icmp_error)
			avoid_clash(skb, &gate, &p);
		return to_stack(skb, HR_FROM_POD, HR_STACK_CLASS);
	}
	if (p.ttl <= 1)
		return to_stack(skb, HR_FROM_POD, HR_STACK_TTL);
	if (to)
		return deliver_local(skb, &gate, &p, to, HR_FROM_POD);
	if (class == HR_CLASS_OWN_NODE)
		return to_stack(skb, HR_FROM_POD, HR_STACK_NO_ENDPOINT);
	return send_remote(skb, &gate, &p);
}

SEC("tc")
int from_net(struct __sk_buff *skb)
{
	struct gate gate = {};
	struct packet p = {};
	struct hr_endpoint *to;
	enum hr_reason refusal;

	if (read_mode(&gate) == HR_MODE_OFF)
		return to_stack(skb, HR_FROM_NET, HR_STACK_MODE);
	refusal = parse(skb, &p);
	if (refusal != PARSED)
		return to_stack(skb, HR_FROM_NET, refusal);
	to = bpf_map_lookup_elem(&hr_endpoints, &p.destination);
	if (!to)
		return to_stack(skb, HR_FROM_NET, HR_STACK_HOST);
	/*
	 * Only other nodes' pods: hosts, the outside and forged addresses of our own pods keep the stack's filters.
	 * Errors come from routers too; the flow that they quote must be a fast one.
	 */
	if (!p.is_icmp_error && class_of(&p.source) != HR_CLASS_NATIVE)
		return to_stack(skb, HR_FROM_NET, HR_STACK_CLASS);
	if (p.ttl <= 1)
		return to_stack(skb, HR_FROM_NET, HR_STACK_TTL);
	return deliver_local(skb, &gate, &p, to, HR_FROM_NET);
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
