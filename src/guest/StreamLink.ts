import type { Readable, Writable } from "node:stream"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { type Link, LinkClosed } from "./Link.ts"

const describe = (cause: unknown): string => (cause instanceof Error ? cause.message : "it ended")

/**
 * A link over streams of Node: the two ends of a socket, or of pipes to a process. Who made the streams ends them; the link only
 * stops listening when its scope is closed.
 */
export const make = Effect.fnUntraced(function* (from: Readable, to: Writable) {
  const readable = Latch.makeUnsafe(true)
  const writable = Latch.makeUnsafe(true)
  let closed: LinkClosed | undefined
  const canRead = () => readable.openUnsafe()
  const canWrite = () => writable.openUnsafe()
  const close = (cause?: unknown) => {
    closed ??= new LinkClosed({ detail: describe(cause) })
    canRead()
    canWrite()
  }
  const listeners = [
    [from, "readable", canRead],
    [from, "end", () => close()],
    [from, "error", close],
    [from, "close", () => close()],
    [to, "drain", canWrite],
    [to, "error", close],
    [to, "close", () => close()]
  ] as const
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      for (const [stream, event, listener] of listeners) stream.on(event, listener)
    }),
    () =>
      Effect.sync(() => {
        for (const [stream, event, listener] of listeners) stream.off(event, listener)
      })
  )
  const receive: Link["receive"] = Effect.suspend(() => {
    const bytes: Buffer | null = from.read()
    if (bytes !== null) return Effect.succeed(bytes)
    if (closed !== undefined) return Effect.fail(closed)
    readable.closeUnsafe()
    return Effect.andThen(readable.await, receive)
  })
  const drained: Effect.Effect<void, LinkClosed> = Effect.suspend(() => {
    if (closed !== undefined) return Effect.fail(closed)
    if (!to.writableNeedDrain) return Effect.void
    writable.closeUnsafe()
    return Effect.andThen(writable.await, drained)
  })
  const send: Link["send"] = (bytes) =>
    Effect.andThen(
      drained,
      Effect.suspend(() => {
        to.write(bytes)
        return drained
      })
    )
  const link: Link = { receive, send }
  return link
})
