import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Packr } from "msgpackr/pack"
import { Unpackr } from "msgpackr/unpack"
import { objection } from "./PlainPack.ts"

/** The payload of a frame is not the message that it should be. */
export class MalformedMessage extends Schema.TaggedError<MalformedMessage>()("MalformedMessage", {
  detail: Schema.String
}) {
  override get message() {
    return `not a message: ${this.detail}`
  }
}

// Neither records, whose readers are compiled from what comes over the wire, nor shared structures, nor classes beside plain objects.
const options = { useRecords: false, mapsAsObjects: true, moreTypes: false, structuredClone: false } as const

const packr = new Packr({ ...options, variableMapSize: true, encodeUndefinedAsNil: false })
const unpackr = new Unpackr({ ...options, int64AsType: "number", copyBuffers: true })

const malformed = (detail: string) => Result.fail(new MalformedMessage({ detail }))

const present = ([, value]: [string, unknown]): boolean => value !== undefined

/** The bytes of a message. Keys without a value are left out. */
export const encode = (message: object): Uint8Array =>
  Uint8Array.from(packr.pack(Object.fromEntries(Object.entries(message).filter(present))))

const unpack = (bytes: Uint8Array): unknown => unpackr.unpack(bytes)

/** A decoder of the messages of one schema, which takes any bytes from anybody: it never throws, and makes nothing large of a little. */
export const decoder = <S extends Schema.Codec<unknown, unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })
  return (bytes: Uint8Array): Result.Result<S["Type"], MalformedMessage> => {
    const problem = objection(bytes)
    if (problem !== undefined) return malformed(problem)
    return Result.mapError(decode(unpack(bytes)), ({ message }) => new MalformedMessage({ detail: message }))
  }
}
