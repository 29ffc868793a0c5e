/** What the messages of the protocol are made of, with their bounds. */
import * as Schema from "effect/Schema"

/** UTF-16 units of a path, a name, an argument or a variable of the environment. */
const textLengthMax = 32_768

/** A text that has a form in UTF-8, and is no longer than a message may be. */
export const Text = Schema.String.check(
  Schema.isMaxLength(textLengthMax),
  Schema.makeFilter((text) => text.isWellFormed() || "expected well-formed Unicode")
)

/** What a process is called by its host, for as long as the agent knows it. */
export const ProcessId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/u))

/** A number of bytes, milliseconds or things. */
export const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

/** A point in time: seconds since the epoch, and nanoseconds after them. */
export const instant = {
  seconds: Count,
  nanos: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999_999_999 }))
}

/** So many bytes. */
export const Bytes = (length: number) =>
  Schema.Uint8Array.check(
    Schema.makeFilter((bytes) => bytes.length === length || `expected ${length} bytes, got ${bytes.length}`)
  )

/** A signal by its number on Linux. */
export const Signal = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 64 }))

const extent = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 }))

/** The size of a terminal in characters. */
export const Size = Schema.Struct({ columns: extent, rows: extent })
export type Size = typeof Size.Type
