/** Whether something is younger than its limit. A clock that was set back makes nothing young for ever: what is of the future is not. */
export function isWithin(ageMs: number, limitMs: number): boolean {
  return ageMs >= 0 && ageMs < limitMs;
}
