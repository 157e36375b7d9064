/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's side and the agent's side of host routing both read: keys, values, commands, reasons.
 * Fixed-width members, explicit padding, host byte order unless a member says otherwise. bpf/layout holds the
 * same shapes for TypeScript; a test compares both with the object file's BTF.
 */
#ifndef HOST_ROUTING_SHARED_H
#define HOST_ROUTING_SHARED_H

#include <linux/types.h>

/* OFF: every packet to the stack. DRAIN: flows already fast stay fast, others to the stack. */
enum hr_mode { HR_MODE_OFF = 0, HR_MODE_ON = 1, HR_MODE_DRAIN = 2 };

enum hr_role { HR_ROLE_POD = 1, HR_ROLE_UPLINK = 2 };

/* Class of an address range; an address in none of them belongs to the stack. */
enum hr_class { HR_CLASS_STACK = 1, HR_CLASS_NATIVE = 2, HR_CLASS_OWN_NODE = 3 };

enum hr_direction { HR_FROM_POD = 0, HR_FROM_NET = 1, HR_DIRECTION_MAX = 2 };

/* What became of a packet. Below HR_STACK_MODE: redirected. */
enum hr_reason {
	HR_FAST_LOCAL = 0,	     /* pod to pod of the same node */
	HR_FAST_REMOTE = 1,	     /* pod to another node's pod, link layer known */
	HR_FAST_REMOTE_NEIGH = 2,    /* the same, neighbour resolved by the kernel on the way */
	HR_FAST_FROM_NET = 3,	     /* another node's pod to a pod here */
	HR_STACK_MODE = 4,	     /* OFF, or DRAIN and not a known flow */
	HR_STACK_CLASS = 5,	     /* destination (or remote source) is no pod address */
	HR_STACK_NOT_IP = 6,	     /* ARP, VLAN, anything but IPv4 and IPv6 */
	HR_STACK_FRAGMENT = 7,	     /* no ports in later fragments */
	HR_STACK_OPTIONS = 8,	     /* IPv4 options, IPv6 extension headers */
	HR_STACK_PROTOCOL = 9,	     /* not TCP, UDP or ICMP echo; neighbour discovery */
	HR_STACK_TTL = 10,	     /* the stack sends Time Exceeded */
	HR_STACK_SOURCE = 11,	     /* source address is not the sending device's */
	HR_STACK_CONNTRACK = 12,     /* the kernel tracks this flow */
	HR_STACK_CLASH = 13,	     /* was fast, and the kernel tracks it now (same ports through a Service) */
	HR_STACK_ICMP_ERROR = 14,    /* quotes a flow that is not fast */
	HR_STACK_NO_ENDPOINT = 15,   /* in this node's range, and no pod device is known for it */
	HR_STACK_ROUTE = 16,	     /* no route, local, blackhole, or not through an uplink */
	HR_STACK_TOO_BIG = 17,	     /* over the MTU: the stack fragments or answers */
	HR_STACK_STALE_ENDPOINT = 18, /* agent silent, and routing no longer agrees with the endpoint map */
	HR_STACK_FLOW_TABLE = 19,    /* flow could not be remembered */
	HR_STACK_SHORT = 20,	     /* headers cut off */
	HR_STACK_HOST = 21,	     /* came in for the node itself or for nobody here: no pod's packet */
	HR_REASON_MAX = 22,
};

/* IPv4 as IPv4-mapped IPv6 (::ffff:a.b.c.d), network byte order. */
struct hr_address {
	__u32 word[4];
};
_Static_assert(sizeof(struct hr_address) == 16, "layout is a contract");

struct hr_endpoint {
	__u32 ifindex;	    /* host side of the pod's veth */
	__u32 mtu;	    /* of that device, bytes of layer 3 */
	__u8 pod_mac[6];
	__u8 host_mac[6];
	__u32 pad;
	__u64 last_stack_udp_ns; /* monotonic coarse: last UDP packet of this address left to the stack for its class */
};
_Static_assert(sizeof(struct hr_endpoint) == 32, "layout is a contract");

struct hr_prefix {
	__u32 length; /* bits; IPv4 ranges count 96 more */
	struct hr_address address;
};
_Static_assert(sizeof(struct hr_prefix) == 20, "layout is a contract");

/* Both directions of a flow have the same key: the lower (address, port) stands first. */
struct hr_flow_key {
	struct hr_address low, high;
	__u16 low_port, high_port; /* network byte order; ICMP echo: identifier and 0 */
	__u8 protocol;
	__u8 pad[3];
};
_Static_assert(sizeof(struct hr_flow_key) == 40, "layout is a contract");

enum hr_flow_flag {
	HR_FLOW_FIN_FROM_LOW = 1,
	HR_FLOW_FIN_FROM_HIGH = 2,
	HR_FLOW_OPENED_FROM_LOW = 4, /* neither: its beginning was not seen */
	HR_FLOW_OPENED_FROM_HIGH = 8,
};

struct hr_flow {
	__u64 seen_ns;	  /* monotonic coarse, refreshed at most once a second */
	__u64 checked_ns; /* when conntrack was last asked */
	__u32 epoch;	  /* of the control value when it was made; another epoch = no entry */
	__u32 flags;
};
_Static_assert(sizeof(struct hr_flow) == 24, "layout is a contract");

struct hr_counter {
	__u64 packets;
	__u64 bytes;
};
_Static_assert(sizeof(struct hr_counter) == 16, "layout is a contract");

enum hr_operation { HR_OP_READ = 0, HR_OP_ON = 1, HR_OP_CONFIRM = 2, HR_OP_DRAIN = 3, HR_OP_OFF = 4 };
enum hr_result { HR_DONE = 0, HR_TOO_LATE = 1, HR_TIMER_FAILED = 2, HR_BAD_OPERATION = 3, HR_STALE = 4 };

/* Context of the program `control`: in the operation, out what holds afterwards. */
struct hr_command {
	__u32 operation;  /* in: enum hr_operation */
	__u32 result;	  /* out: enum hr_result */
	__u64 generation; /* in with ON and CONFIRM; out always */
	__u64 confirm_ns; /* in with ON: how long an unconfirmed switch may last, 0 = confirmed from the start */
	__u64 deadline_ns; /* out: monotonic, 0 = no timer */
	__u32 mode;	  /* out: enum hr_mode */
	__u32 missed;	  /* out: 1 = the deadline passed, the timer took the mode away */
	__u32 epoch;	  /* out */
	__u32 pad;
};
_Static_assert(sizeof(struct hr_command) == 48, "layout is a contract");

/* After a missed confirmation known flows stay fast this long, so that handshakes in flight end undisturbed. */
#define HR_MISSED_DRAIN_NS (2 * 1000000000ULL)
/* Without a heartbeat for this long the endpoint map is believed only where routing says the same. */
#define HR_HEARTBEAT_STALE_NS (2 * 1000000000ULL)

#endif
