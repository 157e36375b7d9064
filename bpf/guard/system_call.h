/* SPDX-License-Identifier: MIT */
/* Which system call it is, and its arguments, on x86-64 and arm64 and for their 32-bit processes. Nothing here knows of rules. */
#ifndef GUARD_SYSTEM_CALL_H
#define GUARD_SYSTEM_CALL_H

#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"

/* arch/x86/include/asm/thread_info.h, arch/x86/include/uapi/asm/unistd.h, arch/arm64/include/asm/ptrace.h */
#define X86_TS_COMPAT 2
#define X32_SYSCALL_BIT 0x40000000
#define ARM64_PSR_MODE32_BIT 0x10

/* include/uapi/linux/net.h: what socketcall, i386's call for all of them, is asked for */
enum { SYS_SEND = 9, SYS_SENDTO = 11, SYS_SETSOCKOPT = 14, SYS_SENDMSG = 16, SYS_SENDMMSG = 20 };

enum call_kind { CALL_OTHER = 0, CALL_SEND = 1, CALL_SETSOCKOPT = 2, CALL_SOCKETCALL = 3 };

/* Arguments as they stand in registers: the first is always the descriptor, but for socketcall. */
struct call {
	enum call_kind kind;
	__u64 arguments[4];
};

/* arch/x86/entry/syscalls/syscall_64.tbl, its x32 numbers with it */
static __always_inline enum call_kind x86_call(long id)
{
	switch (id & ~X32_SYSCALL_BIT) {
	case 1:	  /* write */
	case 20:  /* writev */
	case 44:  /* sendto */
	case 46:  /* sendmsg */
	case 307: /* sendmmsg */
	case 328: /* pwritev2 */
	case 516: /* x32: writev, sendmsg, sendmmsg, pwritev2 */
	case 518:
	case 538:
	case 547:
		return CALL_SEND;
	case 54:
	case 541: /* x32 */
		return CALL_SETSOCKOPT;
	default:
		return CALL_OTHER;
	}
}

/* arch/x86/entry/syscalls/syscall_32.tbl */
static __always_inline enum call_kind i386_call(long id)
{
	switch (id) {
	case 4:	  /* write */
	case 146: /* writev */
	case 345: /* sendmmsg */
	case 369: /* sendto */
	case 370: /* sendmsg */
	case 379: /* pwritev2 */
		return CALL_SEND;
	case 366:
		return CALL_SETSOCKOPT;
	case 102:
		return CALL_SOCKETCALL;
	default:
		return CALL_OTHER;
	}
}

/* include/uapi/asm-generic/unistd.h */
static __always_inline enum call_kind arm64_call(long id)
{
	switch (id) {
	case 64:  /* write */
	case 66:  /* writev */
	case 206: /* sendto */
	case 211: /* sendmsg */
	case 269: /* sendmmsg */
	case 287: /* pwritev2 */
		return CALL_SEND;
	case 208:
		return CALL_SETSOCKOPT;
	default:
		return CALL_OTHER;
	}
}

/* arch/arm/tools/syscall.tbl */
static __always_inline enum call_kind arm_call(long id)
{
	switch (id) {
	case 4:	  /* write */
	case 146: /* writev */
	case 289: /* send */
	case 290: /* sendto */
	case 296: /* sendmsg */
	case 374: /* sendmmsg */
	case 393: /* pwritev2 */
		return CALL_SEND;
	case 294:
		return CALL_SETSOCKOPT;
	default:
		return CALL_OTHER;
	}
}

static __always_inline void read_x86(struct call *call, struct pt_regs___x86 *registers, long id)
{
	struct task_struct___x86 *task = (void *)bpf_get_current_task_btf();
	bool compat = task->thread_info.status & X86_TS_COMPAT;

	call->kind = compat ? i386_call(id) : x86_call(id);
	if (call->kind == CALL_OTHER)
		return;
	call->arguments[0] = compat ? (__u32)registers->bx : registers->di;
	call->arguments[1] = compat ? (__u32)registers->cx : registers->si;
	call->arguments[2] = registers->dx;
	call->arguments[3] = compat ? (__u32)registers->si : registers->r10;
}

static __always_inline void read_arm64(struct call *call, struct pt_regs___arm64 *registers, long id)
{
	call->kind = registers->pstate & ARM64_PSR_MODE32_BIT ? arm_call(id) : arm64_call(id);
	if (call->kind == CALL_OTHER)
		return;
	call->arguments[0] = registers->regs[0];
	call->arguments[1] = registers->regs[1];
	call->arguments[2] = registers->regs[2];
	call->arguments[3] = registers->regs[3];
}

/* socketcall has a number and the address of the arguments, each of 32 bits, instead of the arguments. */
static __always_inline void unfold_socketcall(struct call *call)
{
	__u32 arguments[4] = {};
	__u64 address = call->arguments[1];

	switch (call->arguments[0]) {
	case SYS_SEND:
	case SYS_SENDTO:
	case SYS_SENDMSG:
	case SYS_SENDMMSG:
		call->kind = CALL_SEND;
		break;
	case SYS_SETSOCKOPT:
		call->kind = CALL_SETSOCKOPT;
		break;
	default:
		call->kind = CALL_OTHER;
		return;
	}
	if (bpf_probe_read_user(arguments, sizeof(arguments), (void *)address))
		call->kind = CALL_OTHER;
	for (int each = 0; each < 4; each++)
		call->arguments[each] = arguments[each];
}

static __always_inline void read_call(struct call *call, void *registers, long id)
{
	call->kind = CALL_OTHER;
	if (bpf_core_field_exists(struct pt_regs___x86, r10))
		read_x86(call, registers, id);
	else if (bpf_core_field_exists(struct pt_regs___arm64, regs))
		read_arm64(call, registers, id);
	if (call->kind == CALL_SOCKETCALL)
		unfold_socketcall(call);
}

/* The socket that a descriptor of this process is, or 0. Other descriptors, written to all day long, are told by their inode alone. */
static __always_inline struct sock *sock_of(__u32 descriptor)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct fdtable *table = task->files->fdt;
	struct socket *socket;
	struct file *file = 0;

	if (descriptor >= table->max_fds)
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), table->fd + descriptor);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	/* nothing but a path to a socket has none */
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

#endif
