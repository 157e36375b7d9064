/** What stops the set-up: one sentence that says what is wrong and what to do. Printed without a stack trace; the exit code is 1. */
export class Problem extends Error {}
