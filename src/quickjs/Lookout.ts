/** Longer than a turn with its snapshot, and than what a host does between two of them, also on a host that is slow at the moment. */
const lookoutMillis = 3
const missesMax = 6

/**
 * Whether a thread that awaits a message looks out for it, instead of sleeping until it comes. To wake a thread may take
 * longer than a whole turn; to look out in vain keeps others from the processor.
 *
 * So every time in vain in a row doubles the number of times that it sleeps at once, and a message that comes while it looks
 * out ends that.
 */
export class Lookout {
  #misses = 0
  #sleeps = 0
  #untilMillis = 0

  /** A message is awaited from now on. False if it is not to be looked out for this time. */
  begin(): boolean {
    if (this.#sleeps > 0) {
      this.#sleeps -= 1
      return false
    }
    this.#untilMillis = performance.now() + lookoutMillis
    return true
  }

  /** Asked again and again: false once it was in vain. */
  goesOn(): boolean {
    if (performance.now() < this.#untilMillis) return true
    this.#misses = Math.min(this.#misses + 1, missesMax)
    this.#sleeps = 2 ** this.#misses
    return false
  }

  /** The message came. */
  end(): void {
    this.#misses = 0
  }
}
