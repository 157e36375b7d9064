// SPDX-License-Identifier: MIT
/* What is no rule of the packet filter, by the same or by neighbouring ways: it must go on working. */
#include "evade.h"
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/syscall.h>

/* include/uapi/linux/netfilter/ipset/ip_set.h */
enum { IPSET_CREATE = 2, IPSET_ADD = 9 };
enum { IPSET_PROTOCOL = 1, IPSET_SETNAME = 2, IPSET_TYPENAME = 3, IPSET_REVISION = 4, IPSET_FAMILY = 5, IPSET_DATA = 7 };
#define IPSET_VERSION 6
#define IPSET_NAME "evade"

static void byte(struct batch *batch, int type, unsigned char value)
{
	bytes(batch, type, &value, 1);
}

static void set_message(struct batch *batch, int type)
{
	message(batch, NFNL_SUBSYS_IPSET << 8 | type, NLM_F_ACK, AF_INET, 0);
	byte(batch, IPSET_PROTOCOL, IPSET_VERSION);
	text(batch, IPSET_SETNAME, IPSET_NAME);
}

/* A set of addresses; that it is there already is as good. */
static int create_set(void)
{
	struct batch batch = begin();

	set_message(&batch, IPSET_CREATE);
	text(&batch, IPSET_TYPENAME, "hash:ip");
	byte(&batch, IPSET_REVISION, 0);
	byte(&batch, IPSET_FAMILY, AF_INET);
	close_list(&batch, open_list(&batch, IPSET_DATA));
	return send_batch(&batch);
}

static int ipset_add(void)
{
	struct batch batch = begin();
	__u32 address = htonl(0x0a090807);
	unsigned int data, key;
	int created = create_set();

	if (created != WRITTEN)
		return created;
	set_message(&batch, IPSET_ADD);
	data = open_list(&batch, IPSET_DATA);
	key = open_list(&batch, 1);
	bytes(&batch, 1 | NLA_F_NET_BYTEORDER, &address, sizeof(address));
	close_list(&batch, key);
	close_list(&batch, data);
	message_of(&batch)->nlmsg_len = batch.length - batch.message;
	return send_batch(&batch);
}

/* Takes queue 7, as a program does that judges packets itself. struct nfqnl_msg_config_cmd */
static int queue_config(void)
{
	static const unsigned char bind[4] = { 1, 0, 0, 0 };
	struct batch batch = begin();

	message(&batch, NFNL_SUBSYS_QUEUE << 8 | 2, NLM_F_ACK, AF_UNSPEC, htons(7));
	bytes(&batch, 1, bind, sizeof(bind));
	return send_batch(&batch);
}

/* IP_VS_SO_SET_ADD and _DEL with a struct ip_vs_service_user (include/uapi/linux/ip_vs.h). */
static int ipvs_service(void)
{
	struct {
		__u16 protocol;
		__be32 address;
		__be16 port;
		__u32 mark;
		char scheduler[16];
		unsigned int flags, timeout;
		__be32 netmask;
	} service = { IPPROTO_TCP, htonl(0x0a090807), htons(80), 0, "rr", 0, 0, 0xffffffff };
	int number = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

	if (number < 0)
		return end("raw socket");
	setsockopt(number, IPPROTO_IP, 1152 + 4, &service, sizeof(service));
	if (setsockopt(number, IPPROTO_IP, 1152 + 2, &service, sizeof(service)) < 0)
		return end("ipvs");
	puts("written");
	return WRITTEN;
}

/* A program that lets every packet pass (2 is XDP_PASS), attached to the loopback device until this process ends. */
static int xdp_link(void)
{
	static const struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 2 }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr program = { .prog_type = BPF_PROG_TYPE_XDP, .insns = (unsigned long)pass, .insn_cnt = 2, .license = (unsigned long)"MIT" };
	union bpf_attr link = {};
	int number = syscall(SYS_bpf, BPF_PROG_LOAD, &program, sizeof(program));

	if (number < 0)
		return end("load");
	link.link_create.prog_fd = number;
	link.link_create.target_ifindex = if_nametoindex("lo");
	link.link_create.attach_type = BPF_XDP;
	link.link_create.flags = XDP_FLAGS_SKB_MODE;
	if (syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link)) < 0)
		return end("xdp");
	puts("written");
	return WRITTEN;
}

const struct attempt OTHER_ATTEMPTS[] = {
	{ "ipset-add", ipset_add },
	{ "queue-config", queue_config },
	{ "ipvs-service", ipvs_service },
	{ "xdp-link", xdp_link },
	{ 0 },
};

/* How many objects of one kind the kernel has. */
static unsigned int objects(int next_id_command)
{
	unsigned int count = 0;
	union bpf_attr attr = {};

	while (syscall(SYS_bpf, next_id_command, &attr, sizeof(attr)) == 0) {
		count++;
		attr.start_id = attr.next_id;
	}
	return count;
}

int print_objects(void)
{
	printf("%u %u %u\n", objects(BPF_PROG_GET_NEXT_ID), objects(BPF_MAP_GET_NEXT_ID), objects(BPF_LINK_GET_NEXT_ID));
	return 0;
}
