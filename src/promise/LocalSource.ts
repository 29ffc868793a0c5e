/**
 * Files and directories of this machine, as a guest gets them: contents, permission bits, times, and symbolic links as links.
 *
 * L1. No more is read than the quota allows, whatever a file says of its length.
 * L2. Of a directory, no link in it is followed. Whether one leads outside is for whoever unpacks it to say: see `file/Archive.ts`.
 */
import { constants, type Stats } from "node:fs"
import { type FileHandle, open, readdir, readlink, stat } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type { PutEntry } from "../file/FileOperation.ts"
import type { Quota } from "../file/Quota.ts"
import { fromSystem, LocalFileError } from "./LocalFileError.ts"

export interface LocalFile {
  readonly bytes: Uint8Array
  readonly mode: number
  readonly modifiedMillis: number
}

const pieceBytesMax = 1_048_576
const pieceBytesMin = 4_096

const tooLarge = (path: string, bytesMax: number) =>
  new LocalFileError({
    reason: "TooLarge",
    path,
    message: `${path} has more than the ${bytesMax} bytes that are allowed`
  })

interface Bounds {
  readonly bytesMax: number
  readonly signal: AbortSignal
}

/** `bytesSaid` is what the file says of its length. */
const readWhole = async (handle: FileHandle, path: string, bytesSaid: number, { bytesMax, signal }: Bounds) => {
  const pieces: Array<Buffer> = []
  for (let bytes = 0; ; ) {
    signal.throwIfAborted()
    const pieceBytes = Math.min(pieceBytesMax, Math.max(pieceBytesMin, bytesSaid - bytes + 1))
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, null)
    bytes += bytesRead
    if (bytes > bytesMax) throw tooLarge(path, bytesMax)
    if (bytesRead === 0) return Buffer.concat(pieces, bytes)
    pieces.push(buffer.subarray(0, bytesRead))
  }
}

const unsupported = (path: string, found: Stats) => {
  const message = found.isDirectory() ? `${path} is a directory` : `${path} is no file and no directory`
  return new LocalFileError({ reason: "Unsupported", path, message })
}

const readOpened = async (path: string, flags: number, bounds: Bounds): Promise<LocalFile> => {
  // Opening a pipe that nobody writes to would wait for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags)
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw unsupported(path, found)
    if (found.size > bounds.bytesMax) throw tooLarge(path, bounds.bytesMax)
    const bytes = await readWhole(handle, path, found.size, bounds)
    return { bytes, mode: found.mode & 0o777, modifiedMillis: Math.floor(found.mtimeMs) }
  } finally {
    await handle.close()
  }
}

class Reading {
  readonly entries: Array<PutEntry> = []
  readonly #directory: string
  readonly #quota: Quota
  readonly #signal: AbortSignal
  #bytesLeft: number

  constructor(directory: string, quota: Quota, signal: AbortSignal) {
    this.#directory = directory
    this.#quota = quota
    this.#signal = signal
    this.#bytesLeft = quota.bytes
  }

  /** `within` has a slash before each name; it is empty for the directory itself. */
  async readBelow(within: string): Promise<void> {
    const found = await readdir(join(this.#directory, within), { withFileTypes: true })
    for (const entry of found.sort((left, right) => (left.name < right.name ? -1 : 1))) {
      this.#signal.throwIfAborted()
      await this.#readOne(entry, `${within}/${entry.name}`)
    }
  }

  async #readOne(entry: { isDirectory(): boolean; isSymbolicLink(): boolean }, path: string): Promise<void> {
    const local = join(this.#directory, path)
    this.#requireRoom(path)
    if (entry.isSymbolicLink()) {
      this.entries.push({ kind: "symlink", path, target: await readlink(local) })
    } else if (entry.isDirectory()) {
      this.entries.push({ kind: "directory", path, mode: (await stat(local)).mode & 0o777 })
      await this.readBelow(path)
    } else {
      const file = await readOpened(local, constants.O_NOFOLLOW, {
        bytesMax: this.#bytesLeft,
        signal: this.#signal
      })
      this.#bytesLeft -= file.bytes.length
      this.entries.push({ kind: "file", path, ...file })
    }
  }

  #requireRoom(path: string): void {
    if (this.entries.length < this.#quota.entries) return
    const message = `${this.#directory} has more than the ${this.#quota.entries} entries that are allowed`
    throw new LocalFileError({ reason: "TooLarge", path: join(this.#directory, path), message })
  }
}

/** A file by its path, which may be a link. */
export const readFile = (path: string, bytesMax: number): Effect.Effect<LocalFile, LocalFileError> =>
  Effect.tryPromise({
    try: (signal) => readOpened(path, 0, { bytesMax, signal }),
    catch: fromSystem("NotReadable", path)
  })

/** All that is below a directory, under paths that begin there: `/a`, `/a/b`. */
export const readDirectory = (path: string, quota: Quota): Effect.Effect<ReadonlyArray<PutEntry>, LocalFileError> =>
  Effect.tryPromise({
    try: async (signal) => {
      const reading = new Reading(path, quota, signal)
      await reading.readBelow("")
      return reading.entries
    },
    catch: fromSystem("NotReadable", path)
  })
