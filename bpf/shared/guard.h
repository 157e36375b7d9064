/* SPDX-License-Identifier: MIT */
/* What the kernel's side and the agent's side of the guard both read. Host byte order; times are CLOCK_BOOTTIME in ns. */
#ifndef GUARD_SHARED_H
#define GUARD_SHARED_H

#include <linux/types.h>

/* Longest name of a table or chain that a scope can hold, NUL included; what has a longer name is in no scope. */
#define GD_NAME_BYTES 32
/* As much of the offending message as an attempt carries: a rule with its matches and comment fits. */
#define GD_MESSAGE_BYTES 1024
/* An agent that gave no sign of life for so long is dead: see GD_VERDICT_AUDITED. */
#define GD_HEARTBEAT_STALE_NS 30000000000ULL

enum gd_mode { GD_MODE_AUDIT = 0, GD_MODE_ENFORCE = 1 };

struct gd_settings {
	__u32 mode;
	__u32 strict;	      /* ≠ 0: making a table or a set needs a permit as well */
	__u64 audit_until_ns; /* until then nothing is denied: break-glass with an expiry that needs no agent */
	__u64 heartbeat_ns;   /* the agent's last sign of life */
	__u64 zero;	      /* always 0, which the verifier must not know: see walk.h */
};
_Static_assert(sizeof(struct gd_settings) == 32, "layout is a contract");

/*
 * A guarded network namespace. TRIAL is the agent's own test: there everybody is refused, whatever the mode, the permit and the time,
 * and nothing is counted or told.
 */
enum gd_netns { GD_NETNS_GUARDED = 1, GD_NETNS_TRIAL = 2 };

/* What is known of a cgroup and of all below it; the innermost that is known counts. */
struct gd_cgroup {
	__u32 permitted; /* 0: it is known, and may not write */
	__u32 scope;	 /* the tables and chains that it may write (gd_scope), 0: all */
	__u32 needs_exe; /* ≠ 0: only with an executable of gd_executables */
	__u32 pad;
};
_Static_assert(sizeof(struct gd_cgroup) == 16, "layout is a contract");

/* An executable file. The device is the kernel's dev_t (major << 20 | minor), not what stat answers with. */
struct gd_executable {
	__u64 inode;
	__u64 device;
};
_Static_assert(sizeof(struct gd_executable) == 16, "layout is a contract");

/* A chain that a scope holds; without a chain, the whole table. Names are padded with NULs. */
struct gd_scope {
	__u32 scope;
	__u32 family; /* NFPROTO_* */
	char table[GD_NAME_BYTES];
	char chain[GD_NAME_BYTES];
};
_Static_assert(sizeof(struct gd_scope) == 72, "layout is a contract");

/* How rules are written. */
enum gd_kind {
	GD_KIND_NFTABLES = 0,
	GD_KIND_IPTABLES = 1,
	GD_KIND_IP6TABLES = 2,
	GD_KIND_ARPTABLES = 3,
	GD_KIND_EBTABLES = 4,
	GD_KIND_NETFILTER_LINK = 5, /* an eBPF program as a netfilter hook */
	GD_KIND_MAX = 6,
};

/*
 * AUDITED: passed and told. In audit mode, until the break-glass expires, and for a writer or an executable that a dead agent could not
 * have known.
 */
enum gd_verdict { GD_VERDICT_DENIED = 0, GD_VERDICT_AUDITED = 1, GD_VERDICT_PERMITTED = 2, GD_VERDICT_MAX = 3 };

/* Why a writer has no permit. */
enum gd_why {
	GD_WHY_PERMITTED = 0,
	GD_WHY_UNKNOWN_WRITER = 1,
	GD_WHY_KNOWN_WRITER = 2, /* its cgroup is known, and not to be a writer */
	GD_WHY_EXECUTABLE = 3,
	GD_WHY_SCOPE = 4,
	GD_WHY_UNREADABLE = 5, /* a batch that is too long to be walked, or not in one piece */
};

/*
 * Totals since the guard was loaded; lost are attempts that were judged and counted, but found no room to be told. Sets are changes of
 * ipset's sets, which rules of the old tables look into: they pass, whoever makes them.
 */
struct gd_counters {
	__u64 attempts[GD_KIND_MAX][GD_VERDICT_MAX];
	__u64 lost;
	__u64 unreadable;
	__u64 sets;
};
_Static_assert(sizeof(struct gd_counters) == 168, "layout is a contract");

/* One attempt to write a rule. Texts end with NUL unless they fill their place. */
struct gd_attempt {
	__u64 at_ns;
	__u64 cgroup;		/* id in the cgroup v2 hierarchy */
	__u64 exe_inode;
	__u64 exe_device;
	__u32 pid;
	__u32 tid;
	__u32 parent_pid;
	__u32 uid;
	__u32 netns;	  /* inode of the namespace that would have been written: the socket's */
	__u32 task_netns; /* the process's own */
	__u32 kind;
	__u32 verdict;
	__u32 why;
	__u32 message_type;   /* nftables: NFT_MSG_* */
	__u32 message_index;  /* place in its batch, from 0 */
	__u32 message_length; /* its own length; message holds no more than GD_MESSAGE_BYTES */
	__u32 message_bytes;  /* of message that are filled */
	__u32 scope;	      /* of a sender only: ≠ 0: permitted within it only */
	char command[16];
	char parent_command[16];
	char exe_name[64];     /* last part of the executable's path */
	char cgroup_name[128]; /* last part of the cgroup's path, which says the container also after its end */
	__u8 message[GD_MESSAGE_BYTES]; /* nftables: from its netlink header on; legacy: what was given to setsockopt, which begins with the table's name */
};
_Static_assert(sizeof(struct gd_attempt) == 1336, "layout is a contract");

/*
 * Where nobody may refuse: who sent something to nf_tables last, by thread, since the kernel's own notices name the thread and neither its
 * cgroup nor its executable. A gd_attempt without its message, of which nothing is known yet: message_* are 0, and verdict is what a
 * writer without a scope gets.
 */
#define GD_SENDER_BYTES 312
_Static_assert(GD_SENDER_BYTES == __builtin_offsetof(struct gd_attempt, message), "a sender is an attempt up to its message");

#endif
