import { statSync } from "node:fs"
import { damaged } from "./AuditError.ts"

/**
 * Whether there is a file of a log. Throws `LogDamaged` if something else has its name: to open a pipe would be to wait for whoever
 * writes to it.
 */
export const isThere = (path: string): boolean => {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status?.isFile() === false) throw damaged(path, 0, "this is no file")
  return status !== undefined
}
