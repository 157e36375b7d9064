// SPDX-License-Identifier: MIT
/* Puts a program that lets everything pass at IPv4's forward hook, says its link's id, and holds it until standard input ends. */
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/bpf.h of 6.4, linux/netfilter.h */
#define PROG_TYPE_NETFILTER 32
#define ATTACH_NETFILTER 45
#define PROTOCOL_IPV4 2
#define HOOK_FORWARD 2

/* union bpf_attr, link_create with its netfilter member */
struct link_create {
	__u32 prog_fd, target_fd, attach_type, flags;
	__u32 protocol, hook;
	__s32 priority;
	__u32 netfilter_flags;
};

int main(void)
{
	struct bpf_insn accept[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct link_create link = { .attach_type = ATTACH_NETFILTER, .protocol = PROTOCOL_IPV4, .hook = HOOK_FORWARD, .priority = -5 };
	struct bpf_link_info info;
	union bpf_attr program, about;
	long fd;

	memset(&program, 0, sizeof(program));
	program.prog_type = PROG_TYPE_NETFILTER;
	program.expected_attach_type = ATTACH_NETFILTER;
	program.insns = (unsigned long)accept;
	program.insn_cnt = 2;
	program.license = (unsigned long)"GPL";
	strcpy(program.prog_name, "evader");
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &program, sizeof(program));
	if (fd < 0)
		return perror("load"), 1;
	link.prog_fd = fd;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link));
	if (fd < 0)
		return perror("attach"), 1;
	memset(&info, 0, sizeof(info));
	memset(&about, 0, sizeof(about));
	about.info.bpf_fd = fd;
	about.info.info_len = sizeof(info);
	about.info.info = (unsigned long)&info;
	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &about, sizeof(about)) < 0)
		return perror("info"), 1;
	printf("%u\n", info.id);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
