// SPDX-License-Identifier: MIT
/* Attempts by setsockopt on the tables of the old kind. */
#include "evade.h"
#include <sys/mman.h>

/* The kernel refuses this content; that it looks at it at all shows that nobody refused before. */
static int replace(int family, int level, int option)
{
	char head[96] = "filter";
	int number = socket(family, SOCK_RAW, IPPROTO_RAW);

	if (number < 0)
		return end("raw socket");
	if (setsockopt(number, level, option, head, sizeof(head)) < 0 && errno == EPERM)
		return end("setsockopt");
	puts("reached the table");
	return WRITTEN;
}

static int legacy_v4(void)
{
	return replace(AF_INET, IPPROTO_IP, IPT_SO_SET_REPLACE);
}

static int legacy_v6(void)
{
	return replace(AF_INET6, IPPROTO_IPV6, IPT_SO_SET_REPLACE);
}

static int legacy_v4_on_v6(void)
{
	return replace(AF_INET6, IPPROTO_IP, IPT_SO_SET_REPLACE);
}

static int legacy_arp(void)
{
	return replace(AF_INET, IPPROTO_IP, ARPT_SO_SET_REPLACE);
}

static int legacy_eb(void)
{
	return replace(AF_INET, IPPROTO_IP, EBT_SO_SET_ENTRIES);
}

/* setsockopt as a 32-bit process calls it (socketcall 14, system call 102). */
static int legacy_32bit(void)
{
#ifdef __x86_64__
	__u32 *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int number = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	long result = 102;

	if (low == MAP_FAILED || number < 0)
		return end("32-bit memory");
	strcpy((char *)(low + 16), "filter");
	low[0] = number;
	low[1] = IPPROTO_IP;
	low[2] = IPT_SO_SET_REPLACE;
	low[3] = (__u32)(unsigned long)(low + 16);
	low[4] = 96;
	__asm__ volatile("int $0x80" : "+a"(result) : "b"(14), "c"(low) : "memory", "r8", "r9", "r10", "r11");
	if (result == -EPERM) {
		errno = EPERM;
		return end("socketcall");
	}
	puts("reached the table");
	return WRITTEN;
#else
	errno = ENOSYS;
	return end("int 0x80");
#endif
}

const struct attempt LEGACY_ATTEMPTS[] = {
	{ "legacy-v4", legacy_v4 },
	{ "legacy-v6", legacy_v6 },
	{ "legacy-v4-on-v6-socket", legacy_v4_on_v6 },
	{ "legacy-32bit", legacy_32bit },
	{ "legacy-arp", legacy_arp },
	{ "legacy-eb", legacy_eb },
	{ 0 },
};
