import { setTimeout as sleep } from "node:timers/promises";
import { REPLY_BYTES_MAX, sayStatus, valueAt, whyNotArm, whyNotExpected } from "./judge-reply.ts";
import type { Ask, Expect, Json, Outcome, Point, Result, Step } from "./point.ts";
import { send, type Reply } from "./send.ts";
import type { Powers, Target } from "./target.ts";
import { fill, fillAll, type Variables } from "./templates.ts";

/** What a step needs that a target may lack. */
class NotApplicable extends Error {}
/** What came back is not what was expected. */
class Unexpected extends Error {}

const ATTEMPTS_MAX = 5;
const POLL_MS_MIN = 50;
/** A list of more pages than this goes round in a circle. */
const PAGES_MAX = 1_000;

type Run = { readonly target: Target; readonly variables: Variables; readonly trail: string[] };

function powers({ target }: Run, what: string): Powers {
  if (target.powers === undefined) throw new NotApplicable(`needs an installation of one's own: ${what}`);
  return target.powers;
}

async function ask(run: Run, request: Ask): Promise<Reply> {
  const { target, variables } = run;
  const url = fill(request.url, variables);
  const token = await target.token(request.as ?? "self");
  if (token === undefined) throw new NotApplicable(`needs a token of another kind: ${request.as ?? "self"}`);
  const body = request.json === undefined ? request.text : JSON.stringify(fillAll(request.json, variables));
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [name, fill(value, variables)]);
  const reply = await send({
    method: request.method ?? "GET",
    base: target.base,
    path: url.startsWith(target.base) ? url.slice(target.base.length) : url,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(Object.fromEntries(headers) as Record<string, string>),
    },
    body: body === undefined || request.json !== undefined ? body : fill(body, variables),
  });
  if (run.trail.at(-1) !== sayStatus(reply)) run.trail.push(sayStatus(reply));
  return reply;
}

/** Asks again, as clients do, where a request is refused for its number alone and that is not what the point is about. */
async function askPatiently(run: Run, request: Ask, expect: Expect): Promise<Reply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await ask(run, request);
    const isExpected = [expect.status].flat().includes(429);
    if (reply.status !== 429 || isExpected || attempt === ATTEMPTS_MAX) return reply;
    await sleep(Number(reply.headers["retry-after"] ?? 1) * 1_000);
  }
}

function expectReply(run: Run, said: string, { reply, expect }: { reply: Reply; expect: Expect }): void {
  const why = whyNotExpected(reply, expect, run.variables);
  if (why !== undefined) throw new Unexpected(`${said}: ${why}`);
}

async function poll(run: Run, step: Extract<Step, { step: "poll" }>): Promise<void> {
  const until = Date.now() + run.target.patienceMs;
  for (;;) {
    const reply = await ask(run, { url: step.url });
    const status = valueAt(reply, "status");
    const problem = whyNotArm(reply);
    if (problem !== undefined || reply.status !== 200) throw new Unexpected(`poll: ${problem ?? sayStatus(reply)}`);
    if (status === step.until) {
      if (step.expect !== undefined) expectReply(run, "poll", { reply, expect: step.expect });
      return;
    }
    if (["Succeeded", "Failed", "Canceled"].includes(String(status)))
      throw new Unexpected(`the operation ended ${String(status)} instead of ${step.until}: ${reply.text.slice(0, 200)}`);
    if (Date.now() > until) throw new Unexpected(`the operation is still ${String(status)} after ${run.target.patienceMs / 1000} s`);
    await sleep(run.target.powers === undefined ? Number(reply.headers["retry-after"] ?? 1) * 1_000 : POLL_MS_MIN);
  }
}

async function walk(run: Run, step: Extract<Step, { step: "walk" }>): Promise<void> {
  const ids: string[] = [];
  let pages = 0;
  for (let next: Json | undefined = step.url; typeof next === "string";) {
    const reply = await ask(run, { url: next.replace(/(\$|%24)skiptoken/i, step.token) });
    if (reply.bytes > REPLY_BYTES_MAX) throw new Unexpected(`a page of ${reply.bytes} bytes`);
    expectReply(run, `page ${++pages}`, { reply, expect: { status: 200 } });
    ids.push(...((valueAt(reply, "value") as readonly { readonly id: string }[] | undefined) ?? []).map(({ id }) => id));
    next = valueAt(reply, "nextLink");
    if (next === "" || pages > PAGES_MAX) throw new Unexpected(next === "" ? 'nextLink is ""' : "the pages do not end");
  }
  const got = `${pages} pages, ${ids.length} items, ${new Set(ids).size} different`;
  run.trail.push(got);
  if ((step.pages !== undefined && pages !== step.pages) || ids.length !== step.items || new Set(ids).size !== step.items)
    throw new Unexpected(`${got} instead of ${step.pages ?? "any"} pages, ${step.items} items`);
}

async function repeat(run: Run, step: Extract<Step, { step: "repeat" }>): Promise<void> {
  for (let n = 1; n <= step.atMost; n++) {
    const reply = await ask(run, step.ask);
    if (reply.status !== step.until) continue;
    run.trail.push(`after ${n}`);
    return expectReply(run, `request ${n}`, { reply, expect: step.expect });
  }
  throw new Unexpected(`no ${step.until} after ${step.atMost} requests`);
}

/** A connection that is cut, or a refusal by the TLS server's parser; never a redirect, never content. */
async function withoutTls(run: Run, url: string): Promise<void> {
  const base = run.target.base.replace(/^https:/, "http:").replace(/^(http:\/\/[^/:]+)$/, "$1:443");
  const reply = await send({ method: "GET", base, path: fill(url, run.variables), headers: {}, body: undefined }).catch(() => undefined);
  run.trail.push(reply === undefined ? "refused" : sayStatus(reply));
  if (reply !== undefined && (reply.status < 400 || reply.headers["location"] !== undefined))
    throw new Unexpected(`answered with ${reply.status} over HTTP without TLS`);
}

async function perform(run: Run, step: Step): Promise<void> {
  switch (step.step) {
    case "request": {
      const reply = await askPatiently(run, step.ask, step.expect);
      const said = `${step.ask.method ?? "GET"} ${step.ask.url}`.slice(0, 120);
      expectReply(run, said, { reply, expect: step.expect });
      for (const [name, path] of Object.entries(step.save ?? {})) {
        const value = valueAt(reply, fill(path, run.variables));
        if (value === undefined) throw new Unexpected(`${said}: the reply has no ${path}`);
        run.variables.set(`$${name}`, value);
      }
      return;
    }
    case "poll":
      return poll(run, step);
    case "walk":
      return walk(run, step);
    case "repeat":
      return repeat(run, step);
    case "withoutTls":
      return withoutTls(run, step.url);
    case "worker":
      // Behind somebody else's surface a real worker brings it to its end; the poll that follows waits for it.
      if (run.target.powers === undefined && step.phase === "Succeeded") return;
      return powers(run, `an operation that is brought to ${step.phase}`).worker(step, run.variables);
    case "subscription":
      return powers(run, "the life-cycle of a subscription").subscription(step.state);
    case "crash":
      return powers(run, "a process that may be killed").crash();
    case "fill":
      return powers(run, `${step.clusters} more clusters`).fill(step, run.variables);
  }
}

/** Asks one point of a target. Never throws: what goes wrong is the outcome. */
export async function runPoint(target: Target, point: Point): Promise<Result> {
  const outcome = await judge(target, point);
  return { point, outcome };
}

async function judge(target: Target, point: Point): Promise<Outcome> {
  if (point.elsewhere !== undefined) return { kind: "notApplicable", why: point.elsewhere };
  const refusal = target.whyNot(point);
  if (refusal !== undefined) return { kind: "notApplicable", why: refusal };
  const trail: string[] = [];
  try {
    const names = await target.prepare(point);
    if (typeof names === "string") return { kind: "notApplicable", why: names };
    const run: Run = { target, variables: new Map(Object.entries(names)), trail };
    for (const step of point.steps) await perform(run, step);
    return { kind: "passed", got: trail.join(", ") };
  } catch (error) {
    if (error instanceof NotApplicable) return { kind: "notApplicable", why: error.message };
    return { kind: "failed", got: error instanceof Error ? error.message : String(error) };
  }
}
