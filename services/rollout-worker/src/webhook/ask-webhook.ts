import { lookup } from "node:dns/promises";
import { request } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { explain } from "@hostrouting/domain";
import { mayReach } from "@hostrouting/runtime";

/** What a webhook is told. */
export type WebhookQuestion = {
  readonly clusterId: string;
  readonly operationId: string;
  readonly gate: string;
  readonly at: string;
  /** Absent where the gate stands at no batch. */
  readonly batch?: number;
};

/** What it says. `NoAnswer` is all that is neither of the three, and why; it is never a yes. `reason` is its own text. */
export type WebhookAnswer =
  | { readonly verdict: "Continue" | "Wait" | "Reject"; readonly reason: string }
  | { readonly verdict: "NoAnswer"; readonly reason: string };

/** Asks a webhook once. Never throws: what goes wrong is no answer. */
export type AskWebhook = (
  hook: { readonly url: string; readonly timeoutMs: number; readonly signal: AbortSignal },
  question: WebhookQuestion,
) => Promise<WebhookAnswer>;

/** What the installation allows. `ca`: certificates to trust beside the system's, for development. */
export type WebhookSettings = {
  readonly loopbackAllowed: boolean;
  readonly ca?: string;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
};

/** A verdict and a sentence; a body that is longer is no answer. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** A sentence in a list of waits. */
const REASON_LENGTH_MAX = 256;
const VERDICTS = ["Continue", "Wait", "Reject"] as const;

class NoAnswer extends Error {}

async function allAddresses(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** The one address that is connected to: names that mean a forbidden one as well are not asked at all. */
async function checkedAddress(host: string, { loopbackAllowed, resolve = allAddresses }: WebhookSettings): Promise<string> {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(bare) === 0 ? await resolve(bare) : [bare];
  const [first] = addresses;
  if (first === undefined) throw new NoAnswer("Its name has no address.");
  if (!addresses.every((address) => mayReach(address, loopbackAllowed))) throw new NoAnswer("Its address is one that is not asked.");
  return first;
}

/** The connection goes to the address that was checked, whatever the name means by then; the certificate must be the name's. */
function pinned(address: string): LookupFunction {
  const family = isIP(address);
  return (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

type Sending = {
  readonly url: URL;
  readonly address: string;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly ca: string | undefined;
};

function send({ url, address, body, signal, ca }: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), accept: "application/json" };
    // An agent of its own: no connection outlives the question, and none was opened for another.
    const options = { method: "POST", headers, signal, agent: false, lookup: pinned(address), ...(ca !== undefined && { ca }) };
    const asked = request(url, options, (response) => {
      if (response.statusCode !== 200) {
        asked.destroy(new NoAnswer(`It answered with status ${response.statusCode}.`));
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_BYTES_MAX) asked.destroy(new NoAnswer("Its answer is longer than 64 KiB."));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

function parse(text: string): WebhookAnswer {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new NoAnswer("Its answer is no JSON.");
  }
  const { verdict, reason } = (typeof body === "object" && body !== null ? body : {}) as { verdict?: unknown; reason?: unknown };
  const known = VERDICTS.find((each) => each === verdict);
  if (known === undefined) throw new NoAnswer("Its answer has no `verdict` of Continue, Wait or Reject.");
  return { verdict: known, reason: typeof reason === "string" ? reason.slice(0, REASON_LENGTH_MAX) : "" };
}

/**
 * Asks over HTTPS. The host is resolved and judged before there is a socket, and the connection goes to that address; redirects are no answer, an
 * answer has 64 KiB and the time that the gate allows at most. Nothing secret is sent.
 */
export function httpsWebhook(settings: WebhookSettings): AskWebhook {
  return async (hook, question) => {
    const overdue = AbortSignal.timeout(hook.timeoutMs);
    const signal = AbortSignal.any([hook.signal, overdue]);
    try {
      const url = new URL(hook.url);
      if (url.protocol !== "https:" || url.username !== "" || url.password !== "")
        throw new NoAnswer("Its address is one that is not asked.");
      const found = checkedAddress(url.hostname, settings);
      const ended = new Promise<never>((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new NoAnswer("It was stopped."))),
      );
      const address = await Promise.race([found, ended]);
      return parse(await send({ url, address, body: JSON.stringify(question), signal, ca: settings.ca }));
    } catch (error) {
      const why = error instanceof NoAnswer ? error.message : `It could not be asked: ${explain(error)}`;
      return { verdict: "NoAnswer", reason: overdue.aborted ? "It did not answer in time." : why };
    }
  };
}
