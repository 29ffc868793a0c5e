import type { Output } from "../machine/Turn.ts"
import { now } from "./Board.ts"

/** The least time between two pieces of output of one turn. */
const pauseMillis = 16

/**
 * Output on its way from a guest to its host. It is held back, so that a short turn is one message, and sent in pieces while
 * a long one goes on.
 */
export class Spool {
  readonly #send: (output: ReadonlyArray<Output>) => void
  #held: Array<Output> = []
  #hasSent = false
  #sentMillis = 0

  constructor(send: (output: ReadonlyArray<Output>) => void) {
    this.#send = send
  }

  /** Begins a turn. */
  begin(): void {
    this.#held = []
    this.#hasSent = false
    this.#sentMillis = now()
  }

  add(output: Output): void {
    this.#held.push(output)
  }

  /** Sends what is held, if it is time. Called often while guest code runs. */
  poll(): void {
    if (this.#held.length === 0 || now() - this.#sentMillis < pauseMillis) return
    this.#send(this.#held)
    this.#held = []
    this.#hasSent = true
    this.#sentMillis = now()
  }

  /** What was not sent since the turn began, or `undefined` if nothing was sent at all. */
  get rest(): ReadonlyArray<Output> | undefined {
    return this.#hasSent ? this.#held : undefined
  }
}
