/** What is written down of durable machines: `<machines>/<id>/machine.json`, beside their files. */
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { realm } from "../../process/Identity.ts"
import type { Host } from "../Host.ts"
import { own } from "../machine/Files.ts"
import * as DurableFile from "../process/DurableFile.ts"
import { storageFailed } from "../QemuError.ts"
import { type MachineManifest, machineText, type Phase } from "./Manifest.ts"
import * as Part from "./Part.ts"
import * as Seal from "./Seal.ts"
import { Consumed, Missing, NotOnDisk, PartChanged, snapshotFailed, Unreadable } from "./SnapshotError.ts"

const manifestBytesMax = 65_536
const decode = Schema.decodeUnknownResult(machineText)
const encode = Schema.encodeSync(machineText)

export const directoryOf = (host: Pick<Host, "machines">, id: string): string => join(host.machines, id)

export const write = (directory: string, manifest: MachineManifest, durability: DurableFile.Durability) => {
  const path = join(directory, own.manifest)
  return Effect.try({
    try: () => DurableFile.replace(path, encode(manifest), durability),
    catch: storageFailed("write", path)
  })
}

/** What is written down of a machine. */
export const read = Effect.fn("Machines.read")(function* (directory: string, id: string) {
  const path = join(directory, own.manifest)
  const text = yield* Effect.try({
    try: () => DurableFile.readText(path, manifestBytesMax),
    catch: storageFailed("read", path)
  })
  if (text === undefined) return yield* snapshotFailed(new Missing({ what: `machine ${id}` }))
  const manifest = decode(text)
  if (Result.isSuccess(manifest)) return manifest.success
  return yield* snapshotFailed(new Unreadable({ path, detail: manifest.failure.message.slice(0, 500) }))
})

type Hibernated = Extract<Phase, { readonly _tag: "Hibernated" }>

/** The phase of a machine whose process has ended and whose state is in its directory. */
export const hibernated = Effect.fnUntraced(function* (directory: string, durability: DurableFile.Durability) {
  const [state, memory, upper] = [own.state, own.memory, own.upper].map((name) => join(directory, name)) as [
    string,
    string,
    string
  ]
  const sealed = Effect.tryPromise({
    try: async () => {
      if (durability === "power") await DurableFile.syncAll([state, memory, upper])
      return { memory: { seal: Seal.of(memory) }, upper: { seal: Seal.of(upper) } }
    },
    catch: storageFailed("bring to the disk", directory)
  })
  const phase: Hibernated = {
    _tag: "Hibernated",
    state: yield* Part.of(state),
    ...(yield* sealed),
    isOnDisk: durability === "power",
    realm: realm()
  }
  return phase
})

/** The state of a machine that can come back; fails if it cannot, and says why. */
export const resumable = Effect.fnUntraced(function* (directory: string, { id, phase }: MachineManifest) {
  if (phase._tag === "Running") return yield* snapshotFailed(new Consumed({ id }))
  if (!phase.isOnDisk && phase.realm !== realm()) return yield* snapshotFailed(new NotOnDisk({ id }))
  yield* Part.verify("state", join(directory, own.state), phase.state.digest)
  for (const part of ["memory", "upper"] as const) {
    const path = join(directory, own[part])
    const { seal } = phase[part]
    const isSame = yield* Effect.try({ try: () => Seal.isUnwritten(seal, path), catch: storageFailed("read", path) })
    const changed = new PartChanged({ part, expected: `written at ${seal.writtenAt}`, found: "another time or length" })
    if (!isSame) return yield* snapshotFailed(changed)
  }
  return phase
})

/**
 * Removes what is of no use of a machine whose owner has ended. One that was put to disk keeps all; of one that ran, the note that
 * there was one is kept, and of one that had not come so far, nothing.
 */
export const strip = (directory: string): void => {
  const text = DurableFile.readText(join(directory, own.manifest), manifestBytesMax)
  const manifest = text === undefined ? undefined : Result.getOrUndefined(decode(text))
  if (manifest === undefined) DurableFile.remove(directory)
  if (manifest?.phase._tag !== "Running") return
  for (const name of [own.memory, own.upper, own.state]) DurableFile.remove(join(directory, name))
}
