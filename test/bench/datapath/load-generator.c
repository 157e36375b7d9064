// SPDX-License-Identifier: MIT
/*
 * One kind of traffic from one network namespace to another, as fast as it goes or at a steady pace, on given processors:
 *
 *   load-generator KIND CLIENT_NETNS SERVER_NETNS ADDRESS MILLISECONDS LIMIT CLIENT_CPU SERVER_CPU
 *
 *   tcp-rr, udp-rr  one byte there and back, again and again, on one socket
 *   tcp-crr         connect, one byte there and back, close
 *   udp-flood       datagrams of 64 bytes one way; those that arrive count
 *   tcp-bulk        a stream one way; bytes that arrive count
 *   udp-pace        a datagram there and back every 10 ms; the longest silence counts
 *   udp-many        LIMIT sockets, one datagram there and back on each, all open at once; source ports seen by the server count
 *
 * LIMIT 0 = none; tcp-crr ends after LIMIT turns. Prints one line of JSON. The server is a child of the client and ends with it.
 */
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

/* 1 = answered. */
static int ask(int fd, struct result *result)
{
	if (send(fd, buffer, 1, MSG_NOSIGNAL) == 1 && recv(fd, buffer, 1, 0) == 1) {
		result->operations++;
		return 1;
	}
	if (!time_is_up)
		result->errors++;
	return 0;
}

static void run_rr(const struct plan *plan, struct result *result)
{
	int fd = open_client(plan);

	if (fd < 0)
		fail("connect");
	while (!time_is_up)
		if (!ask(fd, result) && is_tcp(plan))
			break;
}

static void run_crr(const struct plan *plan, struct result *result)
{
	while (!time_is_up && (!plan->limit || result->operations < (uint64_t)plan->limit)) {
		int fd = open_client(plan);

		if (fd < 0) {
			if (!time_is_up)
				result->errors++;
			continue;
		}
		ask(fd, result);
		close(fd);
	}
}

static void run_one_way(const struct plan *plan, struct result *result)
{
	size_t size = is_tcp(plan) ? sizeof(buffer) : FLOOD_BYTES;
	int fd = open_client(plan);

	if (fd < 0)
		fail("connect");
	shared->arrived = 0;
	while (!time_is_up)
		if (send(fd, buffer, size, MSG_NOSIGNAL) < 0 && is_tcp(plan) && !time_is_up)
			fail("send");
	result->operations = shared->arrived;
}

static void run_pace(const struct plan *plan, struct result *result)
{
	int fd = open_client(plan);
	double answered = now_ms();

	while (!time_is_up) {
		double silence;

		ask(fd, result);
		silence = now_ms() - answered;
		if (silence > result->longest_silence_ms)
			result->longest_silence_ms = silence;
		answered += silence;
		usleep(PACE_US);
	}
}

/* Opens its part of the sockets, one exchange on each, and keeps them until it is killed. */
static void hold_sockets(const struct plan *plan, long count)
{
	struct result result = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (long i = 0; i < count; i++) {
		int fd = open_client(plan);

		if (fd < 0)
			fail("connect");
		ask(fd, &result);
	}
	shared->held_operations += result.operations;
	shared->held_errors += result.errors;
	shared->held_done++;
	for (;;)
		pause();
}

/* A process may have only so many files open, so there are several; one after the other is at work. */
static void run_many(const struct plan *plan, struct result *result)
{
	struct rlimit files;
	long left = plan->limit, share;
	uint64_t holders = 0;
	pid_t pids[HOLDERS_MAX];

	if (getrlimit(RLIMIT_NOFILE, &files))
		fail("getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		fail("setrlimit");
	share = (long)files.rlim_max - FILES_SPARE;
	while (left > 0 && holders < HOLDERS_MAX && !time_is_up) {
		pids[holders] = fork();
		if (pids[holders] < 0)
			fail("fork");
		if (!pids[holders])
			hold_sockets(plan, left < share ? left : share);
		holders++;
		left -= share;
		while (shared->held_done < holders && !time_is_up)
			usleep(1000);
	}
	result->operations = shared->held_operations;
	result->errors = shared->held_errors + (left > 0 ? left : 0);
	while (holders > 0)
		kill(pids[--holders], SIGKILL);
}

static void run(const struct plan *plan, struct result *result)
{
	if (!strcmp(plan->kind, "tcp-rr") || !strcmp(plan->kind, "udp-rr"))
		run_rr(plan, result);
	else if (!strcmp(plan->kind, "tcp-crr"))
		run_crr(plan, result);
	else if (!strcmp(plan->kind, "udp-flood") || !strcmp(plan->kind, "tcp-bulk"))
		run_one_way(plan, result);
	else if (!strcmp(plan->kind, "udp-pace"))
		run_pace(plan, result);
	else if (!strcmp(plan->kind, "udp-many"))
		run_many(plan, result);
	else {
		errno = EINVAL;
		fail(plan->kind);
	}
}

static void set_alarm(long milliseconds)
{
	struct itimerval timer = { .it_value = { milliseconds / 1000, milliseconds % 1000 * 1000 } };
	struct sigaction action = { .sa_handler = end_time }; /* no SA_RESTART: a blocked call must end */

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

int main(int count, char **values)
{
	struct result result = { 0 };
	double started, busy;
	struct plan plan;
	pid_t server;

	if (count != 9) {
		fprintf(stderr, "usage: KIND CLIENT_NETNS SERVER_NETNS ADDRESS MILLISECONDS LIMIT CLIENT_CPU SERVER_CPU\n");
		return 2;
	}
	plan = (struct plan){ values[1], values[2], values[3], values[4], atol(values[5]), atol(values[6]), atoi(values[7]), atoi(values[8]) };
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	server = start_server(&plan);
	settle(plan.client_netns, plan.client_cpu);
	set_alarm(plan.milliseconds);
	busy = busy_both(&plan);
	started = now_ms();
	run(&plan, &result);
	printf("{\"operations\":%llu,\"seconds\":%.6f,\"busySeconds\":%.3f,\"errors\":%llu,\"longestSilenceMs\":%.3f,\"ports\":%llu}\n",
	       (unsigned long long)result.operations, (now_ms() - started) / 1e3, busy_both(&plan) - busy, (unsigned long long)result.errors,
	       result.longest_silence_ms, (unsigned long long)shared->ports);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return 0;
}
