import { type Act, type Actor, areaOf, refusal } from "./Area.ts"
import { Refusal } from "./FileFault.ts"
import { type Inode, subtree } from "./Inode.ts"

/** Who asks for an operation, and when. */
export interface Caller {
  readonly actor: Actor
  /** What modified files get as their time: the guest's clock, not the real one. */
  readonly nowMillis: number
  /** Where relative paths begin; the root by default. */
  readonly directory?: string | undefined
}

/**
 * The rules of an operator: why a guest may not read or write at a resolved path, if it may not. It is asked about contents, the
 * names in a directory and every change; not about what a path is or leads to (`stat`, `readlink`, `realpath`).
 */
export type Guard = (path: string, access: "read" | "write") => string | undefined

/** A place, with the path that was asked for. */
interface Target {
  /** The resolved path. */
  readonly path: string
  /** The path by its text alone. */
  readonly named: string
}

/**
 * A link that a guest made does not lead a host to where the guest may not write: a host that means to write there says so.
 */
const isLedAstray = ({ named, path }: Target): boolean => areaOf(path) !== "writable" && areaOf(named) !== areaOf(path)

/** Throws a `Refusal` if the caller may not do this at this place. */
export const requireAccess = (caller: Caller, guard: Guard | undefined, target: Target, act: Act): void => {
  if (caller.actor === "host") {
    if (act !== "read" && isLedAstray(target)) throw new Refusal("EACCES", `a link leads to ${target.path}`)
    return
  }
  const reason = refusal(areaOf(target.path), act) ?? guard?.(target.path, act === "read" ? "read" : "write")
  if (reason !== undefined) throw new Refusal("EACCES", reason)
}

/** The same for an inode and all that is below it. */
export const requireAccessBelow = (
  caller: Caller,
  guard: Guard | undefined,
  target: Target,
  inode: Inode,
  act: Act
): void => {
  requireAccess(caller, guard, target, act)
  if (guard === undefined || caller.actor === "host") return
  for (const { path } of subtree(target.path, inode)) requireAccess(caller, guard, { path, named: path }, act)
}
