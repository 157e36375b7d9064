/**
 * One managed cluster, spoken of in several api-versions: everything behind the converters knows one internal model, that of the newest contract. A
 * version that lacks a member neither shows it nor touches what is stored of it.
 */
import type { JsonObject } from "../enablement/json-object.ts";
import { withPerformance } from "./with-performance.ts";
import { withoutPerformance } from "./without-performance.ts";

/** A body of which only the properties matter here. */
export type WithProperties = { readonly properties?: unknown };

/** Translates between what a family of versions says and the internal model. All of it is pure. */
export type ClusterConverter = {
  /** A request's body, before anybody judges it, without what this family does not know. */
  readonly withoutUnknown: (body: JsonObject) => JsonObject;
  /**
   * What a PUT of this family asks for, in the internal model.
   * @param stored the cluster's properties; what the family cannot say is taken from them.
   */
  readonly readPut: <T extends WithProperties>(request: T, stored: JsonObject) => T;
  /** What a merge patch (RFC 7396) of this family asks for, in the internal model. */
  readonly readPatch: <T extends WithProperties>(patch: T, stored: JsonObject) => T;
  /** The resource's body as this family shows it. */
  readonly show: (body: JsonObject) => JsonObject;
};

/** The first GA that has `advancedNetworking.performance`, less its previews: versions compare as text. */
const FIRST_WITH_PERFORMANCE = "2026-03-02";

/** The converter of a version that is known to be supported. */
export function converterOf(apiVersion: string): ClusterConverter {
  return apiVersion.toLowerCase() < FIRST_WITH_PERFORMANCE ? withoutPerformance : withPerformance;
}
