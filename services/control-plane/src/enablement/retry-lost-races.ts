/** Postgres: serialization failure, deadlock, unique violation (a second operation begun at the same moment). */
const LOST_RACE = new Set(["40001", "40P01", "23505"]);
const ATTEMPTS_MAX = 3;

/** Whether a transaction failed because another one was at the same rows, so that it may succeed when it is run again. */
export function isLostRace(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && LOST_RACE.has(String(error.code));
}

/** Runs a transaction again when it lost against another one; what it decides is decided anew on what it then finds. */
export async function retryLostRaces<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await transaction();
    } catch (error) {
      if (!isLostRace(error) || attempt === ATTEMPTS_MAX) throw error;
    }
}
