/**
 * The frame: what host and guest agent send each other over one byte channel. A head of 28 bytes, little-endian, and a payload:
 *
 * ```
 * 0  magic "CSN1"       4  kind     5  lane      6  epoch u16    8  stream u32
 * 12 sequence u32       16 payload length u32    20 CRC-32 of the payload    24 CRC-32 of bytes 0 to 23
 * ```
 *
 * The last byte of the magic is the version of this format. A head is believed only with its own checksum, so that the length in
 * it says where the next frame begins even if the payload was damaged.
 */
import { crc32 } from "node:zlib"

/** What a frame is about, by its number on the wire. */
export const kinds = {
  /** Host: a new connection begins. Payload: `Hello`. */
  hello: 1,
  /** Agent: the answer to a hello. Payload: `Welcome`. */
  welcome: 2,
  /** Host: an answer is wanted. Payload: up to 8 bytes. */
  ping: 3,
  /** Agent: the answer to a ping, with its payload. */
  pong: 4,
  /** Host: begins a stream. Payload: a `Request`. */
  open: 5,
  /** Bytes of a lane. */
  data: 6,
  /** A lane has no more bytes. */
  end: 7,
  /** The receiver of a lane has taken that many of its bytes, since its beginning. Payload: u64. */
  credit: 8,
  /** Something small about a stream while it lasts. Payload: `Note`. */
  note: 9,
  /** Agent: what a request came to; the last frame of its stream. Payload: `Outcome`. */
  result: 10,
  /** Host: no more interest in the stream. */
  reset: 11,
  /** Agent: a frame was broken or missing; nothing is heard until the next hello. Payload: `Fault`. */
  fault: 12
} as const
export type Kind = keyof typeof kinds

const kindOf = new Map<number, Kind>(Object.entries(kinds).map(([kind, number]) => [number, kind as Kind]))

/** Bytes of a stream are in lanes: 0 comes from the host, 1 and 2 (the latter of standard error alone) from the guest. */
export const lanes = { input: 0, output: 1, errors: 2 } as const
export type Lane = (typeof lanes)[keyof typeof lanes]

export const magic: ReadonlyArray<number> = [0x43, 0x53, 0x4e, 0x31]
export const headBytes = 28
export const payloadBytesMax = 65_536
export const frameBytesMax = headBytes + payloadBytesMax
/** A sender cuts the bytes of a lane into frames of at most so many, so that a ping never waits long behind them. */
export const chunkBytesMax = 16_384
/** Bytes of a lane that may be under way: sent, and not yet known to have been taken. */
export const windowBytes = 131_072

/** One frame. Stream 0 is the connection itself. */
export interface Frame {
  readonly kind: Kind
  readonly lane: Lane
  /** Of the connection that the frame belongs to. */
  readonly epoch: number
  readonly stream: number
  /** Counts the frames of one direction in one epoch, from 0. */
  readonly sequence: number
  readonly payload: Uint8Array
}

/** What a head says. */
export interface Head extends Omit<Frame, "payload" | "kind"> {
  /** Undefined of a kind that this version does not know. */
  readonly kind: Kind | undefined
  readonly payloadBytes: number
  readonly payloadChecksum: number
}

const view = ({ buffer, byteLength, byteOffset }: Uint8Array): DataView => new DataView(buffer, byteOffset, byteLength)

/** The bytes of a frame. Its payload has at most `payloadBytesMax` bytes, which is the caller's to see to. */
export const encode = (frame: Frame): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(headBytes + frame.payload.length)
  const fields = view(bytes)
  bytes.set(magic)
  fields.setUint8(4, kinds[frame.kind])
  fields.setUint8(5, frame.lane)
  fields.setUint16(6, frame.epoch, true)
  fields.setUint32(8, frame.stream, true)
  fields.setUint32(12, frame.sequence, true)
  fields.setUint32(16, frame.payload.length, true)
  fields.setUint32(20, crc32(frame.payload), true)
  fields.setUint32(24, crc32(bytes.subarray(0, 24)), true)
  bytes.set(frame.payload, headBytes)
  return bytes
}

/** Reads the head at the beginning of at least `headBytes` bytes; undefined if there is none that can be believed. */
export const decodeHead = (bytes: Uint8Array): Head | undefined => {
  const fields = view(bytes)
  if (magic.some((byte, index) => bytes[index] !== byte)) return undefined
  if (fields.getUint32(24, true) !== crc32(bytes.subarray(0, 24))) return undefined
  const lane = fields.getUint8(5)
  const payloadBytes = fields.getUint32(16, true)
  if (payloadBytes > payloadBytesMax || lane > lanes.errors) return undefined
  return {
    kind: kindOf.get(fields.getUint8(4)),
    lane: lane as Lane,
    epoch: fields.getUint16(6, true),
    stream: fields.getUint32(8, true),
    sequence: fields.getUint32(12, true),
    payloadBytes,
    payloadChecksum: fields.getUint32(20, true)
  }
}

/** Whether the payload is the one that the head speaks of. */
export const isWhole = (head: Head, payload: Uint8Array): boolean => crc32(payload) === head.payloadChecksum

/** As many zeros as end whatever frame was begun: what a host sends before the hello of a new connection. */
export const padding = (): Uint8Array<ArrayBuffer> => new Uint8Array(frameBytesMax)

const creditBytes = 8

/** The payload of a credit. */
export const encodeCredit = (taken: number): Uint8Array => {
  const bytes = new Uint8Array(creditBytes)
  view(bytes).setBigUint64(0, BigInt(taken), true)
  return bytes
}

/** Undefined of what is no credit. */
export const decodeCredit = (payload: Uint8Array): number | undefined => {
  if (payload.length !== creditBytes) return undefined
  const taken = view(payload).getBigUint64(0, true)
  return taken > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(taken)
}
