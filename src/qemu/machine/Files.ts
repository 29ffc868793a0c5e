/** The files that machines have of their own, and how they are made. */
import { constants, copyFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Program from "../../process/Program.ts"
import type * as Digest from "../../template/Digest.ts"
import * as ControlGroup from "../confinement/ControlGroup.ts"
import type { Disks } from "../Disk.ts"
import * as Host from "../Host.ts"
import * as DurableFile from "../process/DurableFile.ts"
import * as Roster from "../process/Roster.ts"
import { Ended, failed, NotInstalled, type QemuError, storageFailed } from "../QemuError.ts"

/** Their names, in a machine's directory. */
export const own = { memory: "mem", upper: "upper.qcow2", state: "state", manifest: "machine.json" } as const

/** The disks of a machine whose own changes are above some files, the nearest first. */
export const disksOf = (base: string, below: readonly [string, ...ReadonlyArray<string>]): Disks => ({
  base: { _tag: "Shared", path: base },
  upper: { _tag: "Overlay", path: own.upper, below }
})

const run = (program: string, given: ReadonlyArray<string>) =>
  Effect.mapError(
    Program.run(program, given),
    ({ reason, said }): QemuError =>
      failed(reason === "NotInstalled" ? new NotInstalled({ program }) : new Ended({ program, how: reason, said }))
  )

/** Makes an overlay that has changed nothing of what is below it. */
export const emptyOverlay = (path: string, below: string, belowFormat: "raw" | "qcow2") =>
  run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", below, "-F", belowFormat, path])

/** Copies a file of which large parts are empty, and stay so. Where the file system can share bytes, none is copied. */
export const copySparse = (from: string, to: string) =>
  run("cp", ["--reflink=auto", "--sparse=auto", "--no-preserve=all", from, to])

/** Copies a small file. */
export const copy = (from: string, to: string) =>
  Effect.try({
    try: () => copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
    catch: storageFailed("copy", from)
  })

const make = (path: string) =>
  Effect.try({ try: () => mkdirSync(path, { mode: 0o700 }), catch: storageFailed("make", path) })

/** A directory for a new machine, which is written down and made; it is removed with the scope if the machine has no use for it. */
export const directory = Effect.fnUntraced(function* (
  host: Host.Host,
  machine: Roster.Machine,
  isOfUse: () => boolean
) {
  yield* Roster.enter(host.roster, machine)
  yield* Effect.acquireRelease(make(machine.directory), () =>
    Effect.sync(() => {
      if (!isOfUse()) DurableFile.remove(machine.directory)
    })
  )
})

/** What is written down of a machine before anything of it is made. */
export const entryOf = (host: Host.Host, machine: Pick<Roster.Machine, "id" | "isEphemeral" | "key">) => ({
  ...machine,
  directory: join(host.machines, machine.id),
  groups: ControlGroup.directoriesOf(host.means.groups, Host.groupOf(host, machine.id))
})

/** A directory for a machine without a name, which is gone with the scope. */
export const temporaryDirectory = Effect.fnUntraced(function* (host: Host.Host, key?: Digest.Digest) {
  const id = yield* Host.randomHex(8)
  const machine = entryOf(host, { id, isEphemeral: true, ...(key === undefined ? {} : { key }) })
  yield* directory(host, machine, () => false)
  return machine
})
