// SPDX-License-Identifier: MIT
/* Attempts by io_uring: other threads send for the one who asks. */
#include "evade.h"
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

struct ring {
	int fd;
	unsigned int *tail, *mask, *array, *flags;
	unsigned int *completed_head, *completed_tail, *completed_mask;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *completions;
};

static int open_ring(struct ring *ring, unsigned int flags)
{
	struct io_uring_params parameters = { .flags = flags, .sq_thread_idle = 2000 };
	char *submission, *completion;

	ring->fd = syscall(SYS_io_uring_setup, 4, &parameters);
	if (ring->fd < 0)
		return -1;
	submission = mmap(NULL, parameters.sq_off.array + 4 * sizeof(__u32), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	completion = mmap(NULL, parameters.cq_off.cqes + 8 * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			  IORING_OFF_CQ_RING);
	ring->entries = mmap(NULL, 4 * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (submission == MAP_FAILED || completion == MAP_FAILED || ring->entries == MAP_FAILED)
		return -1;
	ring->tail = (void *)(submission + parameters.sq_off.tail);
	ring->mask = (void *)(submission + parameters.sq_off.ring_mask);
	ring->flags = (void *)(submission + parameters.sq_off.flags);
	ring->array = (void *)(submission + parameters.sq_off.array);
	ring->completed_head = (void *)(completion + parameters.cq_off.head);
	ring->completed_tail = (void *)(completion + parameters.cq_off.tail);
	ring->completed_mask = (void *)(completion + parameters.cq_off.ring_mask);
	ring->completions = (void *)(completion + parameters.cq_off.cqes);
	return 0;
}

/* Submits one entry and waits for its completion; the kernel's answer. */
static int submit(struct ring *ring, const struct io_uring_sqe *entry, int polled)
{
	unsigned int slot = *ring->tail & *ring->mask;

	ring->entries[slot] = *entry;
	ring->array[slot] = slot;
	__atomic_store_n(ring->tail, *ring->tail + 1, __ATOMIC_RELEASE);
	for (int tries = 0; tries < 5000; tries++) {
		unsigned int submitting = polled ? 0 : tries == 0;

		if (polled && __atomic_load_n(ring->flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP)
			syscall(SYS_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
		else if (submitting)
			syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
		if (__atomic_load_n(ring->completed_tail, __ATOMIC_ACQUIRE) != *ring->completed_head)
			return ring->completions[*ring->completed_head & *ring->completed_mask].res;
		usleep(1000);
	}
	return -ETIMEDOUT;
}

static int send_by_ring(unsigned int ring_flags, int entry_flags)
{
	struct batch batch = rule_batch();
	struct iovec part = { .iov_base = batch.bytes, .iov_len = batch.length };
	struct msghdr whole = { .msg_iov = &part, .msg_iovlen = 1 };
	int number = open_socket();
	struct io_uring_sqe entry = { .opcode = IORING_OP_SENDMSG, .fd = number, .addr = (unsigned long)&whole, .len = 1, .flags = entry_flags };
	struct ring ring;
	int result;

	if (open_ring(&ring, ring_flags) < 0)
		return end("io_uring");
	result = submit(&ring, &entry, ring_flags & IORING_SETUP_SQPOLL);
	if (result < 0) {
		errno = -result;
		return end("io_uring sendmsg");
	}
	return answer(number);
}

static int uring_worker(void)
{
	return send_by_ring(0, IOSQE_ASYNC);
}

static int uring_poll_thread(void)
{
	return send_by_ring(IORING_SETUP_SQPOLL, 0);
}

/* IORING_OP_URING_CMD with SOCKET_URING_OP_SETSOCKOPT, since 6.7. Numbers, as the headers are older. */
static int uring_setsockopt(void)
{
	static char head[96] = "filter";
	int number = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct io_uring_sqe entry = { .opcode = 46, .fd = number };
	struct ring ring;
	int result;

	if (number < 0 || open_ring(&ring, 0) < 0)
		return end("io_uring");
	entry.off = 3; /* cmd_op */
	entry.addr = (__u64)IPPROTO_IP | (__u64)IPT_SO_SET_REPLACE << 32; /* level, optname */
	entry.splice_fd_in = sizeof(head); /* optlen */
	*(__u64 *)((char *)&entry + 48) = (unsigned long)head; /* optval */
	result = submit(&ring, &entry, 0);
	if (result == -EPERM || result == -EOPNOTSUPP) {
		errno = -result;
		return end("io_uring setsockopt");
	}
	printf("reached the table: %s\n", strerror(-result));
	return WRITTEN;
}

const struct attempt RING_ATTEMPTS[] = {
	{ "uring-worker", uring_worker },
	{ "uring-poll-thread", uring_poll_thread },
	{ "uring-setsockopt", uring_setsockopt },
	{ 0 },
};
