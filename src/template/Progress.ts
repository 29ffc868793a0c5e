/** How far a build is. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** A step of a build; each has a result of its own, which other templates may share. */
export const Step = Schema.Literals(["kernel", "agent", "initrd", "base", "disk", "image"])
export type Step = typeof Step.Type

export const Progress = Schema.Union([
  Schema.TaggedStruct("Started", { step: Step }),
  /** Something that a program said about it. */
  Schema.TaggedStruct("Said", { step: Step, line: Schema.String }),
  /** It was there already. */
  Schema.TaggedStruct("Reused", { step: Step, key: Schema.String }),
  Schema.TaggedStruct("Made", { step: Step, key: Schema.String, millis: Schema.Number })
]).pipe(Schema.toTaggedUnion("_tag"))
export type Progress = typeof Progress.Type

/** Who is told. Nobody by default. */
export const Listener = Context.Reference<(progress: Progress) => Effect.Effect<void>>(
  "caisson/template/Progress/Listener",
  { defaultValue: () => () => Effect.void }
)

/** Tells whoever listens. */
export const tell = (progress: Progress): Effect.Effect<void> =>
  Effect.flatMap(Listener, (listener) => listener(progress))
