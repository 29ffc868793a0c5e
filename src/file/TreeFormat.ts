/** What both directions of the codec know of the bytes of a file tree. */
import type { Device } from "./Inode.ts"

export const magic = Buffer.from("CFTR", "latin1")
export const version = 1

/** What an inode begins with. `link` is one more name of a file that stands before it. */
export const marks = { file: 1, directory: 2, symlink: 3, device: 4, link: 5 } as const

/** A device is its place in this list. */
export const deviceNames: ReadonlyArray<Device["device"]> = ["null", "stdin", "stdout", "stderr"]
