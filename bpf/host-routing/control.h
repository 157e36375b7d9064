/* SPDX-License-Identifier: MIT */
/*
 * The mode and its timer. States: OFF -> ON (timer runs until confirmed) -> DRAIN -> OFF. When the timer fires
 * before the confirmation, it drains and then switches off by itself: nothing but the pinned map is needed, so
 * it works with the agent dead. There is one writer besides the timer: the agent, through `control`.
 */
#ifndef HOST_ROUTING_CONTROL_H
#define HOST_ROUTING_CONTROL_H

#include "maps.h"

#define CLOCK_MONOTONIC 1

static int confirmation_missed(void *map, __u32 *key, struct hr_control *control)
{
	if (control->mode == HR_MODE_ON) {
		control->missed = 1;
		control->deadline_ns = 0;
		control->mode = HR_MODE_DRAIN;
		if (!bpf_timer_start(&control->timer, HR_MISSED_DRAIN_NS, 0))
			return 0;
	}
	control->mode = HR_MODE_OFF;
	return 0;
}

/* Stops the timer and waits for its callback; afterwards nobody else writes. */
static __always_inline void take_over(struct hr_control *control)
{
	bpf_timer_cancel(&control->timer);
	control->deadline_ns = 0;
}

static __always_inline enum hr_result switch_on(struct hr_control *control, const struct hr_command *command)
{
	take_over(control);
	control->mode = HR_MODE_OFF;
	control->generation = command->generation;
	control->missed = 0;
	/* what was fast in an earlier epoch says nothing about now */
	control->epoch++;
	if (command->confirm_ns) {
		/* EBUSY: initialised by an earlier switch */
		bpf_timer_init(&control->timer, &hr_control, CLOCK_MONOTONIC);
		if (bpf_timer_set_callback(&control->timer, confirmation_missed))
			return HR_TIMER_FAILED;
		control->deadline_ns = bpf_ktime_get_ns() + command->confirm_ns;
		if (bpf_timer_start(&control->timer, command->confirm_ns, 0)) {
			control->deadline_ns = 0;
			return HR_TIMER_FAILED;
		}
	}
	control->mode = HR_MODE_ON;
	return HR_DONE;
}

static __always_inline enum hr_result confirm(struct hr_control *control, const struct hr_command *command)
{
	if (control->generation != command->generation || control->mode == HR_MODE_OFF)
		return control->missed ? HR_TOO_LATE : HR_STALE;
	if (control->missed)
		return HR_TOO_LATE;
	take_over(control);
	if (!control->missed)
		return HR_DONE;
	/* it fired in between, and its drain has just been cancelled */
	control->mode = HR_MODE_OFF;
	return HR_TOO_LATE;
}

static __always_inline enum hr_result command_control(struct hr_control *control, const struct hr_command *command)
{
	switch (command->operation) {
	case HR_OP_READ:
		return HR_DONE;
	case HR_OP_ON:
		return switch_on(control, command);
	case HR_OP_CONFIRM:
		return confirm(control, command);
	case HR_OP_DRAIN:
		if (control->mode == HR_MODE_ON) {
			take_over(control);
			control->mode = control->missed ? HR_MODE_OFF : HR_MODE_DRAIN;
		}
		return HR_DONE;
	case HR_OP_OFF:
		take_over(control);
		control->mode = HR_MODE_OFF;
		return HR_DONE;
	}
	return HR_BAD_OPERATION;
}

#endif
