/**
 * What guests may do where. A rule is asked with the resolved path of a place, in which no segment is a symbolic link.
 *
 * A1. In `/workspace` and `/tmp` they may do everything.
 * A2. In `/log` they may make files and directories and append. What was written there stays as it is, under its name.
 * A3. Everywhere else they may read.
 */

/** Who acts. A host may act everywhere, but is not led there by a link (see `Access`). */
export type Actor = "guest" | "host"

/** `change` is everything that is not one of the others: overwrite, remove, rename, link, set mode or time. */
export type Act = "read" | "create" | "append" | "change"

export type Area = "writable" | "log" | "read-only"

/** The directory of artifacts: regular files in it are what a run hands over. */
export const outputs = "/tmp/outputs"

/** Where a program begins. */
export const workspace = "/workspace"

export const areaOf = (path: string): Area => {
  if (/^\/(workspace|tmp)(\/|$)/.test(path)) return "writable"
  return /^\/log(\/|$)/.test(path) ? "log" : "read-only"
}

const where = "files can be written below /workspace and /tmp, and appended to below /log"

/** Why a guest may not do this in an area, if it may not. */
export const refusal = (area: Area, act: Act): string | undefined => {
  if (area === "writable" || act === "read") return undefined
  if (area === "read-only") return `read-only here; ${where}`
  return act === "change" ? `append-only here; ${where}` : undefined
}
