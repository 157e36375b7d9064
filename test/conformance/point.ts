/** What a point of the checklist is: requests and what must come back, as data that any endpoint can be asked. */

/** JSON as it is sent, or compared with. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** What a value of a reply must be, where it is not one value alone. */
export type Matcher =
  | { readonly check: "absent" | "present" | "versionsNewestFirst" | "noneTwice" }
  | { readonly check: "matches"; readonly pattern: RegExp }
  | { readonly check: "oneOf"; readonly values: readonly Json[] }
  | { readonly check: "atLeast" | "atMost"; readonly value: number }
  /** The value as text has all of these in it (`mentions`), or none (`hides`). */
  | { readonly check: "mentions" | "hides"; readonly texts: readonly string[] }
  /** The same as, or another than, what an earlier step saved; `below` compares numbers. */
  | { readonly check: "saved" | "differs" | "below"; readonly name: string };

/** A literal is compared as a whole; templates in its texts are filled in. */
export type Check = Json | Matcher;

/** Who asks. `self` owns the resources of the point. */
export type Caller = "self" | "nobody" | "wrongAudience" | "otherTenant" | "otherObject" | "user";

/**
 * A request. Addresses, header values and bodies may hold templates in braces: `{C}` the cluster, `{N}` a name that no cluster has, `{S}` subscription,
 * `{G}` group, `{L}` the group's collection of clusters, `{RP}` the provider's segment, `{V}` the version; `{C:lower}`, `:upper`, `:doubled` bend it;
 * `{$name}` is what an earlier step saved.
 */
export type Ask = {
  readonly method?: "GET" | "PUT" | "PATCH" | "POST" | "DELETE" | "HEAD";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: Json;
  /** Sent as it stands, as application/json unless a header says otherwise. */
  readonly text?: string;
  readonly as?: Caller;
};

/** What must come back. Paths lead into body by dots (`value.0.name`, `list[key=value].name`); header names are lower-case. */
export type Expect = {
  readonly status: number | readonly number[];
  /** `error.code` of the body. */
  readonly code?: string | readonly string[];
  readonly body?: Readonly<Record<string, Check>>;
  readonly headers?: Readonly<Record<string, Check>>;
  /** No byte of body. */
  readonly empty?: true;
};

/** One thing that is done. Those from `worker` on need powers that only the owner of an installation has. */
export type Step =
  | { readonly step: "request"; readonly ask: Ask; readonly expect: Expect; readonly save?: Readonly<Record<string, string>> }
  /** Asks the status URL until its `status` is one of these, as a client would. */
  | { readonly step: "poll"; readonly url: string; readonly until: string; readonly expect?: Expect }
  /** Follows `nextLink`; `token` is how its `$skipToken` is spelled when it is asked for. */
  | {
      readonly step: "walk";
      readonly url: string;
      /** Absent: as many as it takes. */
      readonly pages?: number;
      readonly items: number;
      readonly token: "$skipToken" | "%24skipToken";
    }
  /** Repeats a request until a reply has this status, at most so many times. */
  | { readonly step: "repeat"; readonly ask: Ask; readonly until: number; readonly atMost: number; readonly expect: Expect }
  /** The same request over HTTP without TLS: nothing may be answered but a refusal. */
  | { readonly step: "withoutTls"; readonly url: string }
  /** What runs behind the surface brings the operation of the cluster to this end (or phase). */
  | { readonly step: "worker"; readonly phase: "Rolling" | "Succeeded" | "Failed" | "Canceled"; readonly of?: "C" | "N" }
  | { readonly step: "subscription"; readonly state: "Registered" | "Suspended" | "Deleted" }
  /** `kill -9` of the control plane, and its next start. */
  | { readonly step: "crash" }
  /** That many more clusters, each with so many bytes of properties. */
  | { readonly step: "fill"; readonly group: string; readonly clusters: number; readonly bytesEach: number };

/** Which cluster `{C}` is: one that nobody changes, one of the point's own (settled, mode None; `made`: with credentials), or one that lacks something. */
export type PointCluster = "one" | "fresh" | "made" | "bare" | "azure-dataplane" | "gateway" | "old-version" | "old-pools";

/** A point of the checklist. */
export type Point = {
  /** `F1-12`, `F2-3`. */
  readonly id: string;
  /** The request in short. */
  readonly what: string;
  /** What must come back, in short. */
  readonly expected: string;
  readonly cluster?: PointCluster;
  readonly steps: readonly Step[];
  /** The point is judged by another suite, which is named. */
  readonly elsewhere?: string;
};

/** What became of a point. */
export type Outcome =
  | { readonly kind: "passed"; readonly got: string }
  | { readonly kind: "failed"; readonly got: string }
  | { readonly kind: "notApplicable"; readonly why: string };

/** A point with its outcome. */
export type Result = { readonly point: Point; readonly outcome: Outcome };
