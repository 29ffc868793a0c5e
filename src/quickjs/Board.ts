import { ownMillis } from "./ThreadTime.ts"

/** What is running in a worker, and how much CPU time it may use. */
export interface Execution {
  readonly slot: number
  readonly sinceMillis: number
  /** When it was last let go on. */
  readonly beatMillis: number
  /** CPU time that the worker's thread had used before. */
  readonly usedMillis: number
  readonly allowedMillis: number
}

const counter = 0
const occupied = 1
const allowed = 2
const flags = 3
const times = 3
const timesBytes = times * Float64Array.BYTES_PER_ELEMENT

/** A clock that all threads of this process share. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

/**
 * Memory that a worker shares with its host, for what cannot wait until the worker reads its messages.
 *
 * B1. Only the worker enters and leaves; only the host interrupts.
 * B2. A worker that is busy with guest code has entered, so that its host can tell a long wait from a stuck guest.
 * B3. An interruption names the machine that it is meant for: the next one in the same slot does not feel it.
 */
export class Board {
  readonly buffer: SharedArrayBuffer
  /** `sinceMillis`, `beatMillis` and `usedMillis` of what runs. */
  readonly #times: Float64Array
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#times = new Float64Array(buffer, 0, times)
    this.#words = new Int32Array(buffer, timesBytes)
  }

  static make(slots: number): Board {
    return new Board(new SharedArrayBuffer(timesBytes + Int32Array.BYTES_PER_ELEMENT * (flags + slots)))
  }

  enter(slot: number, allowedMillis: number): void {
    const sinceMillis = now()
    this.#times.set([sinceMillis, sinceMillis, ownMillis()])
    Atomics.store(this.#words, allowed, allowedMillis)
    Atomics.add(this.#words, counter, 1)
    Atomics.store(this.#words, occupied, slot + 1)
  }

  /** What runs may go on. */
  beat(): void {
    this.#times[1] = now()
  }

  leave(): void {
    Atomics.store(this.#words, occupied, 0)
  }

  /** What runs now, or `undefined` if nothing does or it changed while it was read. */
  execution(): Execution | undefined {
    const before = Atomics.load(this.#words, counter)
    const slot = Atomics.load(this.#words, occupied) - 1
    const [sinceMillis = 0, beatMillis = 0, usedMillis = 0] = this.#times
    const execution = {
      slot,
      sinceMillis,
      beatMillis,
      usedMillis,
      allowedMillis: Atomics.load(this.#words, allowed)
    }
    if (slot < 0 || Atomics.load(this.#words, counter) !== before) return undefined
    return execution
  }

  interrupt(slot: number, machine: number): void {
    Atomics.store(this.#words, flags + slot, machine)
  }

  isInterrupted(slot: number, machine: number): boolean {
    return Atomics.load(this.#words, flags + slot) === machine
  }
}
