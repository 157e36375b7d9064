/* SPDX-License-Identifier: MIT */
/* What the kernel's side and the agent's side of measuring disturbed connections both read. Host byte order. */
#ifndef DISRUPTION_SHARED_H
#define DISRUPTION_SHARED_H

#include <linux/types.h>

/* A network namespace, and the step of a switch during which something happened in it. */
struct hd_key {
	__u64 netns; /* the namespace's cookie: unlike its inode number it is never given again */
	__u32 epoch;
	__u32 pad;
};
_Static_assert(sizeof(struct hd_key) == 16, "layout is a contract");

/* What became of TCP connections; each connection ends in exactly one of the counters from `closed` to `abandoned`. */
struct hd_count {
	__u64 opened;	       /* handshakes completed, by either side */
	__u64 closed;	       /* ended without an error */
	__u64 reset;	       /* ended by the other side's RST while the application still had them */
	__u64 timeout;	       /* ended by retransmissions, probes or a route without an answer */
	__u64 failed;	       /* ended by any other error */
	__u64 connect_failure; /* refused, or never answered */
	__u64 abandoned;       /* given up by the application during the handshake */
	__u64 retransmits;     /* segments sent again */
	__u64 resets_sent;
	__u64 resets_received;
};
_Static_assert(sizeof(struct hd_count) == 80, "layout is a contract");

/*
 * The step that is being measured, and what is to be known of its switch by an agent that starts in the middle of it.
 * The programs read only the epoch.
 */
struct hd_state {
	__u32 epoch; /* HD_STEP_MAX times the number of the switch, and the step */
	__u32 pad;
	__u64 since_ns;	    /* CLOCK_MONOTONIC at the beginning of the step */
	__u64 flows;	    /* TCP connections of all pods at the beginning of the switch */
	__u64 before_count; /* connections reset or timed out in the time before the switch */
	__u64 before_ns;    /* how long that time was */
};
_Static_assert(sizeof(struct hd_state) == 40, "layout is a contract");

/* STEADY: nothing was switched for a while. */
enum hd_step { HD_STEP_STEADY = 0, HD_STEP_ON = 1, HD_STEP_CONFIRM = 2, HD_STEP_DRAIN = 3, HD_STEP_DETACH = 4, HD_STEP_MAX = 8 };

#endif
