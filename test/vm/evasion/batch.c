// SPDX-License-Identifier: MIT
/* Batches of netlink messages, as libnftnl would make them, and what the kernel says of them. */
#include "evade.h"

int end(const char *step)
{
	int error = errno;

	printf("%s: %s\n", step, strerror(error));
	return error == EPERM || error == EACCES ? REFUSED : FAILED;
}

struct batch begin(void)
{
	struct batch batch = { .bytes = calloc(1, BATCH_BYTES), .sequence = 1 };

	if (!batch.bytes) {
		perror("memory");
		exit(FAILED);
	}
	return batch;
}

struct nlmsghdr *message_of(struct batch *batch)
{
	return (struct nlmsghdr *)(batch->bytes + batch->message);
}

void message(struct batch *batch, int type, int flags, int family, __u16 resource)
{
	struct nfgenmsg *general;

	batch->message = batch->length;
	message_of(batch)->nlmsg_type = type;
	message_of(batch)->nlmsg_flags = NLM_F_REQUEST | flags;
	message_of(batch)->nlmsg_seq = batch->sequence++;
	general = NLMSG_DATA(message_of(batch));
	general->nfgen_family = family;
	general->version = NFNETLINK_V0;
	general->res_id = resource;
	batch->length += NLMSG_HDRLEN + sizeof(*general);
	message_of(batch)->nlmsg_len = batch->length - batch->message;
}

void table_message(struct batch *batch, int type, int flags)
{
	message(batch, NFNL_SUBSYS_NFTABLES << 8 | type, flags, AF_INET, 0);
}

void bytes(struct batch *batch, int type, const void *value, unsigned int length)
{
	struct nlattr *attribute = (struct nlattr *)(batch->bytes + batch->length);

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + length;
	memcpy(attribute + 1, value, length);
	batch->length += NLA_ALIGN(attribute->nla_len);
	message_of(batch)->nlmsg_len = batch->length - batch->message;
}

void text(struct batch *batch, int type, const char *value)
{
	bytes(batch, type, value, strlen(value) + 1);
}

void number(struct batch *batch, int type, __u32 value)
{
	value = htonl(value);
	bytes(batch, type, &value, sizeof(value));
}

unsigned int open_list(struct batch *batch, int type)
{
	unsigned int at = batch->length;

	bytes(batch, type | NLA_F_NESTED, "", 0);
	return at;
}

void close_list(struct batch *batch, unsigned int at)
{
	((struct nlattr *)(batch->bytes + at))->nla_len = batch->length - at;
}

void batch_begin(struct batch *batch)
{
	message(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, htons(NFNL_SUBSYS_NFTABLES));
}

void batch_end(struct batch *batch)
{
	message(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, htons(NFNL_SUBSYS_NFTABLES));
}

void new_table(struct batch *batch)
{
	table_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	text(batch, NFTA_TABLE_NAME, TABLE);
}

void new_chain(struct batch *batch)
{
	table_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	text(batch, NFTA_CHAIN_TABLE, TABLE);
	text(batch, NFTA_CHAIN_NAME, CHAIN);
}

/* A base chain of FORWARD with this policy. */
void new_base_chain(struct batch *batch, const char *name, __u32 policy)
{
	unsigned int list;

	table_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	text(batch, NFTA_CHAIN_TABLE, TABLE);
	text(batch, NFTA_CHAIN_NAME, name);
	list = open_list(batch, NFTA_CHAIN_HOOK);
	number(batch, NFTA_HOOK_HOOKNUM, 2);
	number(batch, NFTA_HOOK_PRIORITY, 0);
	close_list(batch, list);
	text(batch, NFTA_CHAIN_TYPE, "filter");
	number(batch, NFTA_CHAIN_POLICY, policy);
}

/* An empty rule; with a comment that a reader of events can look for. */
void new_rule(struct batch *batch, const char *chain)
{
	static const char comment[] = "\0\013evade rule";

	table_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	text(batch, NFTA_RULE_TABLE, TABLE);
	text(batch, NFTA_RULE_CHAIN, chain);
	bytes(batch, NFTA_RULE_USERDATA, comment, sizeof(comment));
}

int open_socket(void)
{
	int number = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	int room = 2 * BATCH_BYTES;

	if (number < 0)
		exit(end("netlink socket"));
	setsockopt(number, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	setsockopt(number, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return number;
}

/* Waits for what the kernel says of a batch whose messages want an acknowledgement. */
int answer(int number)
{
	static char room[1 << 16];
	struct nlmsghdr *header = (struct nlmsghdr *)room;
	struct timeval patience = { .tv_sec = 2 };
	ssize_t length;

	setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	length = recv(number, room, sizeof(room), 0);
	if (length < 0)
		return end("answer");
	if (header->nlmsg_type == NLMSG_ERROR) {
		errno = -((struct nlmsgerr *)NLMSG_DATA(header))->error;
		if (errno)
			return end("kernel");
	}
	puts("written");
	return WRITTEN;
}

/* The last message of a batch before its end is the one that is to be acknowledged. */
void acknowledged(struct batch *batch)
{
	message_of(batch)->nlmsg_flags |= NLM_F_ACK;
}

int send_on(int number, struct batch *batch)
{
	if (send(number, batch->bytes, batch->length, 0) < 0)
		return end("send");
	return answer(number);
}

int send_batch(struct batch *batch)
{
	return send_on(open_socket(), batch);
}

/* Everything that a rule needs, and the rule. */
struct batch rule_batch(void)
{
	struct batch batch = begin();

	batch_begin(&batch);
	new_table(&batch);
	new_chain(&batch);
	new_rule(&batch, CHAIN);
	acknowledged(&batch);
	batch_end(&batch);
	return batch;
}
