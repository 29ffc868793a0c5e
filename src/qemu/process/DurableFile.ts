/** Files that are there as a whole or not at all, whatever happens to the host. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { open } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Predicate from "effect/Predicate"
import * as Identity from "../../process/Identity.ts"

/** Only who made it may read it: a machine's memory has what its guest was told. */
export const ownerOnly = 0o600

/** Brings a file, or the names in a directory, to the disk. */
export const sync = (path: string): void => {
  const descriptor = openSync(path, "r")
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Brings the bytes of files to the disk, of which there may be many. */
export const syncAll = async (paths: ReadonlyArray<string>): Promise<void> => {
  for (const path of paths) {
    const file = await open(path, "r")
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

// Other processes may do the same: a draft says whose it is.
const draftOf = (path: string): string => `${path}.${Identity.labelOf(Identity.self())}.draft`

/** Makes a file of a text that outlives this process. Whether there was none: one that is there stays as it is. */
export const create = (path: string, text: string): boolean => {
  const draft = draftOf(path)
  try {
    writeFileSync(draft, text, { mode: ownerOnly })
    linkSync(draft, path)
    return true
  } catch (cause) {
    if (Predicate.hasProperty(cause, "code") && cause.code === "EEXIST") return false
    throw cause
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Puts a text in the place of a file. With `power` it is on the disk afterwards; without, it outlives this process alone. */
export const replace = (path: string, text: string, durability: Durability): void => {
  const draft = draftOf(path)
  try {
    const descriptor = openSync(draft, "w", ownerOnly)
    try {
      writeFileSync(descriptor, text)
      if (durability === "power") fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(draft, path)
  } catch (cause) {
    rmSync(draft, { force: true })
    throw cause
  }
  if (durability === "power") sync(dirname(path))
}

/** What something written must outlive: this process, or a failure of the host's power too. */
export type Durability = "process" | "power"

const ifThere = <A>(use: () => A): A | undefined => {
  try {
    return use()
  } catch (cause) {
    if (Predicate.hasProperty(cause, "code") && cause.code === "ENOENT") return undefined
    throw cause
  }
}

/** Reads a text of at most so many bytes; undefined if there is no such file. */
export const readText = (path: string, bytesMax: number): string | undefined =>
  ifThere(() => {
    if (statSync(path).size > bytesMax) throw new RangeError(`it has more than ${bytesMax} bytes`)
    return readFileSync(path, "utf8")
  })

/** Removes a file or a directory with everything in it, if it is there. */
export const remove = (path: string): void => rmSync(path, { recursive: true, force: true })

/** Removes the drafts of files in a directory whose writers were killed. The directory may be gone. */
export const removeDrafts = (directory: string): void => {
  for (const name of ifThere(() => readdirSync(directory)) ?? []) {
    const [, label = ""] = /\.([^.]+)\.draft$/u.exec(name) ?? []
    if (Identity.labelHasEnded(label)) remove(join(directory, name))
  }
}

/** Makes a file of so many bytes, none of which takes room yet. */
export const makeSparse = (path: string, bytes: number): void => {
  closeSync(openSync(path, "wx", ownerOnly))
  truncateSync(path, bytes)
}
