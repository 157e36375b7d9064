import type { Instant, NodeName, NodeUid } from "./brand.ts";

/** What a measurement, a metric or a node came to. Inconclusive: it was measured and says nothing. Error: nobody could measure. */
export type AnalysisOutcome = "Successful" | "Failed" | "Inconclusive" | "Error";

/** With what a node is compared: nodes of its kind that are not switched, at the same time; itself before the switch; nothing. */
export type ComparedTo = "Control" | "Before" | "Nothing";

/**
 * What an agent says of its node so that it can be compared. Counters grow from 0 at `sinceMs`, when the agent began, on the node's own clock;
 * what cannot be read there is absent. Units are those of `status.figures` of a HostRoutingNode.
 */
export type ComparedFigures = {
  readonly sinceMs: number;
  readonly cpu?: { readonly total: number; readonly softirq: number } | undefined;
  readonly tcp?: { readonly segments: number; readonly retransmitted: number; readonly resets: number } | undefined;
  readonly noRoute?: number | undefined;
  readonly conntrack?: { readonly entries: number; readonly max: number; readonly dropped: number } | undefined;
  /** 0–1. */
  readonly natFull?: number | undefined;
  readonly pods?: { readonly running: number; readonly notReady: number } | undefined;
  readonly routing?: string | undefined;
  readonly agent?: { readonly cpuMs: number; readonly memoryBytes: number } | undefined;
};

/** Figures with the time of their report, milliseconds on the node's own clock. */
export type AnalysisSample = { readonly atMs: number; readonly figures: ComparedFigures };

/** Values of one figure, one for each measurement: of switched nodes, and of the nodes that they are compared with at the same time. */
export type ComparedSamples = { readonly switched: readonly number[]; readonly compared: readonly number[] };

/**
 * One switched node under analysis, in one attempt. Everything that the next round needs to go on, so that a crash loses no measurement.
 * `marks`: by metric one letter for each measurement, the outcome's first.
 */
export type AnalysedNode = {
  readonly uid: NodeUid;
  readonly node: NodeName;
  /** `switchGeneration` of its record: another attempt is another analysis. */
  readonly generation: number;
  readonly since: Instant;
  /** When it was looked at last: first for the sample from which differences count, then for each measurement. */
  readonly lookedAt?: Instant | undefined;
  readonly first?: AnalysisSample | undefined;
  readonly last?: AnalysisSample | undefined;
  /** Samples of the nodes that it is compared with, by UID; at most five. */
  readonly control: Readonly<Record<string, AnalysisSample>>;
  readonly comparedTo: ComparedTo;
  readonly marks: Readonly<Record<string, string>>;
  /** The newest sentence about each metric that did not do well. */
  readonly remarks: Readonly<Record<string, string>>;
  /** By figure. */
  readonly samples: Readonly<Record<string, ComparedSamples>>;
  /** There when the node is through. */
  readonly verdict?: AnalysisOutcome | undefined;
};

/** What the switch brought, as far as it can be told: nothing measurable is an ordinary answer. */
export type BenefitVerdict = "Better" | "Worse" | "NoMeasurableGain" | "NotEnoughSamples";

/** A figure of switched nodes against those that they are compared with. `difference` and its 95 % interval: switched − compared. */
export type BenefitFigure = {
  readonly name: string;
  readonly unit: string;
  readonly verdict: BenefitVerdict;
  readonly switchedSamples: number;
  readonly comparedSamples: number;
  readonly difference?: number | undefined;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
};

/** How one metric did on one node. */
export type AnalysedMetric = {
  readonly name: string;
  readonly outcome: AnalysisOutcome;
  readonly measurements: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly errors: number;
  readonly message: string;
};

/** The analysis as operators see it. `notMeasured`: metrics of which the node's agent says nothing; they count neither as passed nor as failed. */
export type AnalysisStatus = {
  readonly nodes: readonly {
    readonly name: string;
    readonly state: AnalysisOutcome | "Running";
    readonly comparedTo: ComparedTo;
    readonly since: Instant;
    readonly metrics: readonly AnalysedMetric[];
    readonly notMeasured: readonly string[];
  }[];
  readonly benefit: readonly BenefitFigure[];
};
