import { constants } from "node:os";

/** From here on a program's exit code is the signal that ended it, as shells and Kubernetes count it. */
const SIGNALLED = 128;
/** What V8 says when it gives up stands before its stack and behind number signs; what follows are addresses. */
const NATIVE_STACK = /^-+ Native stack trace/;
/** What Node says of an exception that nobody caught stands before the exception's stack, and its own version after that. */
const UNCAUGHT_END = /^Node\.js v\d/;
const EXCEPTION = /^\w*Error\b.*?: ./;

/** Why a program that ran on a node ended with a code other than 0: what it complained of, and the signal if one ended it. */
export function whyEnded({ stderr, exitCode }: { readonly stderr: string; readonly exitCode: number }): string {
  const complaint = complaintOf(stderr);
  const [signal] = Object.entries(constants.signals).find(([, number]) => number === exitCode - SIGNALLED) ?? [];
  if (signal === undefined) return complaint || `its program ended with code ${exitCode} and said nothing; ask again`;
  return complaint === "" ? `its program ended by ${signal} and said nothing; ask again` : `its program ended by ${signal}: ${complaint}`;
}

/** The one line that says most: programs end with it, unless V8 or Node speak for them. */
function complaintOf(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.replace(/^[#\s]+/, "").trimEnd());
  const stack = lines.findIndex((line) => NATIVE_STACK.test(line));
  if (stack !== -1) return lines.slice(0, stack).filter(isSaid).join(" ");
  const said = lines.filter(isSaid);
  const uncaught = UNCAUGHT_END.test(said.at(-1) ?? "") ? said.find((line) => EXCEPTION.test(line)) : undefined;
  return uncaught ?? said.at(-1) ?? "";
}

/** Not the address of V8's own message. */
function isSaid(line: string): boolean {
  return line !== "" && !line.startsWith("FailureMessage Object");
}
