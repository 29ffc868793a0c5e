/**
 * Puts together what leaves in pieces that are too small to be told for anything. Of texts in the same place of the same method,
 * one after the other, what all of them have in common at both ends is their wrapping; what is in it is a stream.
 */
import * as Hash from "./Hash.ts"

const channelsMax = 16
const textMax = 128
/** Larger pieces can be looked at one by one. */
const pieceMax = 48
const bodiesMax = 64
const streamMax = 384
/**
 * After the first pieces, each of which may be the last one of a short secret, streams are looked at whenever so many were added: each
 * time would cost eight times as much.
 */
const stride = 8

interface Channel {
  readonly key: number
  /** What all texts began with. */
  readonly start: string
  /** How many characters all texts had in common at their ends. */
  readonly endLength: number
  /** The last texts, each without `start`. */
  readonly bodies: ReadonlyArray<string>
  readonly count: number
}

/** The streams of a session, the one that was used last at the end. */
export type Trickle = ReadonlyArray<Channel>

export const empty: Trickle = []

const sharedStart = (left: string, right: string): number => {
  const most = Math.min(left.length, right.length)
  let length = 0
  while (length < most && left.charCodeAt(length) === right.charCodeAt(length)) length += 1
  return length
}

const sharedEnd = (left: string, right: string, most: number): number => {
  const limit = Math.min(most, left.length, right.length)
  let length = 0
  while (length < limit && left.charCodeAt(left.length - 1 - length) === right.charCodeAt(right.length - 1 - length))
    length += 1
  return length
}

const extended = (channel: Channel, text: string): Channel => {
  const length = sharedStart(channel.start, text)
  const body = text.slice(length)
  // A shorter start gives back to each body what was taken from it.
  const lost = channel.start.slice(length)
  const earlier = lost === "" ? channel.bodies : channel.bodies.map((other) => lost + other)
  const previous = earlier.at(-1) ?? ""
  // Equal neighbours do not tell where the wrapping ends.
  const endLength =
    previous === body ? channel.endLength : sharedEnd(previous, body, channel.count === 1 ? textMax : channel.endLength)
  const bodies = earlier.length < bodiesMax ? earlier.slice() : earlier.slice(1)
  bodies.push(body)
  return { key: channel.key, start: text.slice(0, length), endLength, bodies, count: channel.count + 1 }
}

export interface Stream {
  readonly text: string
  /** Without what was added since the stream was last looked at. */
  readonly before: string
}

const joined = (pieces: ReadonlyArray<string>): string => pieces.join("").replace(/\s+/g, "")

/** As many of the last pieces as fit. `added` are those that were not there when the stream was last looked at. */
const streamOf = (pieces: ReadonlyArray<string>, added: number): Stream => {
  let from = pieces.length
  let total = 0
  while (from > 0 && total + (pieces[from - 1] ?? "").length <= streamMax) {
    from -= 1
    total += (pieces[from] ?? "").length
  }
  const old = Math.max(from, pieces.length - added)
  const before = joined(pieces.slice(from, old))
  return { text: before + joined(pieces.slice(old)), before }
}

/** Pieces that are numbered all begin with a number, and go on with the same text. */
const withoutNumbers = (pieces: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const rests: Array<string> = []
  for (const piece of pieces) {
    const rest = piece.replace(/^\d+/, "")
    if (rest.length === piece.length) return undefined
    rests.push(rest)
  }
  const [first = "", ...others] = rests
  const length = others.reduce((shortest, rest) => Math.min(shortest, sharedStart(first, rest)), first.length)
  return length === 0 ? undefined : rests.map((rest) => rest.slice(length))
}

const streamsOf = ({ bodies, count, endLength }: Channel): ReadonlyArray<Stream> => {
  const pieces = bodies.map((body) => body.slice(0, body.length - endLength))
  if (pieces.slice(-stride).some(({ length }) => length > pieceMax)) return []
  const added = count > stride ? stride : 1
  const numbered = withoutNumbers(pieces)
  return numbered === undefined ? [streamOf(pieces, added)] : [streamOf(pieces, added), streamOf(numbered, added)]
}

export interface Flow {
  readonly trickle: Trickle
  /** What it came to, at each of the first eight pieces and at every eighth; two where the pieces are numbered. */
  readonly streams: ReadonlyArray<Stream>
}

const isLookedAt = ({ count }: Channel): boolean => count % stride === 0 || (count > 1 && count < stride)

/** Adds a text to the stream of its place. A text that is no small piece is left out: it can be looked at by itself. */
export const add = (trickle: Trickle, place: string, text: string): Flow => {
  if (text.length > textMax || text === "") return { trickle, streams: [] }
  const key = Hash.ofText(place)
  const index = trickle.findIndex((channel) => channel.key === key)
  const known = trickle[index]
  const next = known === undefined ? { key, start: text, endLength: 0, bodies: [""], count: 1 } : extended(known, text)
  const others = known === undefined ? trickle.slice(-(channelsMax - 1)) : trickle.toSpliced(index, 1)
  return { trickle: [...others, next], streams: isLookedAt(next) ? streamsOf(next) : [] }
}
