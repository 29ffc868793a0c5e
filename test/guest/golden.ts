/** The frames that the host and the agent are both held to, as test/fixtures/frames has them. */
import { Schema } from "effect"
import * as Greeting from "../../src/guest/wire/Greeting.ts"
import * as Reply from "../../src/guest/wire/Reply.ts"
import * as Request from "../../src/guest/wire/Request.ts"
import { read } from "../repository.ts"

const Frames = Schema.Array(
  Schema.Struct({
    title: Schema.String,
    from: Schema.Literals(["host", "guest"]),
    kind: Schema.String,
    lane: Schema.Int,
    epoch: Schema.Int,
    stream: Schema.Int,
    sequence: Schema.Int,
    schema: Schema.optionalKey(Schema.String),
    message: Schema.optionalKey(Schema.Unknown),
    payload: Schema.Uint8ArrayFromHex,
    bytes: Schema.Uint8ArrayFromHex
  })
)

const Broken = Schema.Array(
  Schema.Struct({
    title: Schema.String,
    bytes: Schema.Uint8ArrayFromHex,
    items: Schema.Array(
      Schema.Union([
        Schema.Struct({ frame: Schema.String, sequence: Schema.Int, payload: Schema.String }),
        Schema.Struct({ broken: Schema.String, bytes: Schema.Int })
      ])
    )
  })
)

const Refused = Schema.Array(Schema.Struct({ title: Schema.String, payload: Schema.Uint8ArrayFromHex }))

const parse = <S extends Schema.Codec<unknown, unknown>>(schema: S, name: string): S["Type"] =>
  Schema.decodeUnknownSync(schema)(JSON.parse(read(`test/fixtures/frames/${name}`)))

export const frames = parse(Frames, "v1.json")
export const broken = parse(Broken, "broken.json")
export const refused = parse(Refused, "refused.json")

/** The messages by the names that they have there. */
export const messages: Readonly<Record<string, Schema.Codec<unknown, unknown>>> = {
  Hello: Greeting.Hello,
  Welcome: Greeting.Welcome,
  Request: Request.Request,
  Instruction: Request.Instruction,
  Notice: Reply.Notice,
  Fault: Reply.Fault,
  "Outcome of Exit": Reply.Outcome(Reply.Exit),
  "Outcome of Done": Reply.Outcome(Reply.Done),
  "Outcome of Moved": Reply.Outcome(Reply.Moved),
  "Outcome of Entry": Reply.Outcome(Reply.Entry),
  "Outcome of Frozen": Reply.Outcome(Reply.Frozen)
}
