import type { RunResult } from "../../../src/session/RunResult.ts"
import type { OpenOptions } from "../../../src/session/Sessions.ts"

/** In what tiers differ, so that a session that has to know it can. */
export interface Traits {
  /** What sessions may use, where the defaults are too little. */
  readonly limits: NonNullable<OpenOptions["limits"]>
  /** CPU time that is enough for an honest program, and soon over. */
  readonly brief: NonNullable<OpenOptions["limits"]>
  /** Whether a run came to what becomes of a program that ends with an error of its own. */
  readonly isFailure: (result: RunResult) => boolean
  /** What is left in a directory of machines that have ended. */
  readonly remains: (directory: string) => ReadonlyArray<string>
}
