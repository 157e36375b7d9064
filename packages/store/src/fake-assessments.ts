import {
  as,
  ASSESSMENTS_KEPT,
  assessmentAt,
  SUPERSEDED_ASSESSMENT,
  type Assessment,
  type AssessmentId,
  type ClusterId,
  type Instant,
} from "@hostrouting/domain";
import type { AssessmentStore, OpenAssessment } from "./assessments.ts";

/** `reset` forgets all. */
export type FakeAssessments = AssessmentStore & { open(clusterId: ClusterId): readonly OpenAssessment[]; reset(): void };

/** Assessments in memory, by the rules of the table. `makeDue`: told of a cluster of which something is asked; false when there is none. */
export function fakeAssessments(now: () => number, makeDue: (clusterId: ClusterId) => boolean): FakeAssessments {
  const all = new Map<AssessmentId, Assessment>();
  const at = (): Instant => as<Instant>(now());
  const of = (clusterId: ClusterId): readonly Assessment[] => [...all.values()].filter((one) => one.clusterId === clusterId);
  const isOpen = (one: Assessment): boolean => assessmentAt(one, at()).state === "Pending";
  return {
    open: (clusterId) =>
      of(clusterId)
        .filter(isOpen)
        .map(({ state: _state, report: _report, error: _error, requestedAt, endedAt: _endedAt, ...asked }) => ({
          ...asked,
          ageMs: at() - requestedAt,
        })),
    reset: () => all.clear(),
    request: async (asked) => {
      if (!makeDue(asked.clusterId)) return "Absent";
      for (const one of of(asked.clusterId))
        if (one.kind === asked.kind && one.state === "Pending")
          all.set(one.id, { ...one, state: "Canceled", error: SUPERSEDED_ASSESSMENT, endedAt: at() });
      const ended = of(asked.clusterId).filter(({ state }) => state !== "Pending");
      for (const { id } of ended.slice(0, -ASSESSMENTS_KEPT)) all.delete(id);
      all.set(asked.id, { ...asked, state: "Pending", report: undefined, error: undefined, requestedAt: at(), endedAt: undefined });
      return "Asked";
    },
    get: async (id) => {
      const one = all.get(id);
      return one && assessmentAt(one, at());
    },
    answer: async (id, answer) => {
      const one = all.get(id);
      if (one === undefined || !isOpen(one)) return false;
      all.set(id, { ...one, report: undefined, error: undefined, ...answer, endedAt: at() });
      return true;
    },
  };
}
