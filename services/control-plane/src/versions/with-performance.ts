import type { ClusterConverter } from "./cluster-converter.ts";

/** 2026-03-02-preview and later: the internal model is theirs. */
export const withPerformance: ClusterConverter = {
  withoutUnknown: (body) => body,
  readPut: (request) => request,
  readPatch: (patch) => patch,
  show: (body) => body,
};
