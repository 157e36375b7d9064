/** What an hour of one enabled node costs. */
export type NodeHourPrice = { readonly amount: number; readonly currency: string };

/**
 * Reads `0.016 USD`: an amount of 0 or more and a currency of ISO 4217.
 * @throws Error that says what it must be
 */
export function nodeHourPrice(value: string): NodeHourPrice {
  const [, amount = "", currency = ""] = /^(\d{1,6}(?:\.\d{1,9})?) ([A-Z]{3})$/.exec(value) ?? [];
  if (currency === "") throw new Error("must be an amount and a currency, as 0.016 USD");
  return { amount: Number(amount), currency };
}
