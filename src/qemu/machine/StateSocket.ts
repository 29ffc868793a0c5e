/** Takes what a hypervisor writes of its machine's state. */
import { chmodSync, closeSync, constants, openSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { failed, MigrationFailed, type QemuError, storageFailed } from "../QemuError.ts"

/** Of a machine's devices; their guest's memory is a file of its own. A hundred times what is usual. */
export const stateBytesMax = 64 * 1_048_576

/** In the machine's directory, which is where the hypervisor runs. */
export const socketName = "state.sock"

/** A directory as a short path: that of a socket has no room for a long one. */
const shortPath = (directory: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY),
      catch: storageFailed("open", directory)
    }),
    (descriptor) => Effect.sync(() => closeSync(descriptor))
  ).pipe(Effect.map((descriptor) => `/proc/self/fd/${descriptor}`))

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

const listen = (path: string, onSocket: (socket: Socket) => void) =>
  Effect.callback<Server, QemuError>((resume) => {
    const server = createServer({ pauseOnConnect: false }, onSocket)
    server.maxConnections = 1
    server.once("error", (cause) => resume(Effect.fail(storageFailed("listen on", path)(cause))))
    server.listen(path, () => {
      // The directory is the machine's own: whoever gets here is who it is for.
      chmodSync(path, 0o666)
      resume(Effect.succeed(server))
    })
  })

/** Listens in a machine's directory; the inner effect waits for a whole state. All is gone with the scope. */
export const open = Effect.fnUntraced(function* (directory: string) {
  const done = yield* Deferred.make<Uint8Array, QemuError>()
  const path = join(yield* shortPath(directory), socketName)
  const sockets = new Set<Socket>()
  yield* Effect.acquireRelease(
    listen(path, (socket) => {
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
