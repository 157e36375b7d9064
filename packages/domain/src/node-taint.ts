/** A taint of a Node object (`v1.Taint`). */
export type NodeTaint = {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  /** ISO 8601; the API server's own, handed back as it was. */
  readonly timeAdded?: string;
};

/** Keeps pods off a node that joins until host routing is on there. */
export const NOT_READY_TAINT = { key: "hostrouting.acns.azure.com/not-ready", effect: "NoSchedule" } as const satisfies NodeTaint;
