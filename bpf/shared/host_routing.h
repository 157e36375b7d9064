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
enum hr_class {
	HR_CLASS_STACK = 1,
	HR_CLASS_NATIVE = 2,	 /* routed as it is: other nodes' pods, and what is never masqueraded */
	HR_CLASS_OWN_NODE = 3,	 /* this node's pods */
	HR_CLASS_MASQUERADE = 4, /* outside: leaves with an address of the node */
};

enum hr_direction { HR_FROM_POD = 0, HR_FROM_NET = 1, HR_DIRECTION_MAX = 2 };

/* What became of a packet. Below HR_STACK_MODE: redirected; HR_DROP_*: dropped; else: left to the stack. */
enum hr_reason {
	HR_FAST_LOCAL = 0,	      /* pod to pod of the same node */
	HR_FAST_REMOTE = 1,	      /* routed as it is, link layer known */
	HR_FAST_REMOTE_NEIGH = 2,     /* the same, neighbour resolved by the kernel on the way */
	HR_FAST_FROM_NET = 3,	      /* from another node to a pod here */
	HR_FAST_MASQUERADE = 4,	      /* pod to the outside, translated */
	HR_FAST_UNMASQUERADE = 5,     /* its answer, translated back */
	HR_STACK_MODE = 6,	      /* OFF, or DRAIN and not a known flow */
	HR_STACK_CLASS = 7,	      /* destination (or remote source) belongs to the stack */
	HR_STACK_NOT_IP = 8,	      /* ARP, VLAN, anything but IPv4 and IPv6 */
	HR_STACK_FRAGMENT = 9,	      /* no ports in later fragments */
	HR_STACK_OPTIONS = 10,	      /* IPv4 options, IPv6 extension headers */
	HR_STACK_PROTOCOL = 11,	      /* not TCP, UDP or ICMP echo; neighbour discovery */
	HR_STACK_TTL = 12,	      /* the stack sends Time Exceeded */
	HR_STACK_SOURCE = 13,	      /* source address is not the sending device's */
	HR_STACK_CONNTRACK = 14,      /* the kernel tracks this flow */
	HR_STACK_CLASH = 15,	      /* was fast, and the kernel tracks it now (same ports through a Service) */
	HR_STACK_ICMP_ERROR = 16,     /* quotes a flow that is not fast */
	HR_STACK_NO_ENDPOINT = 17,    /* in this node's range, and no pod device is known for it */
	HR_STACK_ROUTE = 18,	      /* no route, local, blackhole, or not through an uplink */
	HR_STACK_TOO_BIG = 19,	      /* over the MTU: the stack fragments or answers */
	HR_STACK_STALE_ENDPOINT = 20, /* agent silent, and routing no longer agrees with the endpoint map */
	HR_STACK_FLOW_TABLE = 21,     /* flow could not be remembered */
	HR_STACK_SHORT = 22,	      /* headers cut off */
	HR_STACK_HOST = 23,	      /* came in for the node itself or for nobody here: no pod's packet */
	HR_STACK_OPT_OUT = 24,	      /* the pod keeps the stack, both ways */
	HR_STACK_NO_PORT = 25,	      /* no free port found to translate to: the stack masquerades */
	HR_STACK_NO_ADDRESS = 26,     /* the uplink's own address is not known: the stack masquerades */
	HR_STACK_MASQUERADE_OFF = 27, /* pod to the outside, and masquerading is the stack's business */
	HR_STACK_UNSEEN = 28,	      /* conntrack cannot be asked on this kernel, and the flow's beginning was not seen */
	HR_DROP_HALF_LOST = 29,	      /* answer to a translated flow whose half is lost: the node itself would refuse it */
	HR_DROP_DENIED = 30,	      /* a policy denies it; seen where it left the pod */
	HR_DROP_DENIED_OUT = 31,      /* a policy denies it; seen where it was about to leave the node, translated or not */
	HR_REASON_MAX = 32,
};

/* IPv4 as IPv4-mapped IPv6 (::ffff:a.b.c.d), network byte order. */
struct hr_address {
	__u32 word[4];
};
_Static_assert(sizeof(struct hr_address) == 16, "layout is a contract");

/* The pod keeps the stack in both directions; what is being translated already stays so. */
enum hr_endpoint_flag { HR_ENDPOINT_OPT_OUT = 1 };

struct hr_endpoint {
	__u32 ifindex;	    /* host side of the pod's veth */
	__u32 mtu;	    /* of that device, bytes of layer 3 */
	__u8 pod_mac[6];
	__u8 host_mac[6];
	__u32 flags;	    /* enum hr_endpoint_flag */
	__u64 last_stack_udp_ns; /* monotonic coarse: last UDP packet of this address left to the stack for its class */
};
_Static_assert(sizeof(struct hr_endpoint) == 32, "layout is a contract");

/* Value of hr_devices. */
struct hr_device {
	__u32 role; /* enum hr_role */
	__u32 mtu;  /* uplinks: bytes of layer 3 that every route through it takes; the helper for routing minds locked MTUs only */
};
_Static_assert(sizeof(struct hr_device) == 8, "layout is a contract");

struct hr_prefix {
	__u32 length; /* bits; IPv4 ranges count 96 more */
	struct hr_address address;
};
_Static_assert(sizeof(struct hr_prefix) == 20, "layout is a contract");

/*
 * Deny rules: what pods must not reach. Two tables, of which one is active, so that a change takes effect between two packets. The one that
 * is not is left as it was until the next change: a program that is still reading it finds it whole.
 */
enum hr_denied {
	HR_DENIED_TABLES = 2,
	HR_DENIED_PORTS_MAX = 32, /* of one entry */
	HR_DENIED_V6 = 0x10000,	  /* in a key's table, with IPv6: its ranges contain the mapped addresses of IPv4 */
};

/* Key of hr_denied. */
struct hr_denied_key {
	__u32 length; /* bits; the table's number counts 32, IPv4 ranges 96 more */
	__u32 table;  /* hr_denying.active, and HR_DENIED_V6 with IPv6 */
	struct hr_address address;
};
_Static_assert(sizeof(struct hr_denied_key) == 24, "layout is a contract");

/* Ports in host byte order, both ends belong to it. Protocol 0: every packet, whatever it carries. */
struct hr_denied_ports {
	__u16 first, last;
	__u8 protocol;
	__u8 pad[3];
};
_Static_assert(sizeof(struct hr_denied_ports) == 8, "layout is a contract");

/* Value of hr_denied: all that is denied at these addresses, so with what wider ranges say. */
struct hr_denial {
	__u32 count;
	__u32 pad;
	struct hr_denied_ports ports[HR_DENIED_PORTS_MAX];
};
_Static_assert(sizeof(struct hr_denial) == 264, "layout is a contract");

/* Where addresses may be denied: bit hr_denied_bit(first two bytes of IPv4, first four of IPv6). No bit: certainly nothing there. */
struct hr_denied_hint {
	__u64 v4, v6;
};
_Static_assert(sizeof(struct hr_denied_hint) == 16, "layout is a contract");

/* Value of hr_denying. */
struct hr_denying {
	__u32 active; /* 0 = nothing is denied; else the table's number, from 1 */
	__u32 pad;
	struct hr_denied_hint hints[HR_DENIED_TABLES];
};
_Static_assert(sizeof(struct hr_denying) == 40, "layout is a contract");

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
	HR_FLOW_LOCAL = 16, /* both ends are pods of this node: nothing of it comes in from the network */
};

struct hr_flow {
	__u64 seen_ns;	  /* monotonic coarse, refreshed at most once a second */
	__u64 checked_ns; /* when conntrack was last asked */
	__u32 epoch;	  /* of the control value when it was made; another epoch = no entry */
	__u32 flags;
};
_Static_assert(sizeof(struct hr_flow) == 24, "layout is a contract");

/* As a packet carries it. Ports in network byte order; ICMP echo: a request's source port, an answer's destination port is the identifier. */
struct hr_tuple {
	struct hr_address source, destination;
	__u16 source_port, destination_port;
	__u8 protocol;
	__u8 pad[3];
};
_Static_assert(sizeof(struct hr_tuple) == 40, "layout is a contract");

/* Both halves of a pair carry all of them. TCP only but for REPLIED. */
enum hr_nat_flag { HR_NAT_REPLIED = 1, HR_NAT_FIN_OUT = 2, HR_NAT_FIN_IN = 4, HR_NAT_RESET = 8 };

/*
 * One half of a translated flow. hr_nat_out: the pod's tuple -> the node's address and port that stand in for the pod's.
 * hr_nat_in: the answer's tuple (remote -> node) -> the pod's address and port.
 */
struct hr_nat {
	struct hr_address address;
	__u16 port; /* network byte order */
	__u16 pad;
	__u32 flags;   /* enum hr_nat_flag */
	__u64 seen_ns; /* monotonic coarse, of this direction, refreshed at most once a second */
};
_Static_assert(sizeof(struct hr_nat) == 32, "layout is a contract");

/* Both ends belong to it; last 0 = empty. */
struct hr_port_range {
	__u16 first, last;
};
_Static_assert(sizeof(struct hr_port_range) == 4, "layout is a contract");

/* Value of hr_masquerade; the agent writes it. A change of ranges moves the former ones to `retired`: answers to them still come. */
struct hr_masquerade {
	__u32 enabled; /* 0: no new flow is translated; those that are stay so */
	struct hr_port_range ranges[2];
	struct hr_port_range retired[2];
	__u32 pad;
	__u64 tcp_established_ns, tcp_syn_ns, tcp_closing_ns, udp_ns, udp_stream_ns, icmp_ns;
};
_Static_assert(sizeof(struct hr_masquerade) == 72, "layout is a contract");

/* Values of hr_host_ports: ports that translation must not use. Bit p % 8 of byte p / 8; key 0 is TCP, key 1 UDP. */
#define HR_PORT_BITMAP_BYTES 8192
struct hr_port_bitmap {
	__u8 bytes[HR_PORT_BITMAP_BYTES];
};

/* Value of hr_sources: what pods' flows through this uplink are translated to; all zero = none. */
struct hr_source {
	struct hr_address v4, v6;
};
_Static_assert(sizeof(struct hr_source) == 32, "layout is a contract");

/* Context of the program `collect`, which removes pairs that nobody has used for their time. */
struct hr_collection {
	__u32 live;    /* out: answers' halves that stay */
	__u32 removed; /* out: pairs and lone halves removed */
};
_Static_assert(sizeof(struct hr_collection) == 8, "layout is a contract");

/* What conntrack says of a tuple, either direction. */
enum hr_conntrack { HR_CONNTRACK_UNASKED = 0, HR_CONNTRACK_UNKNOWN = 1, HR_CONNTRACK_TRACE = 2, HR_CONNTRACK_TRACKED = 3 };

#define HR_TRACE_NO_AGE (~0ULL)
#define HR_TRACE_NO_ROUTE_ASKED (-1000)

/* Value of hr_traced: what `trace_flow` found. `reason` is the programs' own decision; the rest is the evidence, asked apart from it. */
struct hr_trace {
	__u32 reason;		/* enum hr_reason */
	__u32 direction;	/* enum hr_direction */
	__u32 mode;		/* enum hr_mode */
	__u32 class;		/* enum hr_class of the remote address */
	__u32 role;		/* enum hr_role of the device, 0 = not ours */
	__u32 source_ifindex;	/* of the endpoint that has the source address, 0 = none */
	__u32 endpoint_ifindex; /* of the endpoint that has the destination (after translation), 0 = none */
	__u32 endpoint_flags;	/* of the pod at this end */
	__u32 conntrack;	/* enum hr_conntrack */
	__s32 route;		/* BPF_FIB_LKUP_RET_*, negative errno, HR_TRACE_NO_ROUTE_ASKED */
	__u32 route_ifindex;
	__u32 route_mtu;
	__u64 flow_age_ns; /* since it was last seen, HR_TRACE_NO_AGE = no entry */
	__u64 nat_age_ns;
	struct hr_address nat_address;
	__u16 nat_port; /* network byte order */
	__u16 pad;
	__u32 nat_flags;
	__u64 runs; /* how often it has run: tells a fresh answer from an old one */
};
_Static_assert(sizeof(struct hr_trace) == 96, "layout is a contract");

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
