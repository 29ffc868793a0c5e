import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { decoder, MalformedMessage } from "./Pack.ts"

export const recordBytesMax = 65_536

const lengthBytes = 4

/**
 * Reads the records of one lane: messages with their lengths (u32, little-endian) before them, cut anywhere. What has come of a
 * record is put together once, when all of it is there.
 */
export class RecordReader<S extends Schema.Codec<unknown, unknown>> {
  readonly #decode: (bytes: Uint8Array) => Result.Result<S["Type"], MalformedMessage>
  #pieces: Array<Uint8Array> = []
  #held = 0
  #needed = lengthBytes

  constructor(schema: S) {
    this.#decode = decoder(schema)
  }

  /** Whether no record was begun. */
  get isAtEnd(): boolean {
    return this.#held === 0
  }

  push(bytes: Uint8Array): Result.Result<ReadonlyArray<S["Type"]>, MalformedMessage> {
    this.#pieces.push(bytes)
    this.#held += bytes.length
    if (this.#held < this.#needed) return Result.succeed([])
    return this.#cut(Buffer.concat(this.#pieces))
  }

  #cut(all: Buffer): Result.Result<ReadonlyArray<S["Type"]>, MalformedMessage> {
    const records: Array<S["Type"]> = []
    let at = 0
    this.#needed = lengthBytes
    while (all.length - at >= lengthBytes) {
      const length = all.readUInt32LE(at)
      if (length > recordBytesMax) return Result.fail(new MalformedMessage({ detail: `a record of ${length} bytes` }))
      this.#needed = lengthBytes + length
      if (all.length - at < this.#needed) break
      const record = this.#decode(all.subarray(at + lengthBytes, at + this.#needed))
      if (Result.isFailure(record)) return Result.fail(record.failure)
      records.push(record.success)
      at += this.#needed
      this.#needed = lengthBytes
    }
    this.#pieces = [all.subarray(at)]
    this.#held = all.length - at
    return Result.succeed(records)
  }
}
