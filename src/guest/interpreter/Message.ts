/** What an interpreter and its host say to each other, version 1: JSON texts, each with its length before it. */
import * as Schema from "effect/Schema"
import { Language } from "../../capability/Language.ts"
import { Answer, Display, Output, Sleep, Usage } from "../../machine/Turn.ts"
import { GuestError } from "../../tool/GuestError.ts"
import { ToolCall } from "../../tool/ToolCall.ts"

export const version = 1

/** What a run may use, as the interpreter keeps to it. */
export const Allowance = Schema.Struct({
  outputBytes: Schema.Int,
  outstandingCalls: Schema.Int,
  callsPerRun: Schema.Int,
  argumentBytes: Schema.Int,
  resultBytes: Schema.Int,
  sourceBytes: Schema.Int
})

/** A new session begins: chance is seeded. Answered by `prepared`. */
export const Prepare = Schema.Struct({ do: Schema.Literal("prepare"), seed: Schema.String })

/** A run begins; one that still waits is given up. Answered by a `turn`. */
export const Start = Schema.Struct({
  do: Schema.Literal("start"),
  ordinal: Schema.Int,
  language: Language,
  source: Schema.String,
  nowMillis: Schema.Finite,
  tools: Schema.Array(
    Schema.Struct({ path: Schema.String, description: Schema.String, input: Schema.Unknown, output: Schema.Unknown })
  ),
  limits: Allowance
})

/** One call is answered, or one sleep is over. Answered by a `turn`. */
export const GiveAnswer = Schema.Struct({ do: Schema.Literal("answer"), ...Answer.fields, nowMillis: Schema.Finite })

export const HostMessage = Schema.Union([Prepare, Start, GiveAnswer])
export type HostMessage = typeof HostMessage.Type

const displaysMax = 64
const phasesMax = 16
const nameLengthMax = 256
const textLengthMax = 32_768

const Ids = Schema.Array(Schema.String.check(Schema.isMaxLength(nameLengthMax)))

const SaidError = Schema.Struct({
  ...GuestError.fields,
  name: Schema.String.check(Schema.isMaxLength(textLengthMax)),
  message: Schema.String.check(Schema.isMaxLength(textLengthMax)),
  stack: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(textLengthMax))),
  reason: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(nameLengthMax)))
})

const SaidCall = Schema.Struct({ ...ToolCall.fields, path: Schema.String.check(Schema.isMaxLength(nameLengthMax)) })

/** What a turn came to, before the host has compared it with what it knows. */
export const SaidTurn = Schema.Union([
  Schema.TaggedStruct("Completed", { value: Schema.String, cancelled: Ids }),
  Schema.TaggedStruct("Failed", { error: SaidError, cancelled: Ids }),
  Schema.TaggedStruct("Parked", { calls: Schema.Array(SaidCall), sleeps: Schema.Array(Sleep), cancelled: Ids })
])
export type SaidTurn = typeof SaidTurn.Type

export const Ready = Schema.Struct({
  say: Schema.Literal("ready"),
  version: Schema.Literal(version),
  languages: Schema.Array(Language)
})

export const SaidOutput = Schema.Struct({ say: Schema.Literal("output"), ...Output.fields })

export const TurnEnd = Schema.Struct({
  say: Schema.Literal("turn"),
  turn: SaidTurn,
  /** The memory of the interpreter and all that it has started. One that was written down earlier says its processor time as well. */
  usage: Schema.Struct({
    memoryBytes: Usage.fields.memoryBytes,
    cpuMillis: Schema.optionalKey(Usage.fields.cpuMillis)
  }),
  displays: Schema.optionalKey(Schema.Array(Display).check(Schema.isMaxLength(displaysMax))),
  phases: Schema.optionalKey(Schema.Record(Schema.String, Schema.Finite).check(Schema.isMaxProperties(phasesMax)))
})
export type TurnEnd = typeof TurnEnd.Type

/** Whatever an interpreter says. `ready` comes once, first; `output` only between a `start` or `answer` and its `turn`. */
export const InterpreterMessage = Schema.Union([
  Ready,
  Schema.Struct({ say: Schema.Literal("prepared") }),
  SaidOutput,
  TurnEnd
])
export type InterpreterMessage = typeof InterpreterMessage.Type
