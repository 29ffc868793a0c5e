/** The file behind a disk of a machine. */
export type Disk =
  /** A file that is never written to, and that any number of machines share. */
  | { readonly _tag: "Shared"; readonly path: string }
  /** A file of one machine, as long as the disk is. */
  | { readonly _tag: "Raw"; readonly path: string }
  /**
   * What one machine has changed of files that are never written to, the nearest first; the last is raw, the others are overlays
   * themselves. What their headers say of each other is not believed.
   */
  | { readonly _tag: "Overlay"; readonly path: string; readonly below: readonly [string, ...ReadonlyArray<string>] }

/** The disks that every machine has, by what the guest finds them by. */
export interface Disks {
  /** The template's files. */
  readonly base: Extract<Disk, { readonly _tag: "Shared" }>
  /** What is above them. */
  readonly upper: Disk
}

const file = (filename: string, isShared: boolean) => ({
  driver: "file",
  filename,
  // Locks of a file that many processes read would refuse the one that takes over a machine.
  locking: "off",
  ...(isShared ? { "read-only": true } : { discard: "unmap" })
})

// A guest's flush need not reach the host's disk: what must outlive the host is synchronised when the machine is written down.
const writable = { cache: { direct: false, "no-flush": true }, discard: "unmap" }

const below = ([nearest, next, ...rest]: Extract<Disk, { readonly _tag: "Overlay" }>["below"]): object => {
  const own = { "read-only": true, file: file(nearest, true) }
  return next === undefined ? { driver: "raw", ...own } : { driver: "qcow2", ...own, backing: below([next, ...rest]) }
}

/** The node of a disk, as the hypervisor is told of it. */
export const nodeOf = (name: string, disk: Disk): object => {
  switch (disk._tag) {
    case "Shared":
      return { driver: "raw", "node-name": name, "read-only": true, file: file(disk.path, true) }
    case "Raw":
      return { driver: "raw", "node-name": name, ...writable, file: file(disk.path, false) }
    case "Overlay": {
      const own = { driver: "qcow2", "node-name": name, ...writable, file: file(disk.path, false) }
      return { ...own, backing: below(disk.below) }
    }
  }
}

/** The files of a disk that are only read. */
export const readBy = (disk: Disk): ReadonlyArray<string> => {
  if (disk._tag === "Shared") return [disk.path]
  return disk._tag === "Overlay" ? disk.below : []
}

/** The same disk, for whom its files that are only read have other names. */
export const seenAs = (disk: Disk, rename: (path: string) => string): Disk => {
  if (disk._tag === "Shared") return { ...disk, path: rename(disk.path) }
  if (disk._tag === "Raw") return disk
  const [nearest, ...rest] = disk.below
  return { ...disk, below: [rename(nearest), ...rest.map(rename)] }
}
