import * as Schema from "effect/Schema"

/** A place inside a value, from the outside in: property names, and indexes of arrays, maps and sets. */
export type Path = ReadonlyArray<string | number>

const pathStepsShown = 8
const stepLengthShown = 64

const showStep = (step: string | number): string =>
  typeof step === "number" || step.length <= stepLengthShown
    ? `[${JSON.stringify(step)}]`
    : `[${JSON.stringify(step.slice(0, stepLengthShown).toWellFormed())}…]`

/** A place as people read it, such as `["items"][3]`; of a deep one, its end. Empty for the value itself. */
export const showPath = (path: Path): string => {
  const shown = path.slice(-pathStepsShown).map(showStep).join("")
  return path.length > pathStepsShown ? `…${shown}` : shown
}

/**
 * A value that has no text, or a text that stands for no value. It names the place and never the value that stands there.
 *
 * Of values: `Unsupported` (a function, a symbol, a promise), `Cycle`, `Unreadable` (reading it threw). Of texts: `NotJson`,
 * `Malformed` (JSON, but not of the format). Of both: `TooDeep`, `TooLarge`.
 */
export class ValueError extends Schema.TaggedError<ValueError>()("ValueError", {
  reason: Schema.Literals(["Unsupported", "Cycle", "Unreadable", "NotJson", "Malformed", "TooDeep", "TooLarge"]),
  /** See `showPath`. */
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return this.path === "" ? this.detail : `${this.detail} at ${this.path}`
  }
}
