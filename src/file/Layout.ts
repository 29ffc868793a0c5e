/** What is in every tree, and stays there under its name. */
import { outputs, workspace } from "./Area.ts"
import type { Device } from "./Inode.ts"

export const directories: ReadonlyArray<string> = ["/bin", "/dev", "/log", "/tmp", outputs, "/tools", workspace]

export const devices: ReadonlyMap<string, Device["device"]> = new Map([
  ["/dev/null", "null"],
  ["/dev/stderr", "stderr"],
  ["/dev/stdin", "stdin"],
  ["/dev/stdout", "stdout"]
])

const fixed = new Set(["/", ...directories, ...devices.keys()])

/** Whether what has this path can be neither removed nor replaced. */
export const isFixed = (path: string): boolean => fixed.has(path)
