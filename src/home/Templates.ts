import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** Those of Caisson; two folders above this file, built or not. */
const own = fileURLToPath(new URL("../../templates", import.meta.url))

/** Where the template files of a home are: those that are given, else its own, and those of Caisson. */
export const directories = (
  home: string | undefined,
  given: ReadonlyArray<string> | undefined
): ReadonlyArray<string> => {
  if (given !== undefined) return given
  const ofHome = home === undefined ? undefined : join(home, "templates")
  return [...(ofHome !== undefined && existsSync(ofHome) ? [ofHome] : []), own]
}
