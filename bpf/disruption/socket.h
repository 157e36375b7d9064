/* SPDX-License-Identifier: MIT */
/* The members of the kernel's sockets that are read here; the loader finds where the running kernel has them. */
#ifndef DISRUPTION_SOCKET_H
#define DISRUPTION_SOCKET_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net {
	__u64 net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	possible_net_t skc_net;
	unsigned long skc_flags;
};

struct sock {
	struct sock_common __sk_common;
	int sk_err;
	__u16 sk_protocol;
};

#pragma clang attribute pop

/* Bit of skc_flags: no application holds the socket any more (enum sock_flags, include/net/sock.h). */
#define SOCK_DEAD 0

/* include/net/tcp_states.h */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_CLOSE = 7,
	TCP_LISTEN = 10,
	TCP_NEW_SYN_RECV = 12,
};

#endif
