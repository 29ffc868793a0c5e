import { mkdirSync, readdirSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as StateSocket from "../../src/qemu/machine/StateSocket.ts"
import { temporary } from "./directory.ts"

/** A directory whose path is longer than that of a socket may be. */
const deep = Effect.map(temporary, (directory) => {
  const path = join(directory, "a-directory-of-a-machine-".repeat(6))
  mkdirSync(path)
  return path
})

/** Somebody who connects as a hypervisor does, and sends so many pieces. */
const sending = (path: string, pieces: number, piece: Uint8Array) =>
  Effect.sync(() => {
    const socket = connect(join(path, StateSocket.socketName))
    socket.on("error", () => {})
    let left = pieces
    const send = (): void => {
      if (left-- > 0) socket.write(piece, send)
      else socket.end()
    }
    send()
  })

describe("StateSocket", () => {
  it.live("gives all of a state when its sender has ended, and is gone with the scope", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const state = yield* Effect.scoped(
        Effect.gen(function* () {
          const arriving = yield* StateSocket.open(directory)
          yield* sending(directory, 3, Buffer.from("state"))
          return yield* arriving
        })
      )
      assert.strictEqual(Buffer.from(state).toString(), "statestatestate")
      assert.deepStrictEqual(readdirSync(directory), [])
    }).pipe(Effect.scoped)
  )

  it.live("listens in a directory with a path of any length", () =>
    Effect.gen(function* () {
      const directory = yield* deep
      yield* StateSocket.open(directory)
      assert.deepStrictEqual(readdirSync(directory), [StateSocket.socketName])
    }).pipe(Effect.scoped)
  )

  it.live("takes no more than a state can have", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const arriving = yield* StateSocket.open(directory)
      yield* sending(directory, 70, new Uint8Array(1_048_576))
      const { reason } = yield* Effect.flip(arriving)
      assert.deepInclude(reason, { _tag: "MigrationFailed", direction: "out" })
    }).pipe(Effect.scoped)
  )
})
