import type { Assessment, AssessmentReport, OperationResource } from "@hostrouting/domain";
import type { NodeHourPrice } from "../node-hour-price.ts";
import { operationPath } from "./operation-wire.ts";
import { clusterResourceId } from "./resource-ids.ts";

const iso = (at: number): string => new Date(at).toISOString();
/** Amounts to a millionth. */
const PARTS = 1e6;

/** The status document of a question; its shape is that of operations, so that every client can follow it. */
export function toAssessmentStatus(assessment: Assessment, cluster: OperationResource): Readonly<Record<string, unknown>> {
  const { id, state, requestedAt, endedAt, error } = assessment;
  return {
    id: operationPath(cluster, id),
    name: id,
    status: state === "Pending" ? "InProgress" : state,
    startTime: iso(requestedAt),
    ...(endedAt !== undefined && { endTime: iso(endedAt) }),
    percentComplete: state === "Succeeded" ? 100 : 0,
    resourceId: clusterResourceId(cluster),
    ...(error !== undefined && { error }),
  };
}

/** The report, with what it costs where the installation has a price. */
export function toAssessmentReport(report: AssessmentReport, price: NodeHourPrice | undefined): AssessmentReport {
  const { forecast } = report;
  if (forecast === undefined || price === undefined) return report;
  const amount = Math.round(forecast.usage.nodeHoursPerDay * price.amount * PARTS) / PARTS;
  return { ...report, forecast: { ...forecast, usage: { ...forecast.usage, costPerDay: { amount, currency: price.currency } } } };
}
