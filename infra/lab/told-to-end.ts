/**
 * Given by the first Ctrl-C or SIGTERM. A second Ctrl-C ends the process as usual; a second SIGTERM does not, because the kernel sends one for each thread of
 * a killed parent (PR_SET_PDEATHSIG), and what was begun is to be taken back.
 */
export function toldToEnd(): AbortSignal {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  process.once("SIGINT", end).on("SIGTERM", end);
  return controller.signal;
}
