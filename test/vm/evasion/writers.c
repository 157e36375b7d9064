// SPDX-License-Identifier: MIT
/* Attempts by processes that are, or look like, something else than they are. */
#include "evade.h"
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static int socket_then_unshare(void)
{
	struct batch batch = rule_batch();
	int number = open_socket();

	if (unshare(CLONE_NEWNET) < 0)
		return end("unshare");
	return send_on(number, &batch);
}

/* Into a namespace that another process has made and keeps. */
static int socket_then_setns(void)
{
	struct batch batch = rule_batch();
	int number = open_socket(), ready[2];
	char path[64], byte;
	pid_t child;
	int foreign;

	if (pipe(ready) < 0)
		return end("pipe");
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(FAILED);
	}
	if (read(ready[0], &byte, 1) != 1)
		return end("other namespace");
	snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
	foreign = open(path, O_RDONLY);
	if (foreign < 0 || setns(foreign, CLONE_NEWNET) < 0)
		return end("setns");
	return send_on(number, &batch);
}

/* A socket of this namespace is handed to a process in another one. */
static int socket_passed(void)
{
	struct batch batch = rule_batch();
	int pair[2], number, status;
	char room[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr whole = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *control = CMSG_FIRSTHDR(&whole);
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
		return end("socketpair");
	child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNET) < 0 || recvmsg(pair[1], &whole, 0) < 0)
			_exit(FAILED);
		memcpy(&number, CMSG_DATA(CMSG_FIRSTHDR(&whole)), sizeof(number));
		status = send_on(number, &batch);
		fflush(stdout);
		_exit(status);
	}
	number = open_socket();
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &number, sizeof(number));
	if (sendmsg(pair[0], &whole, 0) < 0)
		return end("pass");
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

/* The parent has the name of a program that is trusted elsewhere. */
static int renamed_parent(void)
{
	int status;
	pid_t child;

	prctl(PR_SET_NAME, "python3");
	child = fork();
	if (child == 0) {
		prctl(PR_SET_NAME, "cilium-agent");
		status = nft_rule();
		fflush(stdout);
		_exit(status);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

/* A program whose file is gone, as after an upgrade of its package, or to hide what it was. */
static int deleted_executable(void)
{
	static char *const arguments[] = { "evade", "nft-rule", NULL };
	const char *path = "/tmp/evade-deleted";
	char chunk[1 << 16];
	int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755), number;
	ssize_t length;

	if (from < 0 || to < 0)
		return end("copy");
	while ((length = read(from, chunk, sizeof(chunk))) > 0)
		if (write(to, chunk, length) != length)
			return end("copy");
	close(to);
	number = open(path, O_RDONLY | O_CLOEXEC);
	if (number < 0 || unlink(path) < 0)
		return end("unlink");
	fexecve(number, arguments, environ);
	return end("execute");
}

/* Out of a namespace of one's own into that of the machine's first process, as nsenter goes. */
static int enter_host(void)
{
	int host = open("/proc/1/ns/net", O_RDONLY);

	if (host < 0 || unshare(CLONE_NEWNET) < 0 || setns(host, CLONE_NEWNET) < 0)
		return end("setns");
	return nft_rule();
}

static int own_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return end("unshare");
	return nft_rule();
}

/* As a process without any right does it. */
static int user_namespace(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return end("unshare");
	return nft_rule();
}

/* An eBPF program as a netfilter hook (since 6.4). There is no such program: that the kernel looks for it shows that nobody refused. */
static int netfilter_link(void)
{
	union bpf_attr attr = {};

	attr.link_create.prog_fd = 0;
	attr.link_create.attach_type = 45;
	if (syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)) < 0 && errno == EPERM)
		return end("bpf");
	puts("reached the kernel");
	return WRITTEN;
}

const struct attempt WRITER_ATTEMPTS[] = {
	{ "socket-then-unshare", socket_then_unshare },
	{ "socket-then-setns", socket_then_setns },
	{ "socket-passed", socket_passed },
	{ "renamed-parent", renamed_parent },
	{ "deleted-executable", deleted_executable },
	{ "enter-host", enter_host },
	{ "own-namespace", own_namespace },
	{ "user-namespace", user_namespace },
	{ "netfilter-link", netfilter_link },
	{ 0 },
};
