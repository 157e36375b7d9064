/**
 * Lets this process go on when whoever read what it says has gone: a killed parent's pipe (EPIPE), a closed terminal (EIO). Without it the next line ends the
 * process, and what was begun is neither brought to its end nor taken back.
 */
export function goOnUnheard(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}
