/* SPDX-License-Identifier: MIT */
/* What the attempts share: how one ends, and batches of netlink messages. */
#ifndef EVADE_H
#define EVADE_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TABLE "evade"
#define CHAIN "through"
#define BATCH_BYTES (24u << 20)
#define IPT_SO_SET_REPLACE 64
#define ARPT_SO_SET_REPLACE 96
#define EBT_SO_SET_ENTRIES 128

/* How an attempt ends, and the program with it. */
enum { WRITTEN = 0, REFUSED = 1, FAILED = 2 };

struct batch {
	unsigned char *bytes;
	unsigned int length;
	unsigned int message; /* where the message under way begins */
	__u32 sequence;
};

/* An attempt by its name. */
struct attempt {
	const char *name;
	int (*attempt)(void);
};

/* Each file's attempts; the last has no name. */
extern const struct attempt NFT_ATTEMPTS[], LEGACY_ATTEMPTS[], RING_ATTEMPTS[], WRITER_ATTEMPTS[], OTHER_ATTEMPTS[];

int end(const char *step);
struct batch begin(void);
struct nlmsghdr *message_of(struct batch *batch);
void message(struct batch *batch, int type, int flags, int family, __u16 resource);
void table_message(struct batch *batch, int type, int flags);
void bytes(struct batch *batch, int type, const void *value, unsigned int length);
void text(struct batch *batch, int type, const char *value);
void number(struct batch *batch, int type, __u32 value);
unsigned int open_list(struct batch *batch, int type);
void close_list(struct batch *batch, unsigned int at);
void batch_begin(struct batch *batch);
void batch_end(struct batch *batch);
void new_table(struct batch *batch);
void new_chain(struct batch *batch);
void new_base_chain(struct batch *batch, const char *name, __u32 policy);
void new_rule(struct batch *batch, const char *chain);
void acknowledged(struct batch *batch);
struct batch rule_batch(void);
int open_socket(void);
int answer(int number);
int send_on(int number, struct batch *batch);
int send_batch(struct batch *batch);
int nft_rule(void);
int print_objects(void);

#endif
