import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type InterpreterError, misbehaved } from "./InterpreterError.ts"
import { HostMessage, InterpreterMessage } from "./Message.ts"

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

/**
 * Reads the messages of an interpreter from pieces that are cut anywhere. A length is looked at before anything of the message is
 * kept, and what has come of a message is put together once.
 */
export class MessageReader {
  readonly #bytesMax: number
  #pieces: Array<Uint8Array> = []
  #held = 0
  #needed = lengthBytes
  #consumed = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The bytes of all messages that were read, with their lengths. */
  get consumed(): number {
    return this.#consumed
  }

  push(bytes: Uint8Array): Result.Result<ReadonlyArray<InterpreterMessage>, InterpreterError> {
    this.#pieces.push(bytes)
    this.#held += bytes.length
    if (this.#held < this.#needed) return Result.succeed([])
    return this.#cut(this.#pieces.length === 1 ? Buffer.from(bytes) : Buffer.concat(this.#pieces))
  }

  #cut(all: Buffer): Result.Result<ReadonlyArray<InterpreterMessage>, InterpreterError> {
    const messages: Array<InterpreterMessage> = []
    let at = 0
    this.#needed = lengthBytes
    while (all.length - at >= lengthBytes) {
      const length = all.readUInt32LE(at)
      if (length > this.#bytesMax) {
        return Result.fail(misbehaved(`a message of ${length} bytes, ${this.#bytesMax} are allowed`))
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
    this.#pieces = [all.subarray(at)]
    this.#held = all.length - at
    return Result.succeed(messages)
  }
}
