import { AppError } from "@hostrouting/domain";
import { ArmRefusal } from "./arm-problem.ts";

/** An answer of 2xx: its headers by lower-cased name, and its JSON. */
export type ArmReply = { readonly status: number; readonly header: (name: string) => string | undefined; readonly body: unknown };

/** What following a question needs. `send` throws for every answer but 2xx; `pause` waits, in seconds. */
export type Following = {
  readonly send: (method: "GET" | "POST", pathAndQuery: string, body?: unknown) => Promise<ArmReply>;
  readonly pause: (seconds: number) => Promise<void>;
};

/** The server ends a question after five minutes, whoever answers; this is a little more. */
const LOOKS_MAX = 400;
const PAUSE_SECONDS_MAX = 10;

/** An address of the same endpoint: credentials are sent nowhere else, whatever a header names. */
function pathOf({ header }: ArmReply, name: string): string {
  const value = header(name);
  if (value === undefined || !URL.canParse(value))
    throw new AppError("azure.unexpected-answer", { say: `The answer has no address in ${name}`, do: "Is the endpoint of this version?" });
  const { pathname, search } = new URL(value);
  return `${pathname}${search}`;
}

/**
 * Asks, looks until there is an answer, and fetches it: `Azure-AsyncOperation` says how far it is, `Location` holds the report.
 * @throws ArmRefusal when the question failed or was superseded; AppError `azure.unexpected-answer`; whatever `send` throws
 */
export async function followQuestion({ send, pause }: Following, pathAndQuery: string, body: unknown): Promise<unknown> {
  const accepted = await send("POST", pathAndQuery, body);
  const [status, result] = [pathOf(accepted, "azure-asyncoperation"), pathOf(accepted, "location")];
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const look = await send("GET", status);
    const { status: state, error } = look.body as { status?: string; error?: { code: string; message: string } };
    if (state === "Succeeded") return (await send("GET", result)).body;
    if (state === "Failed" || state === "Canceled")
      throw new ArmRefusal({ httpStatus: 200, error: error ?? { code: state, message: `It ended as ${state}.` } }, "", undefined);
    await pause(Math.min(PAUSE_SECONDS_MAX, Math.max(1, Number(look.header("retry-after") ?? 1) || 1)));
  }
  throw new AppError("azure.unexpected-answer", { say: "There was no answer in time", do: "See that a worker runs, and ask again." });
}
