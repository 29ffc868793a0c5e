import { it } from "@effect/vitest"

/** Stands for tests that cannot be made here, and says why. */
export const leftOut = (name: string, why: string) => it(name, ({ skip }) => skip(why))
