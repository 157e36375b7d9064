import { isTerminal, type AnalysedNode, type AnalysisStatus, type HostRoutingStatus, type Operation } from "@hostrouting/domain";
import { benefitOf } from "./benefit.ts";
import { countOf, metricVerdict, type AnalysisLimits } from "./judge.ts";
import { METRICS } from "./metrics.ts";

/** The analysis as operators see it: that of the operation, or of the last one in which nodes were compared. */
export function analysisStatus(
  operation: Operation | undefined,
  previous: HostRoutingStatus | undefined,
  limits: AnalysisLimits,
): Pick<HostRoutingStatus, "analysis"> {
  const analysis = operation?.control.analysis;
  if (operation === undefined || analysis === undefined || analysis.length === 0)
    return operation?.mode !== "BpfVeth" && previous?.analysis !== undefined ? { analysis: previous.analysis } : {};
  const isOver = isTerminal(operation.phase);
  return { analysis: { nodes: analysis.map((node) => shownNode(node, limits, isOver)), benefit: benefitOf(analysis) } };
}

/** What an operation ends before is not told: it never counts as well. */
function shownNode(node: AnalysedNode, limits: AnalysisLimits, isOver: boolean): AnalysisStatus["nodes"][number] {
  const { marks, remarks, verdict, comparedTo, since } = node;
  const isThrough = verdict !== undefined || isOver;
  return {
    name: node.node,
    state: verdict ?? (isOver ? "Inconclusive" : "Running"),
    comparedTo,
    since,
    metrics: Object.entries(marks).map(([name, letters]) => ({
      name,
      outcome: metricVerdict(letters, limits, true) ?? "Inconclusive",
      measurements: letters.length,
      failed: countOf(letters, "Failed"),
      inconclusive: countOf(letters, "Inconclusive"),
      errors: countOf(letters, "Error"),
      message: remarks[name] ?? "",
    })),
    notMeasured: isThrough ? METRICS.filter(({ name }) => marks[name] === undefined).map(({ name }) => name) : [],
  };
}
