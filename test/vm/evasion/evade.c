// SPDX-License-Identifier: MIT
/*
 * One attempt to write a rule of the packet filter, by each way that the kernel has: `evade NAME`. Prints "written", or the name of the
 * step that failed and the kernel's error. Ends with 0 when it was written, 1 when it was refused with EPERM, 2 for anything else.
 * Static, so that it runs in any root file system. `evade list` prints the NAMEs, `evade objects` how many
 * programs, maps and links of eBPF the kernel has.
 */
#include "evade.h"

static const struct attempt *const ALL[] = { LEGACY_ATTEMPTS, NFT_ATTEMPTS, RING_ATTEMPTS, WRITER_ATTEMPTS, OTHER_ATTEMPTS };

int main(int count, char **arguments)
{
	const char *wanted = count == 2 ? arguments[1] : "";
	int listing = strcmp(wanted, "list") == 0;

	if (strcmp(wanted, "objects") == 0)
		return print_objects();
	for (unsigned int group = 0; group < sizeof(ALL) / sizeof(*ALL); group++)
		for (const struct attempt *at = ALL[group]; at->name; at++) {
			if (listing)
				puts(at->name);
			else if (strcmp(wanted, at->name) == 0)
				return at->attempt();
		}
	if (listing)
		return 0;
	fputs("usage: evade NAME, or evade list\n", stderr);
	return FAILED;
}
