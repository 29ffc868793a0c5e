/** How a session is asked for: opened, held again, forked. */
import type * as Duration from "effect/Duration"
import type { Capability } from "../capability/Capability.ts"
import type { Limits } from "../machine/Limits.ts"
import type { Toolkit } from "../tool/Toolkit.ts"
import type { RunOptions } from "./RunOptions.ts"
import type { Snapshots } from "./Turns.ts"

/** What this process lets a session's guest do, and who may wait how long. */
export interface Grants {
  readonly toolkit: Toolkit
  /** Tried in order. With none, every call is denied. */
  readonly capabilities: ReadonlyArray<Capability>
  /** How long a person has to decide on a call; after that it is denied. Default seven days. */
  readonly decision?: Duration.Input | undefined
  /**
   * A token for sessions. It is verified before anything else is done, and narrows what calls may do: for good if the session
   * is opened with it, for as long as it is held if it is resumed with it.
   */
  readonly token?: string | undefined
}

export interface OpenOptions extends Grants {
  /** Letters, digits, `.`, `_` and `-`; made up if absent. */
  readonly id?: string | undefined
  /** Default `javascript`. Others need a process that has their tier. */
  readonly template?: string | undefined
  /** Defaults and maximums: see `Limits`. */
  readonly limits?: typeof Limits.Encoded | undefined
  /** Seeds the guest's randomness; made up if absent. */
  readonly seed?: string | undefined
  /** Default `eager`: see `Snapshots`. */
  readonly snapshots?: Snapshots | undefined
  /** Kept with the session and shown in lists. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /**
   * What it is opened to run. Its limits are no wider than the token of that run allows. If the run would be refused for its token or
   * its code, there is no session. Nothing is run yet.
   */
  readonly firstRun?: FirstRun | undefined
}

export interface FirstRun extends Pick<RunOptions, "runId" | "language" | "token"> {
  readonly code: string
}

export interface ResumeOptions extends Grants {
  /** Do without snapshots: rebuild the guest from the recorded answers alone, for instance because a snapshot is damaged. */
  readonly rebuild?: boolean | undefined
}

export interface ForkOptions {
  /** The last entry to take over; default all of them. */
  readonly at?: number | undefined
  readonly id?: string | undefined
}
