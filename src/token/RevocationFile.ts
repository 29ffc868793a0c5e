/**
 * Revocations in a file, one a line, which several processes may use.
 *
 * R1. A line is only ever appended, in one write, and is on the disk before `revoke` succeeds.
 * R2. Every id that can be read in the file is revoked, also in a line that a crash cut short: rather one too many than one too
 *     few. A line that was cut short is ended by the next one's writer.
 * R3. What was seen once stays revoked for as long as the process lives, whatever becomes of the file.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as OwnFile from "./OwnFile.ts"
import { checkId, type Revocation, Revocations, revocationsMax, tooMany } from "./Revocations.ts"
import { storeFailed, type TokenError } from "./TokenError.ts"

const lineFeed = 0x0a
const chunkBytes = 1_048_576

/** The ids in a file, of which each reading goes on where the last one ended. */
class Reader {
  readonly #path: string
  readonly #chunk = Buffer.alloc(chunkBytes)
  readonly #revoked = new Set<string>()
  /** Behind the last line that was complete. */
  #offset = 0
  /** Which file that was. */
  #identity = ""

  constructor(path: string) {
    this.#path = path
  }

  has(id: string): boolean {
    return this.#revoked.has(id)
  }

  /** Reads what has been appended. A file that was put in its place, is gone, or is shorter than before, is another one. */
  read(): void {
    const file = OwnFile.openExisting(this.#path)
    if (file === undefined) {
      this.#offset = 0
      return
    }
    try {
      const { dev, ino, size } = fstatSync(file)
      if (size < this.#offset || this.#identity !== `${dev} ${ino}`) this.#offset = 0
      this.#identity = `${dev} ${ino}`
      while (this.#readLines(file));
    } finally {
      closeSync(file)
    }
  }

  /** Whether there may be more lines. */
  #readLines(file: number): boolean {
    const bytes = readSync(file, this.#chunk, 0, chunkBytes, this.#offset)
    const text = this.#chunk.subarray(0, bytes)
    for (const id of text.toString("latin1").match(/(?:tok|cav)_[0-9a-f]{24}/g) ?? []) this.#revoked.add(id)
    if (this.#revoked.size > revocationsMax) throw tooMany()
    const complete = text.lastIndexOf(lineFeed) + 1
    if (complete === 0 && bytes === chunkBytes) {
      throw storeFailed(this.#path, `it has a line of more than ${chunkBytes} bytes`)
    }
    this.#offset += complete
    return complete > 0
  }
}

const endsInMidLine = (file: number): boolean => {
  const { size } = fstatSync(file)
  const last = Buffer.alloc(1)
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== lineFeed
}

const append = (path: string, { id, revokedMillis }: Revocation): void => {
  OwnFile.makeDirectory(dirname(path))
  const file = openSync(path, "a+", OwnFile.ownerOnly)
  try {
    const line = `${endsInMidLine(file) ? "\n" : ""}${JSON.stringify({ id, revokedMillis })}\n`
    if (writeSync(file, line) !== line.length) throw storeFailed(path, "it takes no more")
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  OwnFile.syncDirectory(dirname(path))
}

/** Revocations in a file that is made, for its owner alone, by the first of them. */
export const layer = (path: string): Layer.Layer<Revocations> =>
  Layer.sync(Revocations, () => {
    const reader = new Reader(path)
    const attempt = <A>(act: () => A): Effect.Effect<A, TokenError> =>
      Effect.try({ try: act, catch: (cause) => storeFailed(path, cause) })
    return {
      revoke: (revocation) =>
        Effect.andThen(
          checkId(revocation.id),
          attempt(() => append(path, revocation))
        ),
      current: attempt(() => {
        reader.read()
        return (id: string) => reader.has(id)
      })
    }
  })
