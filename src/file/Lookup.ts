import * as Result from "effect/Result"
import { type Caller, type Guard, requireAccess, requireAccessBelow } from "./Access.ts"
import type { Act } from "./Area.ts"
import * as Content from "./Content.ts"
import { Refusal } from "./FileFault.ts"
import { lexical, parse } from "./FilePath.ts"
import { bytesOf, type Inode } from "./Inode.ts"
import { isFixed } from "./Layout.ts"
import type { Volume } from "./Volume.ts"
import { type Place, pathOfPlace, walk } from "./Walk.ts"

/** A place under its resolved path, and under the one that was asked for by its text alone. */
export interface Found extends Place {
  readonly path: string
  readonly named: string
}

export interface Existing extends Found {
  readonly inode: Inode
}

/** Content that is made once it is certain that there is room for it. */
export interface Promised {
  readonly bytes: number
  readonly make: () => Content.Content
}

const canExist = (found: Found): found is Existing => found.inode !== undefined

export const requireMovable = ({ path }: Found): void => {
  if (isFixed(path)) throw new Refusal("EACCES", `${path} is always there`)
}

/** Finds places for callers, and does there what several operations need. Everything throws `Refusal`s. */
export class Lookup {
  readonly volume: Volume
  guard: Guard | undefined

  constructor(volume: Volume, guard: Guard | undefined) {
    this.volume = volume
    this.guard = guard
  }

  /** Where a path leads, whether or not something is there, but for its last name or, with `rest`, several. */
  place(by: Caller, text: string, last: "follow" | "keep", rest: "one name" | "many names" = "one name"): Found {
    const path = Result.getOrThrow(parse(text, by.directory))
    const place = walk(this.volume.root, path, last)
    if (rest === "one name" && place.rest.length > 0) throw new Refusal("ENOENT")
    return { ...place, path: pathOfPlace(place), named: lexical(path) }
  }

  existing(by: Caller, text: string, last: "follow" | "keep"): Existing {
    const found = this.place(by, text, last)
    if (!canExist(found)) throw new Refusal("ENOENT")
    return found
  }

  require(by: Caller, target: Pick<Found, "path" | "named">, act: Act): void {
    requireAccess(by, this.guard, target, act)
  }

  requireBelow(by: Caller, found: Existing, act: Act): void {
    requireAccessBelow(by, this.guard, found, found.inode, act)
  }

  mayRead(by: Caller, path: string): boolean {
    try {
      this.require(by, { path, named: path }, "read")
      return true
    } catch {
      return false
    }
  }

  /** Devices read as empty. */
  content(by: Caller, found: Existing): Content.Content {
    if (found.inode.kind === "directory") throw new Refusal("EISDIR")
    this.require(by, found, "read")
    return found.inode.kind === "file" ? found.inode.content : Content.empty
  }

  /** Makes a file, or gives it another content. Only a file that is made gets the mode. */
  put(by: Caller, found: Found, content: Promised, mode: number): void {
    const { inode } = found
    if (inode?.kind === "device") {
      if (inode.device !== "null") throw new Refusal("EACCES", `${found.path} is not open here`)
      return
    }
    if (inode?.kind === "directory" || found.mustBeDirectory) throw new Refusal("EISDIR")
    this.require(by, found, inode === undefined ? "create" : "change")
    this.volume.requireRoom(inode === undefined ? 1 : 0, content.bytes - (inode === undefined ? 0 : bytesOf(inode)))
    if (inode === undefined) {
      const attributes = { mode, modifiedMillis: by.nowMillis }
      this.volume.addFile(found.directory, found.name, content.make(), attributes)
    } else if (inode.kind === "file") {
      this.volume.setContent(inode, found.path, content.make(), by.nowMillis)
    }
  }

  remove(by: Caller, found: Existing): void {
    requireMovable(found)
    this.requireBelow(by, found, "change")
    this.volume.remove(found.directory, found.name, by.nowMillis)
  }
}
