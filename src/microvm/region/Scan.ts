/**
 * Finds what differs between a file and the one that it was copied from.
 *
 * R1. The event loop is held for the comparison of one region at a time, well below a millisecond; files are read beside it.
 * R2. Of changes that were not compressed yet no more is held than `heldBytesMax`: beyond that they are compressed as they are
 *     found, which takes longer.
 */
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { type ChangedFile, regionBytes } from "../Checkpoint.ts"
import { CheckpointTooLarge } from "../HypervisorError.ts"
import * as Piece from "./Piece.ts"
import { diff } from "./Region.ts"

const heldBytesMax = 96 * 1_048_576
/** Regions that are read at the same time. */
const lanes = 3

export interface Files {
  readonly own: string
  /** What is beyond its end counts as zeros. */
  readonly below: string
}

interface Found {
  readonly index: number
  readonly change: Uint8Array | Piece.Piece
}

/** How many compressed bytes a checkpoint may have, and may still have. */
export interface Room {
  readonly bytesMax: number
  left: number
}

const packed = async (change: Uint8Array, room: Room): Promise<Piece.Piece> => {
  const piece = await Piece.make(change)
  room.left -= piece.bytes.length
  if (room.left >= 0) return piece
  throw new CheckpointTooLarge({ bytesMax: room.bytesMax })
}

/** Changes that were found. The file may be written to again. */
export interface Scanned {
  readonly bytes: number
  readonly found: ReadonlyArray<Found>
}

const fill = async (file: FileHandle, buffer: Buffer, position: number): Promise<void> => {
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  buffer.fill(0, filled)
}

interface Scanning {
  readonly own: FileHandle
  readonly below: FileHandle
  readonly bytes: number
  readonly found: Array<Found>
  readonly room: Room
  next: number
  held: number
}

const lane = async (scanning: Scanning, signal: AbortSignal): Promise<void> => {
  const [own, below] = [Buffer.allocUnsafeSlow(regionBytes), Buffer.allocUnsafeSlow(regionBytes)]
  while (scanning.next * regionBytes < scanning.bytes) {
    signal.throwIfAborted()
    const index = scanning.next++
    await Promise.all([fill(scanning.own, own, index * regionBytes), fill(scanning.below, below, index * regionBytes)])
    const change = diff(own, below)
    if (change === undefined) continue
    const isHeld = scanning.held + change.length <= heldBytesMax
    if (isHeld) scanning.held += change.length
    scanning.found.push({ index, change: isHeld ? change : await packed(change, scanning.room) })
  }
}

/** A file that a hypervisor writes to, which may have put anything in its place: neither followed nor waited for. */
const openOwn = async (path: string): Promise<FileHandle> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new Error(`${path} is no file`)
}

/** Compares two files. Nobody may write to them meanwhile. */
export const scan = async (files: Files, room: Room, signal: AbortSignal): Promise<Scanned> => {
  await using own = await openOwn(files.own)
  await using below = await open(files.below, "r")
  const { size: bytes } = await own.stat()
  const scanning: Scanning = { own, below, bytes, found: [], room, next: 0, held: 0 }
  const working = Array.from({ length: lanes }, () => lane(scanning, signal))
  // All have ended before the files are closed.
  const failed = (await Promise.allSettled(working)).find((lane) => lane.status === "rejected")
  if (failed !== undefined) throw failed.reason
  return { bytes, found: scanning.found.toSorted((left, right) => left.index - right.index) }
}

/** Compresses what was found, and puts the pieces with those that there are. */
export const pack = async (
  { bytes, found }: Scanned,
  pieces: Map<string, Uint8Array>,
  room: Room,
  signal: AbortSignal
): Promise<ChangedFile> => {
  const regions: Array<ChangedFile["regions"][number]> = []
  const queue = found.values()
  const packing = Array.from({ length: 2 }, async () => {
    for (const { change, index } of queue) {
      signal.throwIfAborted()
      const piece = change instanceof Uint8Array ? await packed(change, room) : change
      pieces.set(piece.name, piece.bytes)
      regions.push({ index, piece: piece.name })
    }
  })
  await Promise.all(packing)
  return { bytes, regions: regions.toSorted((left, right) => left.index - right.index) }
}
