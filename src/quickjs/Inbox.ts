import { type MessagePort, receiveMessageOnPort } from "node:worker_threads"
import { Lookout } from "./Lookout.ts"
import type { Request } from "./Protocol.ts"

/** The requests that a worker was sent and has not taken up, in their order. */
export class Inbox {
  readonly #port: MessagePort
  readonly #requests: Array<Request> = []
  readonly #lookout = new Lookout()

  /** `arrived` is called for every request that comes while nobody looks out for it. */
  constructor(port: MessagePort, arrived: () => void) {
    this.#port = port
    port.on("message", (request: Request) => {
      this.#requests.push(request)
      arrived()
    })
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0
  }

  /** The next request, if there is one or it comes while it is looked out for. */
  next(): Request | undefined {
    if (!this.isEmpty || !this.#lookout.begin()) return this.#requests.shift()
    do {
      const received: { readonly message: Request } | undefined = receiveMessageOnPort(this.#port)
      if (received === undefined) continue
      this.#lookout.end()
      return received.message
    } while (this.#lookout.goesOn())
    return undefined
  }
}
