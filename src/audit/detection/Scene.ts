import type { RuleId, Severity } from "./Alert.ts"
import type { Destination } from "./Destination.ts"
import type { Unveiled } from "./Disguise.ts"
import type { Habits } from "./Habits.ts"
import type { Mark } from "./Marks.ts"
import type { Matcher } from "./Matcher.ts"
import type { Observation, ObservationOf } from "./Observation.ts"
import type { Reading } from "./Reading.ts"
import type { Settings } from "./Settings.ts"
import type { Stream } from "./Trickle.ts"

/** What the settings say of a method. */
export interface Standing {
  readonly isPrivileged: boolean
  readonly isEgress: boolean
  readonly takesPaths: boolean
}

/** What does not change from one observation to the next. */
export interface Stage {
  readonly settings: Settings
  readonly matcher: Matcher<Mark>
  readonly standing: (method: string) => Standing
}

/** One observation with everything that several rules want to know of it. */
export interface Scene<Seen extends Observation = Observation> {
  readonly stage: Stage
  readonly observation: Seen
  readonly standing: Standing
  /** Of the input, the output or the result that the observation has; empty if it has none. */
  readonly reading: Reading
  /** What its texts say without their encodings. */
  readonly unveiled: ReadonlyArray<Unveiled>
  /** Streams that its texts are the newest pieces of. */
  readonly streams: ReadonlyArray<Stream>
  /** Where the data of a call goes to, if its method lets data out. */
  readonly destinations: ReadonlyArray<Destination>
  /** The habits of the tenant before this observation. */
  readonly habits: Habits
}

export interface Finding {
  readonly rule: RuleId
  readonly severity: Severity
  readonly title: string
  /** What of a rule's findings go together, such as the name of a honeytoken. */
  readonly subject?: string | undefined
  /** Without the observation that it was found in. */
  readonly evidence: ReadonlyArray<string>
  readonly details: Readonly<Record<string, string | number | ReadonlyArray<string>>>
}

/** A rule's memory of a session after an observation, and what it found. */
export type Step<Memory> = readonly [memory: Memory, findings: ReadonlyArray<Finding>]

export const nothing: ReadonlyArray<never> = []

/** Looks at observations of some kinds, one after the other. A pure function of its own memory of the session and the scene. */
export interface Rule<Memory, Tag extends Observation["_tag"]> {
  readonly sees: ReadonlyArray<Tag>
  readonly empty: Memory
  readonly step: (memory: Memory, scene: Scene<ObservationOf<Tag>>) => Step<Memory>
}
