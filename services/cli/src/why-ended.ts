import { constants } from "node:os";

/** From here on a program's exit code is the signal that ended it, as shells and Kubernetes count it. */
const SIGNALLED = 128;

/** Why a program that ran on a node ended with a code other than 0: the last line of its complaint, or how it ended when it had no time for one. */
export function whyEnded({ stderr, exitCode }: { readonly stderr: string; readonly exitCode: number }): string {
  const complaint = stderr.trim().split("\n").at(-1) ?? "";
  if (complaint !== "") return complaint;
  const [signal] = Object.entries(constants.signals).find(([, number]) => number === exitCode - SIGNALLED) ?? [];
  return `its program ended ${signal === undefined ? `with code ${exitCode}` : `by ${signal}`} and said nothing; ask again`;
}
