// SPDX-License-Identifier: MIT
/* Attempts by nf_tables, and what must go on working there. */
#include "evade.h"

int nft_rule(void)
{
	struct batch batch = rule_batch();

	return send_batch(&batch);
}

/* Ten times, one after the other: refused only if every one of them is. */
static int nft_repeat_10(void)
{
	int result = REFUSED;

	for (int count = 0; count < 10; count++)
		if (nft_rule() != REFUSED)
			result = WRITTEN;
	return result;
}

static int nft_host_order(void)
{
	struct batch batch = rule_batch();
	struct nfgenmsg *general = NLMSG_DATA((struct nlmsghdr *)batch.bytes);

	general->res_id = NFNL_SUBSYS_NFTABLES;
	return send_batch(&batch);
}

static int behind(unsigned int messages)
{
	struct batch batch = begin();

	batch_begin(&batch);
	for (unsigned int count = 0; count < messages; count++)
		new_table(&batch);
	new_chain(&batch);
	new_rule(&batch, CHAIN);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

static int nft_behind_3(void)
{
	return behind(3);
}

static int nft_behind_200(void)
{
	return behind(200);
}

static int nft_behind_20000(void)
{
	return behind(20000);
}

/* Messages of the shortest kind, one more than a walk looks at. */
static int nft_too_many(void)
{
	struct batch batch = begin();

	batch_begin(&batch);
	while (batch.length < (1u << 20) * 20) {
		struct nlmsghdr *header = (struct nlmsghdr *)(batch.bytes + batch.length);

		header->nlmsg_len = NLMSG_HDRLEN;
		header->nlmsg_type = NLMSG_NOOP;
		batch.length += NLMSG_HDRLEN;
	}
	new_table(&batch);
	new_chain(&batch);
	new_rule(&batch, CHAIN);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

/* A message whose length is no multiple of four: the kernel rounds it up. */
static int nft_odd(unsigned int more)
{
	struct batch batch = begin();

	batch_begin(&batch);
	new_table(&batch);
	message_of(&batch)->nlmsg_len += more;
	batch.length += 4;
	new_chain(&batch);
	new_rule(&batch, CHAIN);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

static int nft_odd_1(void)
{
	return nft_odd(1);
}

static int nft_odd_3(void)
{
	return nft_odd(3);
}

static int nft_policy_drop(void)
{
	struct batch batch = begin();

	batch_begin(&batch);
	new_table(&batch);
	new_base_chain(&batch, "dropping", NF_DROP);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

/* ACCEPT first, then DROP in one message: the last of two equal attributes counts. */
static int nft_policy_twice(void)
{
	struct batch batch = begin();

	batch_begin(&batch);
	new_table(&batch);
	new_base_chain(&batch, "twice", NF_ACCEPT);
	number(&batch, NFTA_CHAIN_POLICY, NF_DROP);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

static int nft_chains(void)
{
	struct batch batch = begin();

	batch_begin(&batch);
	new_table(&batch);
	new_chain(&batch);
	new_base_chain(&batch, "accepting", NF_ACCEPT);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

/* A set of IPv4 addresses, and one address in it. */
static int nft_element(void)
{
	struct batch batch = begin();
	unsigned int list, element, key;

	batch_begin(&batch);
	new_table(&batch);
	table_message(&batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	text(&batch, NFTA_SET_TABLE, TABLE);
	text(&batch, NFTA_SET_NAME, "addresses");
	number(&batch, NFTA_SET_ID, 1);
	number(&batch, NFTA_SET_KEY_TYPE, 7);
	number(&batch, NFTA_SET_KEY_LEN, 4);
	table_message(&batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	text(&batch, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	text(&batch, NFTA_SET_ELEM_LIST_SET, "addresses");
	list = open_list(&batch, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = open_list(&batch, NFTA_LIST_ELEM);
	key = open_list(&batch, NFTA_SET_ELEM_KEY);
	number(&batch, NFTA_DATA_VALUE, 0x0a000001);
	close_list(&batch, key);
	close_list(&batch, element);
	close_list(&batch, list);
	message_of(&batch)->nlmsg_len = batch.length - batch.message;
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

/* A verdict for an address: what a rule that looks into the map does with its packets. */
static int nft_verdict(void)
{
	struct batch batch = begin();
	unsigned int list, element, part, verdict;

	batch_begin(&batch);
	new_table(&batch);
	table_message(&batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	text(&batch, NFTA_SET_TABLE, TABLE);
	text(&batch, NFTA_SET_NAME, "verdicts");
	number(&batch, NFTA_SET_ID, 1);
	number(&batch, NFTA_SET_FLAGS, NFT_SET_MAP);
	number(&batch, NFTA_SET_KEY_TYPE, 7);
	number(&batch, NFTA_SET_KEY_LEN, 4);
	number(&batch, NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
	number(&batch, NFTA_SET_DATA_LEN, 16);
	table_message(&batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	text(&batch, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	text(&batch, NFTA_SET_ELEM_LIST_SET, "verdicts");
	list = open_list(&batch, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = open_list(&batch, NFTA_LIST_ELEM);
	part = open_list(&batch, NFTA_SET_ELEM_KEY);
	number(&batch, NFTA_DATA_VALUE, 0x0a000001);
	close_list(&batch, part);
	part = open_list(&batch, NFTA_SET_ELEM_DATA);
	verdict = open_list(&batch, NFTA_DATA_VERDICT);
	number(&batch, NFTA_VERDICT_CODE, NF_DROP);
	close_list(&batch, verdict);
	close_list(&batch, part);
	close_list(&batch, element);
	close_list(&batch, list);
	message_of(&batch)->nlmsg_len = batch.length - batch.message;
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

static int nft_object(void)
{
	struct batch batch = begin();
	unsigned int list;

	batch_begin(&batch);
	new_table(&batch);
	table_message(&batch, NFT_MSG_NEWOBJ, NLM_F_CREATE);
	text(&batch, NFTA_OBJ_TABLE, TABLE);
	text(&batch, NFTA_OBJ_NAME, "counted");
	number(&batch, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	list = open_list(&batch, NFTA_OBJ_DATA);
	close_list(&batch, list);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

static int nft_flowtable(void)
{
	struct batch batch = begin();
	unsigned int list;

	batch_begin(&batch);
	new_table(&batch);
	table_message(&batch, NFT_MSG_NEWFLOWTABLE, NLM_F_CREATE);
	text(&batch, NFTA_FLOWTABLE_TABLE, TABLE);
	text(&batch, NFTA_FLOWTABLE_NAME, "short-cut");
	list = open_list(&batch, NFTA_FLOWTABLE_HOOK);
	number(&batch, NFTA_FLOWTABLE_HOOK_NUM, 0);
	number(&batch, NFTA_FLOWTABLE_HOOK_PRIORITY, 0);
	close_list(&batch, list);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

static int nft_table(void)
{
	struct batch batch = begin();

	batch_begin(&batch);
	new_table(&batch);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

static int nft_delete(void)
{
	struct batch batch = begin();

	batch_begin(&batch);
	table_message(&batch, NFT_MSG_DELTABLE, 0);
	text(&batch, NFTA_TABLE_NAME, TABLE);
	acknowledged(&batch);
	batch_end(&batch);
	return send_batch(&batch);
}

static int nft_list(void)
{
	struct batch batch = begin();

	message(&batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NLM_F_DUMP, AF_UNSPEC, 0);
	return send_batch(&batch);
}

/* A request of another subsystem on the same kind of socket: what conntrack knows. */
static int conntrack_list(void)
{
	struct batch batch = begin();

	message(&batch, NFNL_SUBSYS_CTNETLINK << 8 | 1, NLM_F_DUMP, AF_INET, 0);
	return send_batch(&batch);
}

const struct attempt NFT_ATTEMPTS[] = {
	{ "nft-rule", nft_rule },
	{ "nft-repeat-10", nft_repeat_10 },
	{ "nft-host-order-resource", nft_host_order },
	{ "nft-behind-3", nft_behind_3 },
	{ "nft-behind-200", nft_behind_200 },
	{ "nft-behind-20000", nft_behind_20000 },
	{ "nft-too-many", nft_too_many },
	{ "nft-odd-length-1", nft_odd_1 },
	{ "nft-odd-length-3", nft_odd_3 },
	{ "nft-policy-drop", nft_policy_drop },
	{ "nft-policy-twice", nft_policy_twice },
	{ "nft-chains", nft_chains },
	{ "nft-element", nft_element },
	{ "nft-verdict", nft_verdict },
	{ "nft-object", nft_object },
	{ "nft-flowtable", nft_flowtable },
	{ "nft-table", nft_table },
	{ "nft-list", nft_list },
	{ "nft-delete", nft_delete },
	{ "conntrack-list", conntrack_list },
	{ 0 },
};
