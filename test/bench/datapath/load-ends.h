/* SPDX-License-Identifier: MIT */
/* Both ends of one kind of traffic, before it begins: the plan, processors and namespaces, sockets, and the server's process. */
#ifndef LOAD_ENDS_H
#define LOAD_ENDS_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT 8080
#define BUFFER_BYTES (128 * 1024)
#define FLOOD_BYTES 64
#define SOCKET_BUFFER_BYTES (8 * 1024 * 1024)
#define ANSWER_TIMEOUT_MS 1000
#define PACE_US 10000
#define HOLDERS_MAX 64
#define FILES_SPARE 32

/* What all processes count; the server writes `arrived`, `ports` and `seen`, holders of sockets the rest, one at a time. */
struct shared {
	volatile uint64_t arrived;
	volatile uint64_t ports;
	volatile uint64_t held_operations, held_errors, held_done;
	uint8_t seen[65536];
};

struct result {
	uint64_t operations;
	uint64_t errors;
	double longest_silence_ms;
};

struct plan {
	const char *kind;
	const char *client_netns, *server_netns;
	const char *address;
	long milliseconds, limit;
	int client_cpu, server_cpu;
};

static volatile sig_atomic_t time_is_up;
static struct shared *shared;
static char buffer[BUFFER_BYTES];

static void fail(const char *what)
{
	fprintf(stderr, "load-generator: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void end_time(int number)
{
	time_is_up = 1;
}

static double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

/* Ticks that a processor was not idle since boot; steal belongs to somebody else. */
static double busy_seconds(int cpu)
{
	unsigned long long user, nice, system, idle, iowait, irq, softirq;
	char line[512], name[16];
	double found = 0;
	FILE *file = fopen("/proc/stat", "r");

	if (!file)
		fail("/proc/stat");
	snprintf(name, sizeof(name), "cpu%d ", cpu);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) && sscanf(line + strlen(name), "%llu %llu %llu %llu %llu %llu %llu", &user, &nice,
								 &system, &idle, &iowait, &irq, &softirq) == 7)
			found = (double)(user + nice + system + irq + softirq) / sysconf(_SC_CLK_TCK);
	fclose(file);
	return found;
}

static double busy_both(const struct plan *plan)
{
	double busy = busy_seconds(plan->client_cpu);

	return plan->server_cpu == plan->client_cpu ? busy : busy + busy_seconds(plan->server_cpu);
}

static void settle(const char *netns, int cpu)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC);
	cpu_set_t cpus;

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(netns);
	close(fd);
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		fail("sched_setaffinity");
}

static int is_tcp(const struct plan *plan)
{
	return !strncmp(plan->kind, "tcp", 3);
}

static socklen_t fill_address(struct sockaddr_storage *to, const char *address)
{
	struct sockaddr_in *v4 = (void *)to;
	struct sockaddr_in6 *v6 = (void *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(PORT);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1) {
		errno = EINVAL;
		fail(address);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(PORT);
	return sizeof(*v6);
}

static void bound_wait(int fd)
{
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_MS / 1000, .tv_usec = ANSWER_TIMEOUT_MS % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

/* A connected socket, or -1. */
static int open_client(const struct plan *plan)
{
	struct sockaddr_storage to;
	socklen_t length = fill_address(&to, plan->address);
	int one = 1;
	int fd = socket(to.ss_family, is_tcp(plan) ? SOCK_STREAM : SOCK_DGRAM, 0);

	if (fd < 0)
		fail("socket");
	if (is_tcp(plan))
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	bound_wait(fd);
	if (!connect(fd, (struct sockaddr *)&to, length))
		return fd;
	close(fd);
	return -1;
}

static int open_server(const struct plan *plan)
{
	int one = 1, size = SOCKET_BUFFER_BYTES;
	struct sockaddr_storage at;
	socklen_t length = fill_address(&at, plan->address);
	int fd = socket(at.ss_family, is_tcp(plan) ? SOCK_STREAM : SOCK_DGRAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!is_tcp(plan))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&at, length) || (is_tcp(plan) && listen(fd, 128)))
		fail("server");
	return fd;
}

static void serve_stream(const struct plan *plan, int listener)
{
	int one = 1, answers = strcmp(plan->kind, "tcp-bulk") != 0;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		ssize_t length;

		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		while ((length = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
			shared->arrived += length;
			if (answers && send(fd, buffer, length, MSG_NOSIGNAL) < 0)
				break;
		}
		close(fd);
	}
}

static void note_port(const struct sockaddr_storage *from)
{
	/* sin_port and sin6_port are at the same place */
	uint16_t port = ntohs(((const struct sockaddr_in *)from)->sin_port);

	if (!shared->seen[port])
		shared->ports++;
	shared->seen[port] = 1;
}

static void serve_datagrams(const struct plan *plan, int fd)
{
	int answers = strcmp(plan->kind, "udp-flood") != 0, notes = !strcmp(plan->kind, "udp-many");
	struct sockaddr_storage from;

	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t length = answers ? recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &size) :
					   recv(fd, buffer, sizeof(buffer), 0);

		if (length < 0)
			continue;
		shared->arrived++;
		if (notes)
			note_port(&from);
		if (answers)
			sendto(fd, buffer, length, 0, (struct sockaddr *)&from, size);
	}
}

/* Returns once the server listens. */
static pid_t start_server(const struct plan *plan)
{
	int ready[2];
	char byte = 0;
	pid_t child;

	if (pipe(ready))
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	if (!child) {
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		settle(plan->server_netns, plan->server_cpu);
		fd = open_server(plan);
		if (write(ready[1], &byte, 1) != 1)
			exit(1);
		if (is_tcp(plan))
			serve_stream(plan, fd);
		else
			serve_datagrams(plan, fd);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		exit(1);
	close(ready[0]);
	return child;
}

#endif
