/** The messages of QMP, as far as they are used here. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { QmpMalformed } from "./QmpError.ts"

/** The first message of a connection. */
export const Greeting = Schema.Struct({
  QMP: Schema.Struct({
    version: Schema.Struct({
      qemu: Schema.Struct({ major: Schema.Int, minor: Schema.Int, micro: Schema.Int }),
      package: Schema.String
    })
  })
})
export type Greeting = typeof Greeting.Type

/** A command was done. */
export const Return = Schema.Struct({ return: Schema.Unknown, id: Schema.Int })
export type Return = typeof Return.Type

/** A command was not done. One without an id answers what was not understood as a command. */
export const Failure = Schema.Struct({
  error: Schema.Struct({ class: Schema.String, desc: Schema.String }),
  id: Schema.optionalKey(Schema.Int)
})
export type Failure = typeof Failure.Type

/** Something happened. */
export const Event = Schema.Struct({ event: Schema.String, data: Schema.optionalKey(Schema.Unknown) })
export type Event = typeof Event.Type

export type Message =
  | { readonly _tag: "Greeting"; readonly greeting: Greeting }
  | { readonly _tag: "Return"; readonly answer: Return }
  | { readonly _tag: "Failure"; readonly failure: Failure }
  | { readonly _tag: "Event"; readonly event: Event }

const parse = (line: string): Result.Result<object, QmpMalformed> => {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return Result.succeed(value)
    return Result.fail(new QmpMalformed({ detail: "a line that is no JSON object" }))
  } catch {
    return Result.fail(new QmpMalformed({ detail: "a line that is no JSON" }))
  }
}

const malformed = ({ message }: Schema.SchemaError) => new QmpMalformed({ detail: message.slice(0, 500) })

const read = <S extends Schema.Codec<unknown, unknown>>(schema: S, wrap: (value: S["Type"]) => Message) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (value: object): Result.Result<Message, QmpMalformed> =>
    Result.mapBoth(decode(value), { onSuccess: wrap, onFailure: malformed })
}

/** By the key that tells a message from others. */
const readers: ReadonlyArray<readonly [string, (value: object) => Result.Result<Message, QmpMalformed>]> = [
  ["return", read(Return, (answer) => ({ _tag: "Return", answer }))],
  ["error", read(Failure, (failure) => ({ _tag: "Failure", failure }))],
  ["event", read(Event, (event) => ({ _tag: "Event", event }))],
  ["QMP", read(Greeting, (greeting) => ({ _tag: "Greeting", greeting }))]
]

/** Reads one line. It never throws, whoever wrote the line. */
export const decode = (line: string): Result.Result<Message, QmpMalformed> =>
  Result.flatMap(parse(line), (value) => {
    const reader = readers.find(([key]) => Object.hasOwn(value, key))?.[1]
    return reader === undefined
      ? Result.fail(new QmpMalformed({ detail: "a message of no known kind" }))
      : reader(value)
  })

/** The line of a command. */
export const encode = (command: string, args: Readonly<Record<string, unknown>>, id: number): string =>
  `${JSON.stringify({ execute: command, arguments: args, id })}\n`
