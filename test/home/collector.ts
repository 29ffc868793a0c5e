import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const listening = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: Effect.Effect<void> }>((resume) => {
      const server = createServer(listener)
      const close = Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close }))
      })
    }),
    ({ close }) => close
  )

/** A server that keeps what it is sent, and answers as it is told. */
export const collector = Effect.fnUntraced(function* (status = 200, headers: Readonly<Record<string, string>> = {}) {
  const received: Array<Received> = []
  const { url } = yield* listening((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk) => chunks.push(chunk))
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString()
      received.push({ path: request.url ?? "", headers: request.headers, body })
      response.writeHead(status, { "content-type": "application/json", ...headers }).end("{}")
    })
  })
  return { url, received }
})

/** A server that takes requests and never answers. */
export const silent = Effect.map(
  listening(() => {}),
  ({ url }) => url
)

/** An address at which nobody listens any more. */
export const nowhere = Effect.scoped(
  Effect.map(
    listening(() => {}),
    ({ url }) => url
  )
)
