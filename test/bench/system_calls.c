// SPDX-License-Identifier: MIT
/* What a system call takes, in nanoseconds, as the mean of many: one that does nothing, a write to a file, a send on a socket of UDP. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALLS 30000

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

int main(void)
{
	int file = open("/dev/null", O_WRONLY);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	double at[4];

	at[0] = now();
	for (int call = 0; call < CALLS; call++)
		syscall(SYS_getppid);
	at[1] = now();
	for (int call = 0; call < CALLS; call++)
		if (write(file, "", 1) != 1)
			return 1;
	at[2] = now();
	/* without an address it fails where a send begins */
	for (int call = 0; call < CALLS; call++)
		if (sendto(udp, "", 1, 0, NULL, 0) >= 0)
			return 1;
	at[3] = now();
	printf("[%.2f, %.2f, %.2f]\n", (at[1] - at[0]) / CALLS, (at[2] - at[1]) / CALLS, (at[3] - at[2]) / CALLS);
	return 0;
}
