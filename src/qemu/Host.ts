/** This host, as far as machines are started on it. */
import { randomBytes } from "node:crypto"
import { lchownSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Program from "../process/Program.ts"
import * as Digest from "../template/Digest.ts"
import type { Means } from "./confinement/Confinement.ts"
import * as HostMeans from "./confinement/HostMeans.ts"
import { hypervisor } from "./HypervisorName.ts"
import { failed, NotInstalled, NotStarted, type QemuError, storageFailed } from "./QemuError.ts"

/** The group of all machines' users, who may open what all machines are made from. */
const machinesGroup = 0x7000_0000

export interface Host {
  readonly program: string
  /** Of the hypervisor, such as `7.2.22`. */
  readonly version: string
  readonly means: Means
  /** Where machines have their directories. */
  readonly machines: string
  readonly snapshots: string
  readonly roster: string
  /** What the names of the kernel's groups of its machines begin with: other directories have other ones. */
  readonly groupPrefix: string
}

/** The name of a machine's groups. */
export const groupOf = ({ groupPrefix }: Host, id: string): string => `${groupPrefix}-${id}`

/** Chance for names. */
export const randomHex = (bytes: number) => Effect.sync(() => randomBytes(bytes).toString("hex"))

const versionOf = Effect.fnUntraced(function* (program: string) {
  const [line = ""] = yield* Effect.mapError(
    Program.run(program, ["--version"]),
    ({ reason, said }): QemuError =>
      failed(reason === "NotInstalled" ? new NotInstalled({ program }) : new NotStarted({ program, detail: said }))
  )
  const [, version] = /version (\d+\.\d+\.\d+)/.exec(line) ?? []
  if (version === undefined)
    return yield* failed(new NotStarted({ program, detail: `it does not say its version: ${line}` }))
  return version
})

const find = (program: string) =>
  Effect.flatMap(Program.where(program), (path) =>
    path === undefined ? Effect.fail(failed(new NotInstalled({ program }))) : Effect.succeed(path)
  )

/** Looks at this host, and makes the directories of its machines below a directory. */
export const detect = Effect.fn("Host.detect")(function* (directory: string) {
  const program = yield* find(hypervisor)
  const version = yield* versionOf(program)
  const isRoot = yield* Effect.sync(() => process.geteuid?.() === 0)
  const means = yield* HostMeans.detect(version, isRoot, `caisson-try-${yield* randomHex(8)}`)
  const [machines, snapshots, roster] = ["machines", "snapshots", "roster"].map((name) => join(directory, name)) as [
    string,
    string,
    string
  ]
  yield* Effect.try({
    try: () => {
      for (const path of [machines, snapshots, roster]) mkdirSync(path, { recursive: true, mode: 0o700 })
    },
    catch: storageFailed("make", directory)
  })
  const groupPrefix = `caisson-${Digest.ofBytes(machines).slice(0, 8)}`
  return { program, version, means, machines, snapshots, roster, groupPrefix } satisfies Host
})

/** A user that no other machine has. Ids from here on are nobody's: systemd and containers take theirs from below. */
export const newUser = Effect.sync(() => ({
  uid: machinesGroup + 1 + randomBytes(3).readUIntBE(0, 3),
  gid: machinesGroup
}))

/** Gives files to a user; a link itself, and not what it leads to. */
export const give = (paths: ReadonlyArray<string>, { gid, uid }: { readonly uid: number; readonly gid: number }) =>
  Effect.forEach(
    paths,
    (path) => Effect.try({ try: () => lchownSync(path, uid, gid), catch: storageFailed("give away", path) }),
    { discard: true }
  )

/** Takes back files of a machine, so that all machines may read them. */
export const share = (paths: ReadonlyArray<string>) => give(paths, { uid: 0, gid: machinesGroup })
