/** Suffixes of Kubernetes' quantities (resource.Quantity): powers of 1000 and of 1024. */
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity as a number: "100m" is 0.1, "1Ki" 1024, "1e3" 1000. Undefined when the text is none. */
export function readQuantity(text: string): number | undefined {
  const [, digits = "", suffix = ""] = /^([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})$/.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(FACTORS, suffix) ? FACTORS[suffix] : undefined;
  return digits === "" || factor === undefined ? undefined : Number(digits) * factor;
}
