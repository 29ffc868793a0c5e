/**
 * A guest's directory, as it is put on this machine. What a guest made is a stranger here.
 *
 * L1. Nothing is written outside of the directory: names are single ones, and no link in it is gone through. Links are made last.
 * L2. Nothing is overwritten, unless that is asked for; a directory is never replaced by something else.
 * L3. Of permissions there is what the guest set and this process's mask leaves, and no set-user-id.
 */
import { chmod, lstat, mkdir, open, rm, stat, symlink } from "node:fs/promises"
import { basename, join } from "node:path"
import * as Effect from "effect/Effect"
import type { PutEntry } from "../file/FileOperation.ts"
import { fromSystem, LocalFileError } from "./LocalFileError.ts"

export interface LocalTargetOptions {
  /** Replace files and links that are there. Default no: then nothing is written if there is one. */
  readonly overwrite?: boolean | undefined
}

type Kind = "file" | "directory" | "other"

const kindOf = async (path: string): Promise<Kind | undefined> => {
  try {
    const found = await lstat(path)
    if (found.isDirectory()) return "directory"
    return found.isFile() ? "file" : "other"
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR"))
      return undefined
    throw cause
  }
}

const alreadyThere = (path: string, what: string) =>
  new LocalFileError({ reason: "AlreadyThere", path, message: `${path} ${what}` })

class Writing {
  readonly #directory: string
  readonly #overwrite: boolean
  readonly #signal: AbortSignal
  /** Directories that were made here, and in which their owner may not do everything. */
  readonly #closing: Array<{ readonly path: string; readonly mode: number }> = []

  constructor(directory: string, overwrite: boolean, signal: AbortSignal) {
    this.#directory = directory
    this.#overwrite = overwrite
    this.#signal = signal
  }

  async write(entries: ReadonlyArray<PutEntry>): Promise<void> {
    await this.#check(entries)
    await mkdir(this.#directory, { recursive: true })
    for (const entry of [...entries].sort(
      (left, right) => Number(left.kind === "symlink") - Number(right.kind === "symlink")
    )) {
      this.#signal.throwIfAborted()
      await this.#writeOne(entry)
    }
    // A directory that nobody may write to can only become one when all is in it.
    for (const { mode, path } of this.#closing.toReversed()) await chmod(path, (await stat(path)).mode & mode)
  }

  /** Refuses before anything is written. */
  async #check(entries: ReadonlyArray<PutEntry>): Promise<void> {
    if ((await kindOf(this.#directory)) !== undefined && !(await stat(this.#directory)).isDirectory()) {
      throw alreadyThere(this.#directory, "is there and is no directory")
    }
    for (const entry of entries) {
      const path = this.#localOf(entry.path)
      const kind = await kindOf(path)
      if (kind === undefined || (kind === "directory" && entry.kind === "directory")) continue
      if (kind === "directory" || entry.kind === "directory")
        throw alreadyThere(path, `is there and is no ${entry.kind}`)
      if (!this.#overwrite) throw alreadyThere(path, "is there already, and would be overwritten")
    }
  }

  async #writeOne(entry: PutEntry): Promise<void> {
    const path = this.#localOf(entry.path)
    const above = entry.path.slice(1).split("/").slice(0, -1)
    for (const [index] of above.entries())
      await this.#requireDirectory(join(this.#directory, ...above.slice(0, index + 1)))
    if (entry.kind === "directory") return await this.#requireDirectory(path, entry.mode)
    if (this.#overwrite) await rm(path, { force: true })
    if (entry.kind === "symlink") return await symlink(entry.target, path)
    const file = await open(path, "wx", (entry.mode ?? 0o644) & 0o777)
    try {
      await file.writeFile(entry.bytes)
    } finally {
      await file.close()
    }
  }

  async #requireDirectory(path: string, mode = 0o777): Promise<void> {
    const kind = await kindOf(path)
    if (kind === "directory") return
    if (kind !== undefined) throw alreadyThere(path, "is there and is no directory")
    await mkdir(path, { mode: (mode & 0o777) | 0o700 })
    if ((mode & 0o700) !== 0o700) this.#closing.push({ path, mode: mode & 0o777 })
  }

  /** A guest's name may be more than one here: on Windows, backslashes and colons mean something. */
  #localOf(path: string): string {
    const names = path.slice(1).split("/")
    if (names.every((name) => name === basename(name) && name !== "" && name !== "." && name !== "..")) {
      return join(this.#directory, ...names)
    }
    const message = `${JSON.stringify(path)} is no name for a file on this machine`
    throw new LocalFileError({ reason: "UnsafeName", path: this.#directory, message })
  }
}

/** Puts entries, whose paths are `/a`, `/a/b`, into a directory, which is made if it is not there. */
export const writeDirectory = (
  path: string,
  entries: ReadonlyArray<PutEntry>,
  { overwrite = false }: LocalTargetOptions = {}
): Effect.Effect<void, LocalFileError> =>
  Effect.tryPromise({
    try: (signal) => new Writing(path, overwrite, signal).write(entries),
    catch: fromSystem("NotWritable", path)
  })
