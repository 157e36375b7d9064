/** One value of a metric. Label values are from a small, known set: never names of pods or nodes, nor anybody else's text. */
export type MetricSample = { readonly labels?: Readonly<Record<string, string>>; readonly value: number };

/** A metric as Prometheus knows it. A counter only grows, until its process or what it counts begins anew. Units stand last in `name`. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly MetricSample[];
};

/** `Content-Type` of an exposition. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Metrics in Prometheus' text format, with the labels of `common` at each. Whatever is counted was counted elsewhere; this only says it. What has
 * no value is left out: not known is not 0.
 * @throws Error for a name or label that Prometheus does not take, and for a counter below zero
 */
export async function exposition(families: readonly MetricFamily[], common: Readonly<Record<string, string>> = {}): Promise<string> {
  // Loaded when somebody asks for the first time: most agents are never asked, and every node would pay for it.
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  registry.setDefaultLabels(common);
  for (const { name, help, type, samples } of families.filter(({ samples: those }) => those.length > 0)) {
    const labelNames = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels ?? {})))];
    const settings = { name, help, labelNames, registers: [registry] };
    const metric = type === "counter" ? new Counter(settings) : new Gauge(settings);
    for (const { labels = {}, value } of samples) metric.inc(labels, value);
  }
  return registry.metrics();
}
