/* The sandbox's process: it holds a pod's namespaces until it is told to end. Static, so that the image is this one file. */
#include <signal.h>
#include <unistd.h>

static void leave(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

int main(void)
{
	signal(SIGTERM, leave);
	signal(SIGINT, leave);
	for (;;)
		pause();
}
