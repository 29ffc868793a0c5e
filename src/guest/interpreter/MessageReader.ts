import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type InterpreterError, misbehaved } from "./InterpreterError.ts"
import { HostMessage, InterpreterMessage } from "./Message.ts"
import { Structure } from "./Structure.ts"

const lengthBytes = 4

const encodeText = Schema.encodeSync(Schema.fromJsonString(HostMessage))

/** A message with its length (u32, little-endian) before it. */
export const encode = (message: HostMessage): Uint8Array => {
  const text = Buffer.from(encodeText(message))
  const bytes = Buffer.allocUnsafe(lengthBytes + text.length)
  bytes.writeUInt32LE(text.length)
  text.copy(bytes, lengthBytes)
  return bytes
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decodeMessage = Schema.decodeUnknownResult(InterpreterMessage, { onExcessProperty: "error" })

const parse = (bytes: Uint8Array): Result.Result<InterpreterMessage, InterpreterError> => {
  let json: unknown
  try {
    json = JSON.parse(utf8.decode(bytes))
  } catch {
    return Result.fail(misbehaved(`a message of ${bytes.length} bytes that is not JSON in UTF-8`))
  }
  return Result.mapError(decodeMessage(json), ({ message }) => misbehaved(message.slice(0, 1_024)))
}

/** More than any message has outside of its strings that keeps to the limits of a run. */
const weightMax = 262_144

/**
 * Reads the messages of an interpreter from pieces that are cut anywhere. A length is looked at before anything of the message is
 * kept, and what has come of a message is put together once. A long message is weighed as it comes, and given up before it is whole
 * if it is more than strings.
 */
export class MessageReader {
  /** Of the messages that come next. */
  bytesMax: number
  #pieces: Array<Uint8Array> = []
  #held = 0
  #needed = lengthBytes
  #consumed = 0
  /** Of a long message that has begun to come. */
  #structure: Structure | undefined

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** The bytes of all messages that were read, with their lengths. */
  get consumed(): number {
    return this.#consumed
  }

  push(bytes: Uint8Array): Result.Result<ReadonlyArray<InterpreterMessage>, InterpreterError> {
    this.#pieces.push(bytes)
    this.#held += bytes.length
    if (this.#held < this.#needed) return Result.map(this.#weigh(bytes), () => [])
    return this.#cut(this.#pieces.length === 1 ? Buffer.from(bytes) : Buffer.concat(this.#pieces))
  }

  #cut(all: Buffer): Result.Result<ReadonlyArray<InterpreterMessage>, InterpreterError> {
    const messages: Array<InterpreterMessage> = []
    let at = 0
    this.#needed = lengthBytes
    while (all.length - at >= lengthBytes) {
      const length = all.readUInt32LE(at)
      if (length > this.bytesMax) {
        return Result.fail(misbehaved(`a message of ${length} bytes, ${this.bytesMax} are allowed`))
      }
      this.#needed = lengthBytes + length
      if (all.length - at < this.#needed) break
      const message = parse(all.subarray(at + lengthBytes, at + this.#needed))
      if (Result.isFailure(message)) return Result.fail(message.failure)
      messages.push(message.success)
      at += this.#needed
      this.#needed = lengthBytes
    }
    this.#consumed += at
    const rest = all.subarray(at)
    this.#pieces = [rest]
    this.#held = rest.length
    this.#structure = this.#needed > weightMax ? new Structure() : undefined
    return Result.map(this.#weigh(rest.subarray(lengthBytes)), () => messages)
  }

  /** The last piece of a message is not weighed: it is one piece. */
  #weigh(piece: Uint8Array): Result.Result<void, InterpreterError> {
    this.#structure?.push(piece)
    return (this.#structure?.weight ?? 0) > weightMax
      ? Result.fail(misbehaved("a message with more than strings in it"))
      : Result.succeed(undefined)
  }
}
