/** Takes what a hypervisor writes of its machine's state. */
import { closeSync, constants, fstatSync, lchownSync, openSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { failed, MigrationFailed, type QemuError, storageFailed } from "../QemuError.ts"

/** Of a machine's devices; their guest's memory is a file of its own. A hundred times what is usual. */
export const stateBytesMax = 64 * 1_048_576

/** In the machine's directory, which is where the hypervisor runs. */
export const socketName = "state.sock"

/** A directory by a descriptor: the path of a socket has no room for a long one. */
const opened = (directory: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY),
      catch: storageFailed("open", directory)
    }),
    (descriptor) => Effect.sync(() => closeSync(descriptor))
  )

const tooLong = failed(new MigrationFailed({ direction: "out", detail: `it has more than ${stateBytesMax} bytes` }))

/** Collects what one connection sends, up to its end. */
const collect = (socket: Socket, done: Deferred.Deferred<Uint8Array, QemuError>): void => {
  const pieces: Array<Uint8Array> = []
  let bytes = 0
  socket.on("data", (piece: Uint8Array) => {
    pieces.push(piece)
    bytes += piece.length
    if (bytes <= stateBytesMax) return
    Deferred.doneUnsafe(done, Effect.fail(tooLong))
    socket.destroy()
  })
  socket.on("end", () => Deferred.doneUnsafe(done, Effect.succeed(Buffer.concat(pieces))))
  socket.on("error", ({ message }) =>
    Deferred.doneUnsafe(done, Effect.fail(failed(new MigrationFailed({ direction: "out", detail: message }))))
  )
}

const listen = (directory: number, onSocket: (socket: Socket) => void) =>
  Effect.callback<Server, QemuError>((resume) => {
    const path = join(`/proc/self/fd/${directory}`, socketName)
    const server = createServer({ pauseOnConnect: false }, onSocket)
    server.maxConnections = 1
    server.once("error", (cause) => resume(Effect.fail(storageFailed("listen on", path)(cause))))
    server.listen(path, () => {
      try {
        // It is for whoever has the directory. What that user may have put in its place meanwhile is not followed.
        const { gid, uid } = fstatSync(directory)
        lchownSync(path, uid, gid)
        resume(Effect.succeed(server))
      } catch (cause) {
        server.close()
        resume(Effect.fail(storageFailed("give away", path)(cause)))
      }
    })
  })

/** Listens in a machine's directory; the inner effect waits for a whole state. All is gone with the scope. */
export const open = Effect.fnUntraced(function* (directory: string) {
  const done = yield* Deferred.make<Uint8Array, QemuError>()
  const descriptor = yield* opened(directory)
  const sockets = new Set<Socket>()
  yield* Effect.acquireRelease(
    listen(descriptor, (socket) => {
      sockets.add(socket)
      collect(socket, done)
    }),
    (server) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
  )
  return Deferred.await(done)
})
