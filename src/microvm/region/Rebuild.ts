/** Makes of a copy of a template's file the one that a checkpoint says. */
import { writeSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { type ChangedFile, type Checkpoint, regionBytes } from "../Checkpoint.ts"
import { CheckpointRejected } from "../HypervisorError.ts"
import * as Piece from "./Piece.ts"
import { changesBytesMax, runsOf } from "./Region.ts"

const rejected = (reason: CheckpointRejected["reason"], detail: string) => new CheckpointRejected({ reason, detail })

/** The bytes of a piece of a checkpoint. Rejects with `CheckpointRejected` if it is not there, or not what its name says. */
export const contentOf = async (pieces: Checkpoint["pieces"], name: string, bytesMax: number): Promise<Uint8Array> => {
  const piece = pieces.get(name)
  if (piece === undefined) throw rejected("PieceMissing", `piece ${name.slice(0, 12)} is not there`)
  const content = await Piece.open(name, piece, bytesMax)
  if (content === undefined) throw rejected("Corrupted", `piece ${name.slice(0, 12)} is not what its name says`)
  return content
}

type Region = ChangedFile["regions"][number]

const rebuildOne = async (
  file: FileHandle,
  { index, piece }: Region,
  bytes: number,
  pieces: Checkpoint["pieces"]
): Promise<void> => {
  const runs = runsOf(await contentOf(pieces, piece, changesBytesMax))
  const start = index * regionBytes
  if (runs === undefined) throw rejected("Corrupted", `piece ${piece.slice(0, 12)} holds no changes of a region`)
  for (const run of runs) {
    if (start + run.offset >= bytes) throw rejected("Corrupted", `piece ${piece.slice(0, 12)} is beyond the end`)
    // Into the host's memory, where it takes microseconds; to wait for a thread for each would take a hundred times that.
    writeSync(file.fd, run.bytes, 0, run.bytes.length, start + run.offset)
  }
}

/** Writes changes to a file. Rejects with `CheckpointRejected` on pieces that are missing or damaged. */
export const rebuild = async (
  path: string,
  { bytes, regions }: ChangedFile,
  pieces: Checkpoint["pieces"],
  signal: AbortSignal
): Promise<void> => {
  await using file = await open(path, "r+")
  const queue = regions.values()
  const working = Array.from({ length: 3 }, async () => {
    for (const region of queue) {
      signal.throwIfAborted()
      await rebuildOne(file, region, bytes, pieces)
    }
  })
  const failed = (await Promise.allSettled(working)).find((lane) => lane.status === "rejected")
  if (failed !== undefined) throw failed.reason
  await file.truncate(bytes)
}
