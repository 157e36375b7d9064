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
#include "load-ends.h"

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
