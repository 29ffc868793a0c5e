/**
 * Writes machines down as what differs from their template, and makes machines of that again.
 *
 * K1. A machine that is written down stands still from the writing of its state to the end of the comparison of its files, and runs
 *     on before anything is compressed. It runs on whatever fails meanwhile.
 * K2. Of a checkpoint everything is checked before a process is started with it.
 */
import { open, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type ChangedFile, type Checkpoint, CheckpointHeader, regionBytes } from "../../microvm/Checkpoint.ts"
import { CheckpointRejected, CheckpointTooLarge, hypervisorFailed } from "../../microvm/HypervisorError.ts"
import * as Piece from "../../microvm/region/Piece.ts"
import * as Rebuild from "../../microvm/region/Rebuild.ts"
import * as Scan from "../../microvm/region/Scan.ts"
import { settled } from "../../microvm/Settled.ts"
import { ownerOnly } from "../process/DurableFile.ts"
import { storageFailed } from "../QemuError.ts"
import { memoryBytes } from "../Shape.ts"
import * as Templates from "../snapshot/Templates.ts"
import type { DurableVm } from "./Durable.ts"
import * as Files from "./Files.ts"
import * as Migration from "./Migration.ts"
import { stateBytesMax } from "./StateSocket.ts"

const rejected = (reason: CheckpointRejected["reason"], detail: string) =>
  hypervisorFailed(new CheckpointRejected({ reason, detail }))

const failure = (operation: string, path: string) => (cause: unknown) =>
  cause instanceof CheckpointRejected || cause instanceof CheckpointTooLarge
    ? hypervisorFailed(cause)
    : storageFailed(operation, path)(cause)

/** The files of a machine and those that they were copied from. */
const filesOf = (directory: string, snapshot: Templates.TemplateSnapshot) => {
  const { memory, overlay } = Templates.pathsOf(snapshot)
  return {
    memory: { own: join(directory, Files.own.memory), below: memory },
    disk: { own: join(directory, Files.own.upper), below: overlay }
  }
}

/** Everything of a machine at one moment. It runs on. */
const standing = (vm: DurableVm, room: Scan.Room) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { disk, memory } = filesOf(vm.directory, vm.snapshot)
      const state = yield* restore(Migration.write(vm))
      const scanning = settled(
        async (signal) => {
          const [ofMemory, ofDisk] = await Promise.all([Scan.scan(memory, room, signal), Scan.scan(disk, room, signal)])
          return { state, memory: ofMemory, disk: ofDisk }
        },
        failure("compare", vm.directory)
      )
      const scanned = yield* Effect.exit(restore(scanning))
      yield* Migration.proceed(vm)
      return yield* scanned
    })
  )

export interface Taking {
  readonly engine: string
  /** Compressed, all together. */
  readonly bytesMax: number
}

const pack = Effect.fnUntraced(function* (
  { directory, snapshot }: DurableVm,
  found: Effect.Success<ReturnType<typeof standing>>,
  room: Scan.Room,
  engine: string
) {
  const pieces = new Map<string, Uint8Array>()
  const packing = settled(
    async (signal) => {
      const state = await Piece.make(found.state)
      pieces.set(state.name, state.bytes)
      return {
        state: { bytes: found.state.length, piece: state.name },
        memory: await Scan.pack(found.memory, pieces, room, signal),
        disk: await Scan.pack(found.disk, pieces, room, signal)
      }
    },
    failure("compress", directory)
  )
  const header: CheckpointHeader = {
    version: 1,
    engine,
    template: { key: snapshot.manifest.key, content: Templates.contentOf(snapshot) },
    ...(yield* packing)
  }
  return { header, pieces } satisfies Checkpoint
})

/** Writes a machine down, of which the agent was asked to freeze. What it gives, when the machine runs on, compresses what was found. */
export const take = Effect.fn("Checkpoint.take")(function* (vm: DurableVm, { bytesMax, engine }: Taking) {
  const room: Scan.Room = { bytesMax, left: bytesMax }
  return pack(vm, yield* standing(vm, room), room, engine)
})

const decode = Schema.decodeUnknownResult(CheckpointHeader)

/** Beside what a guest can write to its disk: the tables of an overlay, and its freed parts. */
const diskBytesMax = (diskBytes: number): number => Math.ceil(diskBytes * 1.25) + 64 * 1_048_576

const isInOrder = ({ bytes, regions }: ChangedFile): boolean =>
  regions.every(({ index }, at) => index > (regions[at - 1]?.index ?? -1) && index * regionBytes < bytes)

/** Whether a header is one of a machine that can be made of this snapshot here. */
export const check = (
  given: CheckpointHeader,
  snapshot: Templates.TemplateSnapshot,
  engine: string
): Result.Result<CheckpointHeader, ReturnType<typeof rejected>> => {
  const decoded = decode(given)
  if (Result.isFailure(decoded)) return Result.fail(rejected("Unreadable", decoded.failure.message.slice(0, 500)))
  const header = decoded.success
  const { diskBytes, key, parts, shape } = snapshot.manifest
  if (header.engine !== engine) return Result.fail(rejected("OtherEngine", `of ${header.engine}, here is ${engine}`))
  if (header.template.key !== key)
    return Result.fail(rejected("OtherTemplate", `of template ${header.template.key.slice(0, 12)}`))
  if (header.template.content !== Templates.contentOf(snapshot))
    return Result.fail(rejected("OtherTemplate", "the template was prepared anew since"))
  if (header.state.bytes > stateBytesMax || header.disk.bytes > diskBytesMax(diskBytes))
    return Result.fail(rejected("TooLarge", "a file of the machine is longer than it can be"))
  // An overlay only grows.
  const isDiskWhole = header.disk.bytes >= Number(parts.overlay.seal.bytes)
  if (
    !isDiskWhole ||
    header.memory.bytes !== memoryBytes(shape) ||
    !isInOrder(header.memory) ||
    !isInOrder(header.disk)
  )
    return Result.fail(rejected("Corrupted", "the table of regions does not fit the machine"))
  return Result.succeed(header)
}

/** What an overlay may say of itself: nothing that would have the hypervisor open other files, or parts of it anew. */
const overlayFault = async (path: string, diskBytes: number): Promise<string | undefined> => {
  await using file = await open(path, "r")
  const head = Buffer.alloc(104)
  if ((await file.read(head, 0, head.length, 0)).bytesRead < head.length) return "it is no overlay"
  if (head.toString("latin1", 0, 4) !== "QFI\xfb" || head.readUInt32BE(4) !== 3) return "it is no overlay"
  if (head.readBigUInt64BE(24) !== BigInt(diskBytes)) return "it is of a disk of another length"
  if (head.readUInt32BE(32) !== 0) return "it is encrypted"
  if (head.readUInt32BE(60) !== 0) return "it has snapshots of its own"
  return head.readBigUInt64BE(72) === 0n ? undefined : "it needs what no overlay of ours needs"
}

const fillState = async (directory: string, { header, pieces }: Checkpoint): Promise<void> => {
  const state = await Rebuild.contentOf(pieces, header.state.piece, header.state.bytes)
  if (state.length !== header.state.bytes)
    throw new CheckpointRejected({ reason: "Corrupted", detail: "the state has another length" })
  await writeFile(join(directory, Files.own.state), state, { mode: ownerOnly })
}

/** Puts a machine's files as they were into a directory, and gives that of its state. */
export const fill = (snapshot: Templates.TemplateSnapshot, { header, pieces }: Checkpoint) =>
  Effect.fnUntraced(function* (directory: string) {
    const { disk, memory } = filesOf(directory, snapshot)
    yield* Effect.all([Files.copySparse(memory.below, memory.own), Files.copy(disk.below, disk.own)], {
      concurrency: 2
    })
    const { diskBytes } = snapshot.manifest
    yield* settled(
      async (signal) => {
        await fillState(directory, { header, pieces })
        await Rebuild.rebuild(disk.own, header.disk, pieces, signal)
        const fault = await overlayFault(disk.own, diskBytes)
        if (fault !== undefined) throw new CheckpointRejected({ reason: "Corrupted", detail: `the disk: ${fault}` })
        await Rebuild.rebuild(memory.own, header.memory, pieces, signal)
      },
      failure("rebuild", directory)
    )
    return join(directory, Files.own.state)
  })
